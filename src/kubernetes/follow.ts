import { at, textOf } from "../data.ts";
import type { FollowEars, ListQuery, Sighting } from "./cluster.ts";
import { pause } from "./deadline.ts";
import { isKubeObject } from "./parse.ts";
import { listObjects } from "./reads.ts";
import { resourcePath } from "./resources.ts";
import type { Session } from "./session.ts";
import { isPassing } from "./watch.ts";

/** How long one watch lasts; the next goes on from the last bookmark. */
const WATCH_SECONDS = 120;

/** `expired`: what was missed must be listed; `not allowed`: only listing works. */
type End = { readonly at: string } | "expired" | "not allowed";

/**
 * Lists in pages, then watches with bookmarks (API concepts, "Efficient detection of changes"). One object at a time is held.
 * Throws what the first list throws; later only what does not pass by waiting.
 */
export async function* followObjects(
  session: Session,
  query: ListQuery,
  signal: AbortSignal,
  { onListing, onListed, onLost }: FollowEars = {},
): AsyncGenerator<Sighting> {
  let isFirst = true;
  let mayWatch = true;
  while (!signal.aborted) {
    try {
      onListing?.();
      let end: End = { at: yield* listed(session, query) };
      onListed?.();
      isFirst = false;
      while (mayWatch && !signal.aborted && typeof end === "object")
        end = yield* watched(session, query, end.at, signal);
      mayWatch &&= end !== "not allowed";
    } catch (error) {
      if (signal.aborted) return;
      if (isFirst || !isPassing(error)) throw error;
      onLost?.(error.message);
    }
    await pause(mayWatch ? session.pollMs : 2 * session.pollMs, signal);
  }
}

async function* listed(session: Session, query: ListQuery): AsyncGenerator<Sighting, string> {
  const pages = listObjects(session, query);
  for (;;) {
    const next = await pages.next();
    if (next.done === true) return next.value ?? "";
    yield { object: next.value, gone: false };
  }
}

async function* watched(
  session: Session,
  { apiVersion, kind, namespace, labelSelector, fieldSelector }: ListQuery,
  from: string,
  signal: AbortSignal,
): AsyncGenerator<Sighting, End> {
  const resource = await session.discovery.resource(apiVersion, kind);
  if (!resource || from === "") return "expired";
  const events = await session.transport.watch({
    method: "GET",
    path: resourcePath(apiVersion, resource, { namespace }),
    query: {
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: from,
      timeoutSeconds: String(WATCH_SECONDS),
      labelSelector,
      fieldSelector,
    },
    repeat: "unsent",
    signal,
    timeoutMs: (WATCH_SECONDS + 5) * 1000,
  });
  if ("status" in events) return events.status === 410 ? "expired" : "not allowed";
  let last = from;
  for await (const event of events) {
    const type = at(event, "type");
    const object = at(event, "object");
    // ERROR brings a Status, as 410 when the resourceVersion is too old.
    if (type === "ERROR" || type === undefined) return "expired";
    last = textOf(at(object, "metadata", "resourceVersion")) ?? last;
    if (type !== "BOOKMARK" && isKubeObject(object)) yield { object, gone: type === "DELETED" };
  }
  return last === from ? "expired" : { at: last };
}
