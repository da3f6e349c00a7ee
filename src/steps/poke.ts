import { isRecord, recordsAt, textOf } from "../data.ts";
import type { Cluster, KubeObject, ObjectRef } from "../kubernetes/cluster.ts";
import type { Clock } from "../system/system.ts";
import type { RoadContext } from "./context.ts";
import { refOf } from "./objects.ts";

/** ESO looks at an object again at once when an annotation changes; otherwise only after its back-off (eso.md 1.7, 2.1). */
const POKE_ANNOTATION = "force-sync";

/** Has ESO look at the object now. */
export const poke = ({ cluster, clock }: RoadContext, ref: ObjectRef): Promise<void> =>
  pokeObject(cluster, clock, ref);

/** The same where there is no road. */
export async function pokeObject(cluster: Cluster, clock: Clock, ref: ObjectRef): Promise<void> {
  const live = await cluster.get(ref);
  if (live) await pokeLive(cluster, clock, live);
}

/** The same for an object that was just read. */
export async function pokeLive(cluster: Cluster, clock: Clock, live: KubeObject): Promise<void> {
  const value = String(clock.now());
  const path = "/metadata/annotations";
  const known = isRecord(live.metadata.annotations);
  await cluster.patch(refOf(live), [
    ...(known ? [] : [{ op: "add", path, value: {} } as const]),
    { op: "add", path: `${path}/${POKE_ANNOTATION}`, value },
  ]);
}

/** ESO's one condition: `Ready`. */
export interface ReadyCondition {
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
}

export function readyOf(object: KubeObject | undefined): ReadyCondition | undefined {
  const condition = recordsAt(object?.["status"], "conditions").find(({ type }) => type === "Ready");
  if (!condition) return undefined;
  return {
    ready: condition["status"] === "True",
    reason: textOf(condition["reason"]) ?? "",
    message: textOf(condition["message"]) ?? "",
  };
}

/** The newest warning that ESO told as an event: the condition hides the true error (eso.md 3.1). */
export async function lastWarning(
  { cluster }: Pick<RoadContext, "cluster">,
  object: KubeObject,
): Promise<string | undefined> {
  const { kind, metadata } = object;
  // Events about cluster-wide objects land in `default`.
  const namespace = metadata.namespace ?? "default";
  const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${metadata.name},type=Warning`;
  let newest: { at: string; text: string } | undefined;
  for await (const event of cluster.list({ apiVersion: "v1", kind: "Event", namespace, fieldSelector })) {
    const when =
      textOf(event["lastTimestamp"]) ?? textOf(event["eventTime"]) ?? event.metadata.creationTimestamp ?? "";
    if (!newest || when >= newest.at) newest = { at: when, text: textOf(event["message"]) ?? "" };
  }
  return newest?.text.replace(/^\(combined from similar events\): /, "");
}
