import { at, recordsAt, textOf } from "../data.ts";
import { BootstrapError } from "../errors.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { oneLine } from "./causes.ts";
import type { CheckContext } from "./context.ts";
import { containerTrouble, type Place, type Stopped } from "./eso/container.ts";
import { listAll } from "./eso-found.ts";

/** Why a Deployment is not available: from its pods' states, else from what it says itself (kubernetes.io: pod lifecycle). */
export async function podTrouble(context: CheckContext, deployment: KubeObject): Promise<BootstrapError> {
  const place = placeOf(deployment);
  const pods = await podsOf(context, deployment);
  for (const pod of pods) {
    const unscheduled = conditionOf(pod, "PodScheduled");
    if (unscheduled?.["status"] === "False") return unschedulable(place, pod, textOf(unscheduled["message"]));
    for (const stopped of stoppedIn(pod))
      return (
        (await containerTrouble(context, place, stopped)) ?? notReady(place, 1, deployment, stopped.message)
      );
  }
  const failure = conditionOf(deployment, "ReplicaFailure");
  if (failure?.["status"] === "True")
    return new BootstrapError("ESOB-H209", {
      message: `The cluster refuses to make a pod for ${place.text}.`,
      reason: oneLine(textOf(failure["message"]) ?? "no reason given"),
      fix: {
        summary: "A quota, a policy or a missing ServiceAccount is named; correct that.",
        command: `kubectl describe replicaset -n ${place.namespace}`,
      },
    });
  return notReady(place, pods.length, deployment);
}

/** A Deployment, to be named. */
const placeOf = ({ metadata: { name, namespace = "default" } }: KubeObject) => ({
  name,
  namespace,
  text: `${namespace}/${name}`,
});

async function podsOf(context: CheckContext, deployment: KubeObject): Promise<readonly KubeObject[]> {
  const labels = Object.entries(at(deployment["spec"], "selector", "matchLabels") ?? {});
  return listAll(context, {
    apiVersion: "v1",
    kind: "Pod",
    namespace: placeOf(deployment).namespace,
    labelSelector: labels.map(([key, value]) => `${key}=${String(value)}`).join(","),
  });
}

function stoppedIn(pod: KubeObject): Stopped[] {
  const statuses = ["initContainerStatuses", "containerStatuses"].flatMap((key) =>
    recordsAt(pod["status"], key),
  );
  return statuses.flatMap((status) => {
    const waiting = at(status, "state", "waiting") ?? at(status, "state", "terminated");
    const reason = textOf(at(waiting, "reason"));
    if (reason === undefined || reason === "Completed" || reason === "PodInitializing") return [];
    return {
      pod: pod.metadata.name,
      container: textOf(status["name"]) ?? "",
      reason,
      message: oneLine(textOf(at(waiting, "message")) ?? reason),
      ended: textOf(at(status, "lastState", "terminated", "reason")) ?? "",
    };
  });
}

function unschedulable({ text, namespace }: Place, pod: KubeObject, why: string | undefined): BootstrapError {
  return new BootstrapError("ESOB-H207", {
    message: `No node takes the pod of ${text}.`,
    reason: oneLine(why ?? "the scheduler gives no reason"),
    fix: {
      summary: "Add room, or correct requests, nodeSelector or tolerations in the chart's values.",
      command: `kubectl describe pod ${pod.metadata.name} -n ${namespace}`,
    },
  });
}

function notReady(
  { text, namespace }: Place,
  pods: number,
  deployment: KubeObject,
  why?: string,
): BootstrapError {
  const says = textOf(conditionOf(deployment, "Available")?.["message"]);
  return new BootstrapError("ESOB-H104", {
    message: `${text} is not available.`,
    reason: why ?? (pods === 0 ? "it has no pods" : oneLine(says ?? "its pods are not ready")),
    fix: { summary: "Look at its pods.", command: `kubectl get pods -n ${namespace}` },
  });
}

function conditionOf(object: KubeObject, type: string): Record<string, unknown> | undefined {
  return recordsAt(object["status"], "conditions").find((condition) => condition["type"] === type);
}
