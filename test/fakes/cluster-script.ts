import type { AccessQuery, Account, Cluster, ObjectRef } from "../../src/kubernetes/cluster.ts";
import { nameOf } from "../../src/kubernetes/resources.ts";
import { fits } from "./cluster-refusals.ts";

export type Operation = Exclude<keyof Cluster, "info">;

/** A failure to come: the next `times` calls of `operation` (on `kind` and `name`, where given) throw `error`. */
export interface ScriptedFailure {
  readonly operation: Operation;
  readonly kind?: string;
  readonly name?: string;
  readonly error: Error;
  /** Default 1. */
  readonly times?: number;
}

/** What a test has decided beforehand about the calls of a fake cluster, and which calls there were. */
export class ClusterScript {
  readonly calls: string[] = [];
  readonly #failures: { failure: ScriptedFailure; left: number }[] = [];
  readonly #denied: Partial<AccessQuery>[] = [];
  readonly #deniedFor: { readonly account: string; readonly pattern: Partial<AccessQuery> }[] = [];

  deny(patterns: readonly Partial<AccessQuery>[]): void {
    this.#denied.push(...patterns);
  }

  denyFor({ namespace, name }: Account, patterns: readonly Partial<AccessQuery>[]): void {
    this.#deniedFor.push(...patterns.map((pattern) => ({ account: `${namespace}/${name}`, pattern })));
  }

  isDeniedFor({ namespace, name }: Account, query: AccessQuery): boolean {
    return this.#deniedFor.some(
      ({ account, pattern }) => account === `${namespace}/${name}` && fits(query, pattern),
    );
  }

  isDenied(query: AccessQuery): boolean {
    return this.#denied.some((pattern) => fits(query, pattern));
  }

  failNext(failure: ScriptedFailure): void {
    this.#failures.push({ failure, left: failure.times ?? 1 });
  }

  /** Writes the call down; throws when it was to fail. */
  called(operation: Operation, ref?: ObjectRef, label: string = operation): void {
    this.calls.push(ref ? `${label} ${nameOf(ref)}`.trim() : label);
    const next = this.#failures.find(({ failure, left }) => left > 0 && isMeant(failure, operation, ref));
    if (!next) return;
    next.left -= 1;
    throw next.failure.error;
  }
}

function isMeant(failure: ScriptedFailure, operation: Operation, ref: ObjectRef | undefined): boolean {
  return (
    failure.operation === operation &&
    (failure.kind === undefined || failure.kind === ref?.kind) &&
    (failure.name === undefined || failure.name === ref?.name)
  );
}
