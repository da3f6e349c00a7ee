import { type BootstrapError, isBootstrapError } from "../errors.ts";
import type { KubeObject, ObjectRef, WaitOptions } from "./cluster.ts";
import { deadline, pause } from "./deadline.ts";
import { timedOut } from "./network-errors.ts";
import { at, listOf, textOf } from "../data.ts";
import { isKubeObject } from "./parse.ts";
import { getObject } from "./reads.ts";
import { resourcePath } from "./resources.ts";
import type { Session } from "./session.ts";

/** How long one watch lasts; afterwards the object is read again, in case the connection died in silence. */
const WATCH_SECONDS = 30;

/** Trouble that may pass while we wait: the API server restarts, a load balancer has no backend for a moment. */
const PASSING: ReadonlySet<string> = new Set(["ESOB-K101", "ESOB-K105", "ESOB-K109", "ESOB-K110"]);

/** `not allowed`: the right to list or watch is missing, or watching is not served; polling still works. */
type WatchEnd = "seen" | "ended" | "not allowed";

interface Wait {
  readonly session: Session;
  readonly ref: ObjectRef;
  /** Ends with the time-out or the caller. */
  readonly signal: AbortSignal;
  /** Takes a state; true when it is the one waited for. */
  readonly see: (object: KubeObject | undefined) => boolean;
}

/**
 * Reads, then watches that one object (list with a field selector for the resourceVersion, then watch; API concepts,
 * "Efficient detection of changes"). Whatever ends the watch (410, a cut connection, a restart, no right to watch), the
 * object is read again after `pollMs`. Only a first look that never succeeded is an error when the time is up.
 */
export async function waitUntil(
  session: Session,
  ref: ObjectRef,
  done: (object: KubeObject | undefined) => boolean,
  options: WaitOptions,
): Promise<{ readonly done: boolean; readonly object: KubeObject | undefined }> {
  const callers = [options.signal, session.transport.signal];
  for (const signal of callers) signal?.throwIfAborted();
  const limit = deadline(options.timeoutMs, callers);
  const seen = memory(done, options.onChange);
  try {
    const reached = await look({ session, ref, signal: limit.signal, see: (object) => seen.see(object) });
    return { done: reached, object: seen.last() };
  } catch (error) {
    for (const signal of callers) signal?.throwIfAborted();
    if (limit.timedOut() && seen.any()) return { done: false, object: seen.last() };
    const isLate = limit.timedOut() && !isBootstrapError(error);
    throw isLate ? timedOut(session.transport.server, options.timeoutMs).error : error;
  } finally {
    limit.clear();
  }
}

/** The last state, told on when it is a new one. */
function memory(done: (object: KubeObject | undefined) => boolean, onChange: WaitOptions["onChange"]) {
  let states = 0;
  let last: KubeObject | undefined;
  const version = (object: KubeObject | undefined) =>
    object && `${object.metadata.uid} ${object.metadata.resourceVersion}`;
  return {
    any: () => states > 0,
    last: () => last,
    see(object: KubeObject | undefined): boolean {
      const isNew = states === 0 || version(object) !== version(last);
      states += 1;
      last = object;
      if (isNew) onChange?.(object);
      return done(object);
    },
  };
}

/** Looks until it is so (true) or the time is up (throws, with the last trouble where there was one). */
async function look(wait: Wait): Promise<boolean> {
  const { session, ref, signal, see } = wait;
  let trouble: unknown;
  let mayWatch = true;
  for (;;) {
    try {
      if (see(await getObject(session, ref, signal))) return true;
      const outcome: WatchEnd = mayWatch ? await watchOnce(wait) : "ended";
      if (outcome === "seen") return true;
      mayWatch &&= outcome !== "not allowed";
      trouble = undefined;
    } catch (error) {
      if (signal.aborted) throw trouble ?? error;
      if (!isPassing(error)) throw error;
      trouble = error;
    }
    await pause(session.pollMs, signal);
    if (signal.aborted) throw trouble ?? new Error("the wait is over");
  }
}

/** May be better in a moment: no reason to give up a wait. */
export function isPassing(error: unknown): error is BootstrapError {
  return isBootstrapError(error) && PASSING.has(error.code);
}

async function watchOnce({ session, ref, signal, see }: Wait): Promise<WatchEnd> {
  const resource = await session.discovery.resource(ref.apiVersion, ref.kind);
  if (!resource) return "ended";
  const path = resourcePath(ref.apiVersion, resource, { namespace: ref.namespace });
  const fieldSelector = `metadata.name=${ref.name}`;
  const list = await session.transport.send({
    method: "GET",
    path,
    query: { fieldSelector },
    repeat: "always",
    signal,
  });
  if (list.status !== 200) return list.status === 404 ? "ended" : "not allowed";
  const found = listOf(at(list.body, "items")).find(
    (item) => textOf(at(item, "metadata", "name")) === ref.name,
  );
  const whole = { apiVersion: ref.apiVersion, kind: ref.kind, ...(typeof found === "object" ? found : {}) };
  if (see(isKubeObject(whole) ? whole : undefined)) return "seen";
  const resourceVersion = textOf(at(list.body, "metadata", "resourceVersion"));
  const query = { watch: "1", fieldSelector, resourceVersion, timeoutSeconds: String(WATCH_SECONDS) };
  const timeoutMs = (WATCH_SECONDS + 5) * 1000;
  const events = await session.transport.watch({
    method: "GET",
    path,
    query,
    repeat: "unsent",
    signal,
    timeoutMs,
  });
  if ("status" in events) return events.status === 410 ? "ended" : "not allowed";
  return follow(events, ref, see);
}

async function follow(
  events: AsyncIterable<unknown>,
  ref: ObjectRef,
  see: Wait["see"],
): Promise<"seen" | "ended"> {
  for await (const event of events) {
    const type = at(event, "type");
    const object = at(event, "object");
    // ERROR brings a Status, as 410 when the resourceVersion is too old: read again.
    if (type === "ERROR" || type === undefined) return "ended";
    if (type === "BOOKMARK" || textOf(at(object, "metadata", "name")) !== ref.name || !isKubeObject(object))
      continue;
    if (see(type === "DELETED" ? undefined : object)) return "seen";
  }
  return "ended";
}
