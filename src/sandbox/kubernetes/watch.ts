import type { ServerResponse } from "node:http";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "./api.ts";
import { expired } from "./errors.ts";
import { apiVersionOf, type Kind } from "./kinds.ts";
import { includeOf, selectorOf } from "./reads.ts";
import { type ApiRequest, isTrue } from "./request.ts";
import { type Change, resourceOf } from "./store.ts";
import { tableOf, wantsTable } from "./tables.ts";

const BOOKMARK_EVERY_MS = 10_000;

/**
 * A watch: one JSON document a line. An object that comes to fit the selectors is ADDED, one that no longer fits DELETED. Without a
 * resourceVersion (or with 0), what is there comes first.
 */
export function watch(
  api: Api,
  request: ApiRequest,
  kind: Kind,
  namespace: string | undefined,
  response: ServerResponse,
): void {
  const { query } = request;
  const select = selectorOf(request, kind);
  const resource = resourceOf(kind);
  const isMine = (object: KubeObject) =>
    (namespace === undefined || object.metadata.namespace === namespace) && select(object);
  const isTable = wantsTable(request.headers["accept"]);
  let isFirst = true;
  const send = (type: string, object: unknown) => response.write(`${JSON.stringify({ type, object })}\n`);
  const tell = (type: string, found: KubeObject) => {
    const object = { ...found, apiVersion: apiVersionOf(kind), kind: kind.kind };
    if (!isTable) return void send(type, object);
    const { columnDefinitions, ...table } = tableOf(
      kind,
      [object],
      { resourceVersion: object.metadata.resourceVersion },
      api.now(),
      includeOf(request),
    );
    send(type, { ...table, columnDefinitions: isFirst ? columnDefinitions : null });
    isFirst = false;
  };
  const bookmark = (annotations?: Record<string, string>) => {
    const metadata = {
      resourceVersion: String(api.store.revision),
      creationTimestamp: null,
      ...(annotations && { annotations }),
    };
    send("BOOKMARK", { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata });
  };
  const onChange = ({ type, resource: its, object, before }: Change) => {
    if (its !== resource) return;
    const is = type !== "DELETED" && isMine(object);
    const was = before !== undefined && isMine(before);
    if (is || was) tell(is ? (was ? "MODIFIED" : "ADDED") : "DELETED", object);
  };
  const given = query.get("resourceVersion") ?? "";
  const past = given === "" || given === "0" ? undefined : api.store.since(Number(given));
  response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
  response.flushHeaders();
  if (given !== "" && given !== "0" && past === undefined) {
    send("ERROR", expired(`too old resource version: ${given} (${api.store.revision})`).body);
    response.end();
    return;
  }
  if (past) past.forEach(onChange);
  else for (const object of api.store.list(resource, namespace).filter(isMine)) tell("ADDED", object);
  if (isTrue(query.get("sendInitialEvents"))) bookmark({ "k8s.io/initial-events-end": "true" });
  const stop = api.store.onChange(onChange);
  const ticking = isTrue(query.get("allowWatchBookmarks"))
    ? setInterval(() => bookmark(), BOOKMARK_EVERY_MS)
    : undefined;
  const seconds = Number(query.get("timeoutSeconds") ?? 0) || 1800;
  const ending = setTimeout(() => response.end(), seconds * 1000);
  for (const timer of [ticking, ending]) timer?.unref();
  response.on("close", () => {
    stop();
    clearTimeout(ending);
    clearInterval(ticking);
  });
}
