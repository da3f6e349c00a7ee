import { BootstrapError, isBootstrapError } from "../../errors.ts";
import type { Action, Change } from "../../engine/plan.ts";
import type { ObjectRef } from "../../kubernetes/cluster.ts";
import { nameOf } from "../../kubernetes/resources.ts";
import type { RoadContext } from "../context.ts";
import { isOurs, rightsFor, targetOf } from "../objects.ts";
import { describeAccess, missingAtInfisical } from "../rights.ts";

/** One object that goes, or does not. */
export interface Candidate {
  readonly step: string;
  readonly ref: ObjectRef;
  readonly summary: string;
}

export const asObject = ({ apiVersion, kind, ...metadata }: ObjectRef) => ({ apiVersion, kind, metadata });

export function changeOf(
  { step, ref, summary }: Candidate,
  action: Change["action"],
  reason?: string,
): Change {
  const target = targetOf(asObject(ref));
  return { step, action, target, summary, ...(reason !== undefined && { reason }) };
}

/** Not ours, or in use: it stays, and the plan says why. */
export const staying = (candidate: Candidate, reason: string): Action => ({
  change: changeOf(candidate, "unchanged", reason),
});

/** We may not, or cannot judge: the rest goes on without it, and the run ends with 1. */
export const blocked = (candidate: Candidate, reason: string): Action => ({
  change: changeOf(candidate, "blocked", reason),
});

/** A right is missing, in either system. */
export const isRefusal = (error: unknown): error is BootstrapError =>
  isBootstrapError(error) && (error.code === "ESOB-K104" || error.code === "ESOB-I109");

/** What may not be seen is blocked: a read that is refused is no "there is none". */
export async function ifSeen(
  base: Pick<Change, "step" | "target" | "summary">,
  look: () => Promise<Action[]>,
): Promise<Action[]> {
  try {
    return await look();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const right = error.facts["Right"];
    const why = right === undefined ? (error.reason ?? error.message) : `needs the right to ${right}`;
    return [{ change: { ...base, action: "blocked", reason: `cannot be judged: ${why}` } }];
  }
}

/** All of a kind that may be there, where they may not be listed. */
export function unlisted(
  step: string,
  kind: string,
  summary: string,
  places: readonly (string | undefined)[],
): Action[] {
  return places.map((namespace) => ({
    change: {
      step,
      action: "blocked",
      target: { system: "kubernetes", kind, ...(namespace !== undefined && { namespace }), name: "*" },
      summary,
      reason: `cannot be judged: needs the right to list ${kind}s in ${namespace ?? "the whole cluster"}`,
    },
  }));
}

/** Somebody else's: the command that would take it away. */
export function foreign(candidate: Candidate): Action {
  const { kind, namespace, name } = candidate.ref;
  const where = namespace === undefined ? "" : ` -n ${namespace}`;
  const command = `kubectl delete ${kind.toLowerCase()} ${name}${where}`;
  return staying(candidate, `somebody else made it; to remove it: ${command}`);
}

/** Deletes exactly this object and waits until it is gone. */
export function removing(context: RoadContext, candidate: Candidate & { uid: string }): Action {
  const { ref, uid } = candidate;
  return {
    change: changeOf(candidate, "delete"),
    needs: { kubernetes: rightsFor(asObject(ref), ["delete"]) },
    apply: async () => {
      await context.cluster.delete(ref, { uid });
      await waitGone(context, ref, uid);
    },
  };
}

/** What stands under a name: goes when it is ours, stays when it is not; nothing where there is nothing. */
export async function lookAtNamed(context: RoadContext, candidate: Candidate): Promise<Action[]> {
  const { step, ref, summary } = candidate;
  return ifSeen({ step, target: targetOf(asObject(ref)), summary }, async () => {
    const live = await context.cluster.get(ref);
    if (!live) return [];
    return [
      isOurs(live) ? removing(context, { ...candidate, uid: live.metadata.uid ?? "" }) : foreign(candidate),
    ];
  });
}

/** Waits until the object is gone, or another stands in its place. */
export async function waitGone(context: RoadContext, ref: ObjectRef, uid: string): Promise<void> {
  const { cluster, options, emit } = context;
  const { done, object } = await cluster.waitUntil(ref, (live) => live?.metadata.uid !== uid, {
    timeoutMs: options.timeoutMs,
    signal: options.signal,
    onChange: (live) => {
      if (live?.metadata.uid === uid) emit({ type: "waiting", what: nameOf(ref), state: "being deleted" });
    },
  });
  if (done) return;
  const finalizers = object?.metadata.finalizers ?? [];
  throw new BootstrapError("ESOB-K302", {
    message: `${nameOf(ref)} is being deleted, but does not go.`,
    reason:
      finalizers.length > 0
        ? `it is held by ${finalizers.join(", ")}`
        : "the API server has not let go of it",
    fix: {
      summary: "See what holds it; then run it again: it goes on from here.",
      command: `kubectl get ${ref.kind.toLowerCase()} ${ref.name}${ref.namespace ? ` -n ${ref.namespace}` : ""} -o yaml`,
    },
  });
}

/** Blocks the actions whose rights are missing, in either system, each with what it lacks. */
export async function permitted(context: RoadContext, actions: readonly Action[]): Promise<Action[]> {
  const missing = await context.cluster.missingRights(
    actions.flatMap(({ needs }) => needs?.kubernetes ?? []),
  );
  const keys = new Set(missing.map((right) => describeAccess(right)));
  return Promise.all(
    actions.map(async (action) => {
      const inCluster = (action.needs?.kubernetes ?? []).map(describeAccess).filter((text) => keys.has(text));
      const needed = action.needs?.infisical ?? [];
      const atInfisical = needed.length > 0 ? await missingAtInfisical(context, needed) : [];
      const lacking = [...inCluster, ...atInfisical];
      if (lacking.length === 0) return action;
      const { diff: _diff, ...change } = action.change;
      return { change: { ...change, action: "blocked", reason: `not allowed here: ${lacking.join(", ")}` } };
    }),
  );
}
