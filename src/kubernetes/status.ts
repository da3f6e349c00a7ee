import { at, listOf, numberOf, textOf } from "../data.ts";

/** One `details.causes[]` entry of a Status. */
interface StatusCause {
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly field: string | undefined;
}

/** A refusal in the API server's own words: kind `Status`, kubernetes.io/docs/reference/kubernetes-api/common-definitions/status. */
export interface Status {
  readonly code: number;
  readonly reason: string | undefined;
  readonly message: string;
  /** `details.kind`: the plural of what the refusal is about. */
  readonly kind: string | undefined;
  readonly name: string | undefined;
  readonly causes: readonly StatusCause[];
  /** With 410 on a list: the token that goes on, with what is there now. */
  readonly continueToken: string | undefined;
}

/** undefined when the body is not a Status. */
export function statusOf(body: unknown): Status | undefined {
  if (at(body, "kind") !== "Status") return undefined;
  return {
    code: numberOf(at(body, "code")) ?? 0,
    reason: textOf(at(body, "reason")),
    message: textOf(at(body, "message")) ?? "",
    kind: textOf(at(body, "details", "kind")),
    name: textOf(at(body, "details", "name")),
    causes: listOf(at(body, "details", "causes")).map((cause) => ({
      reason: textOf(at(cause, "reason")),
      message: textOf(at(cause, "message")),
      field: textOf(at(cause, "field")),
    })),
    continueToken: textOf(at(body, "metadata", "continue")),
  };
}

/**
 * Who owns which fields, from a refused server-side apply: causes of reason `FieldManagerConflict` whose message is
 * `conflict with "kubectl-client-side-apply" using apps/v1` (apimachinery, structured-merge-diff). undefined: another 409.
 */
export function fieldConflict(
  status: Status | undefined,
): { owners: readonly string[]; fields: readonly string[] } | undefined {
  const causes = (status?.causes ?? []).filter((cause) => cause.reason === "FieldManagerConflict");
  if (causes.length === 0) return undefined;
  const owners = causes.map((cause) => /conflicts? with "([^"]*)"/.exec(cause.message ?? "")?.[1]);
  return {
    owners: [...new Set(owners.filter((owner) => owner !== undefined))],
    fields: [...new Set(causes.map((cause) => cause.field).filter((field) => field !== undefined))],
  };
}

/**
 * A 500 that is about the object and comes again however often it is sent: a webhook that does not answer (apiserver,
 * dispatcher.go), and an apply with an unknown field (managedfields: `failed to create typed patch object … field not declared in schema`).
 */
export function isAboutObject(status: Status | undefined): boolean {
  return /failed calling webhook|admission webhook|failed to create typed patch object/.test(
    status?.message ?? "",
  );
}
