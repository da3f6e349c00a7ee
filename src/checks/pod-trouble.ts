import { at, recordsAt, textOf } from "../data.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { scrub } from "../secret.ts";
import type { CheckContext } from "./context.ts";
import { listAll } from "./eso-found.ts";

/** A container that does not run, and the words of its kubelet. */
interface Stopped {
  readonly pod: string;
  readonly container: string;
  readonly reason: string;
  readonly message: string;
  /** How it ended last, as `OOMKilled`. */
  readonly ended: string;
}

/** Why a Deployment is not available: from its pods' states, else from what it says itself (kubernetes.io: pod lifecycle). */
export async function podTrouble(context: CheckContext, deployment: KubeObject): Promise<BootstrapError> {
  const place = placeOf(deployment);
  const pods = await podsOf(context, deployment);
  for (const pod of pods) {
    const unscheduled = conditionOf(pod, "PodScheduled");
    if (unscheduled?.["status"] === "False") return unschedulable(place, pod, textOf(unscheduled["message"]));
    for (const stopped of stoppedIn(pod)) return containerTrouble(context, deployment, stopped);
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

const placeOf = ({ metadata: { name, namespace = "default" } }: KubeObject) => ({
  name,
  namespace,
  text: `${namespace}/${name}`,
});
type Place = ReturnType<typeof placeOf>;

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

type Tell = (
  place: Place,
  stopped: Stopped,
  context: CheckContext,
) => BootstrapError | Promise<BootstrapError>;

/** The first row whose words fit the container's state. */
const STATES: readonly (readonly [RegExp, Tell])[] = [
  [/OOMKilled/, outOfMemory],
  [/ImagePull|ErrImage|InvalidImageName|RegistryUnavailable/, noImage],
  [/CreateContainer|ContainerCreating|RunContainerError/, notStarted],
  [/CrashLoopBackOff|Error|ContainerCannotRun/, crashing],
];

function containerTrouble(context: CheckContext, deployment: KubeObject, stopped: Stopped) {
  const place = placeOf(deployment);
  const row = STATES.find(([words]) => words.test(stopped.ended) || words.test(stopped.reason));
  return row ? row[1](place, stopped, context) : notReady(place, 1, deployment, stopped.message);
}

function outOfMemory({ text, name, namespace }: Place): BootstrapError {
  return new BootstrapError("ESOB-H208", {
    message: `${text} is killed again and again: it needs more memory than its limit.`,
    reason: "its container was OOMKilled",
    fix: {
      summary: "Raise the limit, also in the chart's values (resources.limits.memory).",
      command: `kubectl set resources deployment/${name} -n ${namespace} --limits=memory=512Mi`,
    },
  });
}

function noImage({ text, namespace }: Place, { pod, message }: Stopped): BootstrapError {
  return new BootstrapError("ESOB-H205", {
    message: `The image of ${text} cannot be pulled.`,
    reason: message,
    fix: {
      summary: "Correct image.repository, image.tag or imagePullSecrets in the chart's values.",
      command: `kubectl describe pod ${pod} -n ${namespace}`,
    },
  });
}

async function notStarted(
  { text, namespace }: Place,
  { pod, message, reason }: Stopped,
  context: CheckContext,
): Promise<BootstrapError> {
  const events = await listAll(context, {
    apiVersion: "v1",
    kind: "Event",
    namespace,
    fieldSelector: `involvedObject.name=${pod}`,
  }).catch(passOverMissingRight);
  const last = events?.findLast(({ type }) => type === "Warning");
  return new BootstrapError("ESOB-H210", {
    message: `A container of ${text} cannot be started (${reason}).`,
    reason: oneLine(textOf(last?.["message"]) ?? message),
    fix: {
      summary:
        "A Secret, ConfigMap or volume that it mounts is missing; make it, or take it out of the values.",
      command: `kubectl describe pod ${pod} -n ${namespace}`,
    },
  });
}

/** What a container says at its end is in the log of its last run. */
async function crashing(
  { text, namespace }: Place,
  { pod, container, message }: Stopped,
  { cluster }: CheckContext,
): Promise<BootstrapError> {
  const query = { namespace, pod, container, tailLines: 20 };
  const log =
    (await cluster.logs({ ...query, previous: true }).catch(passOverMissingRight)) ??
    (await cluster.logs(query).catch(passOverMissingRight));
  const last = log === undefined ? undefined : lastWords(log);
  return new BootstrapError("ESOB-H206", {
    message: `${text} crashes again and again.`,
    reason: last ?? message,
    fix: {
      summary: "Its last words name the cause.",
      command: `kubectl logs -n ${namespace} ${pod} -c ${container} --previous`,
    },
  });
}

/** The last line that tells of an error, else the last line. */
function lastWords(log: string): string | undefined {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  const line =
    lines.findLast((one) => /error|fatal|panic|unable|failed|no matches/i.test(one)) ?? lines.at(-1);
  return line === undefined ? undefined : oneLine(line);
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

/** Details are told where they may be read; the finding stands without them. */
function passOverMissingRight(error: unknown): undefined {
  if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
}

/** Foreign words for one line of a report: no secrets, not endless. */
export function oneLine(words: string): string {
  const line = scrub(words).replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
