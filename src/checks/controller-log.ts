import { at, isRecord, jsonOf, textOf } from "../data.ts";
import type { Subject } from "../engine/check.ts";
import { isBootstrapError } from "../errors.ts";
import type { CheckContext } from "./context.ts";
import { findControllers, listAll } from "./eso-found.ts";
import { newestWarning } from "./events.ts";
import { isForbidden } from "./finding.ts";

/** What ESO told last of an object, in its own words; or why they cannot be had. */
export type Words = { readonly text: string } | { readonly because: string };

/** Of each pod. A store that fails logs some two lines every few minutes (eso.md 1.7). */
const LINES = 1000;

/** ESO's newest event of an object; where that is gone, or may not be read, the last line of its log that names the object. */
export async function lastWords(context: CheckContext, subject: Subject): Promise<Words> {
  const told = await newestWarning(context, subject);
  if ("text" in told && told.text !== undefined) return { text: told.text };
  const noEvent =
    "because" in told ? told.because : "there is no event of it any more (they expire after an hour)";
  const { lines, because } = await context.once("eso-log", () => readAllowed(context));
  const line = lines.findLast((entry) => names(entry, subject));
  const text = textOf(line?.["error"]);
  return text === undefined ? { because: `${noEvent}, and ${because}` } : { text };
}

interface Log {
  /** What it says of errors, in its order. */
  readonly lines: readonly Record<string, unknown>[];
  /** Why something is not in it. */
  readonly because: string;
}

async function readAllowed(context: CheckContext): Promise<Log> {
  try {
    return await read(context);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return { lines: [], because: "ESO's log may not be read here" };
  }
}

/** Only one of several replicas works; which one did may have changed. */
async function read(context: CheckContext): Promise<Log> {
  const { all } = await findControllers(context);
  const texts = await Promise.all(
    all.map(async ({ namespace, podLabels, container }) => {
      const labelSelector = Object.entries(podLabels)
        .map(([key, value]) => `${key}=${value}`)
        .join(",");
      const pods = await listAll(context, { apiVersion: "v1", kind: "Pod", namespace, labelSelector });
      return Promise.all(
        pods.map(({ metadata: { name: pod } }) =>
          context.cluster.logs({ namespace, pod, container, tailLines: LINES }).catch(passOverSilence),
        ),
      );
    }),
  );
  const logs = texts.flat().filter((text) => text !== undefined);
  return {
    lines: logs
      .flatMap((text) => text.split("\n").flatMap(errorIn))
      .toSorted((left, right) => timeOf(left) - timeOf(right)),
    because:
      logs.length === 0 ? "its pods have no log" : "the last lines of ESO's log do not name it, either",
  };
}

/** A kubelet that does not answer has no log; the finding stands without it. A missing right is told. */
function passOverSilence(error: unknown): undefined {
  if (!isBootstrapError(error) || isForbidden(error)) throw error;
}

/** zap's lines are JSON, or end in it (`--zap-encoder=console`). */
function errorIn(line: string): Record<string, unknown>[] {
  const start = line.indexOf("{");
  const entry = start < 0 || !line.includes('"error"') ? undefined : jsonOf(line.slice(start));
  return isRecord(entry) && textOf(entry["error"]) !== undefined ? [entry] : [];
}

/** Seconds, or a date: all pods of one ESO write the same (`--zap-time-encoding`). */
function timeOf({ ts }: Record<string, unknown>): number {
  return typeof ts === "number" ? ts : Date.parse(textOf(ts) ?? "") || 0;
}

/** controller-runtime names the object under its kind; ESO's own lines do so in lower case, too. */
function names(entry: Record<string, unknown>, { kind, namespace, name }: Subject): boolean {
  const key = Object.keys(entry).find((one) => one.toLowerCase() === kind.toLowerCase());
  const named = key === undefined ? undefined : entry[key];
  return textOf(at(named, "name")) === name && textOf(at(named, "namespace")) === namespace;
}
