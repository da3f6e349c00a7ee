import { textOf } from "../../data.ts";
import { BootstrapError, isBootstrapError } from "../../errors.ts";
import { oneLine } from "../causes.ts";
import type { CheckContext } from "../context.ts";
import { listAll } from "../eso-found.ts";

/** A container that does not run, and the words of its kubelet. */
export interface Stopped {
  readonly pod: string;
  readonly container: string;
  readonly reason: string;
  readonly message: string;
  /** How it ended last, as `OOMKilled`. */
  readonly ended: string;
}

/** The Deployment that it belongs to; `text`: `namespace/name`. */
export interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly text: string;
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

/** What keeps a container from running; undefined for a state that nobody knows. */
export async function containerTrouble(
  context: CheckContext,
  place: Place,
  stopped: Stopped,
): Promise<BootstrapError | undefined> {
  const row = STATES.find(([words]) => words.test(stopped.ended) || words.test(stopped.reason));
  return row?.[1](place, stopped, context);
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

/** Details are told where they may be read; the finding stands without them. */
function passOverMissingRight(error: unknown): undefined {
  if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
}
