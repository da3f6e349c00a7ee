import { at, numberOf, recordOf, recordsAt, textOf } from "../data.ts";
import { BootstrapError } from "../errors.ts";
import type { Cluster, JsonPatch, KubeObject } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";
import { refOf } from "./objects.ts";

/** A Secret that pods are started with: its name, and the hash of its data. */
export interface Content {
  readonly secret: string;
  readonly hash: string;
}

/** The hash of the Secret that the pods were started with. On a pod template, changing it is what restarts them. */
const annotationFor = (secret: string) =>
  `eso-bootstrap/secret-${secret}`.slice(0, 63 + "eso-bootstrap/".length);

/** A Rollout is restarted by `spec.restartAt`: a changed template would be a release, with its steps and analyses. */
const isRollout = ({ kind }: KubeObject) => kind === "Rollout";

function annotationsOf(workload: KubeObject): unknown {
  return isRollout(workload)
    ? workload.metadata.annotations
    : at(workload["spec"], "template", "metadata", "annotations");
}

export function isStartedWith(workload: KubeObject, { secret, hash }: Content): boolean {
  return at(annotationsOf(workload), annotationFor(secret)) === hash;
}

/** Restarts the pods of a workload with these contents and waits until the new ones run. ESOB-E306 when they do not. */
export async function restartWith(
  {
    cluster,
    clock,
    emit,
    options,
  }: Pick<RoadContext, "cluster" | "clock" | "emit"> & {
    options: Pick<RoadContext["options"], "timeoutMs" | "signal">;
  },
  workload: KubeObject,
  contents: readonly Content[],
): Promise<void> {
  const what = `${workload.kind} ${workload.metadata.name}`;
  await patchIt(cluster, workload, contents, new Date(clock.now()).toISOString().replace(/\.\d+Z$/, "Z"));
  const waitsForPeople = whyNotRolling(workload);
  if (waitsForPeople !== undefined) {
    emit({ type: "warning", text: `${what} ${waitsForPeople}` });
    return;
  }
  emit({ type: "waiting", what, state: "rolling out" });
  const over = (object: KubeObject | undefined) =>
    object === undefined || isRolledOut(object) || isStuck(object);
  const { timeoutMs, signal } = options;
  const { object } = await cluster.waitUntil(refOf(workload), over, { timeoutMs, signal });
  if (object === undefined || isRolledOut(object)) return;
  throw new BootstrapError("ESOB-E306", {
    message: `${what} was restarted, but its new pods did not come up${isStuck(object) ? "" : " in time"}.`,
    reason: stateOf(object),
    fix: {
      summary: "Look at its pods.",
      command: `kubectl describe ${workload.kind.toLowerCase()} ${workload.metadata.name} -n ${workload.metadata.namespace}`,
    },
  });
}

async function patchIt(
  cluster: Cluster,
  workload: KubeObject,
  contents: readonly Content[],
  now: string,
): Promise<void> {
  const path = isRollout(workload) ? "/metadata/annotations" : "/spec/template/metadata/annotations";
  const operations: JsonPatch[] = [
    ...(annotationsOf(workload) === undefined ? [{ op: "add", path, value: {} } as const] : []),
    ...contents.map(({ secret, hash }) => ({
      op: "add" as const,
      path: `${path}/${annotationFor(secret).replaceAll("/", "~1")}`,
      value: hash,
    })),
    ...(isRollout(workload) ? [{ op: "add", path: "/spec/restartAt", value: now } as const] : []),
  ];
  await cluster.patch(refOf(workload), operations);
}

function whyNotRolling({ spec }: KubeObject): string | undefined {
  if (at(spec, "paused") === true) return "is paused: it restarts when it is resumed";
  if (at(spec, "updateStrategy", "type") === "OnDelete")
    return "has updateStrategy OnDelete: delete its pods when it suits you";
  return undefined;
}

/** As `kubectl rollout status` judges; for a Rollout as its controller answers `restartAt`. */
export function isRolledOut(workload: KubeObject): boolean {
  const status = recordOf(workload["status"]);
  const wanted = numberOf(at(workload["spec"], "replicas")) ?? 1;
  const amount = (field: string) => numberOf(status[field]) ?? 0;
  if (isRollout(workload))
    return (
      status["restartedAt"] === at(workload["spec"], "restartAt") && amount("availableReplicas") >= wanted
    );
  if (amount("observedGeneration") < (workload.metadata.generation ?? 0)) return false;
  if (workload.kind === "DaemonSet") {
    const scheduled = amount("desiredNumberScheduled");
    return amount("updatedNumberScheduled") >= scheduled && amount("numberAvailable") >= scheduled;
  }
  if (workload.kind === "StatefulSet") {
    const kept = numberOf(at(workload["spec"], "updateStrategy", "rollingUpdate", "partition")) ?? 0;
    return amount("updatedReplicas") >= wanted - kept && amount("readyReplicas") >= wanted;
  }
  return (
    amount("updatedReplicas") >= wanted &&
    amount("replicas") <= amount("updatedReplicas") &&
    amount("availableReplicas") >= wanted
  );
}

/** The Deployment controller has given up: `progressDeadlineSeconds`. */
function isStuck(workload: KubeObject): boolean {
  const observed = numberOf(at(workload["status"], "observedGeneration")) ?? 0;
  return (
    observed >= (workload.metadata.generation ?? 0) &&
    recordsAt(workload["status"], "conditions").some(
      ({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded",
    )
  );
}

function stateOf({ status }: KubeObject): string {
  const trouble = recordsAt(status, "conditions").find((condition) => condition["status"] === "False");
  const ready = numberOf(at(status, "readyReplicas")) ?? numberOf(at(status, "numberReady")) ?? 0;
  return textOf(trouble?.["message"]) ?? `${ready} pods are ready`;
}
