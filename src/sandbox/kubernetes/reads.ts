import { isRecord, jsonOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "./api.ts";
import { badRequest, expired } from "./errors.ts";
import { apiVersionOf, type Kind } from "./kinds.ts";
import type { Answer, ApiRequest } from "./request.ts";
import { fieldSelector, labelSelector, type Selector } from "./selectors.ts";
import { resourceOf } from "./store.ts";
import { tableOf, wantsTable } from "./tables.ts";
import { existing } from "./writes.ts";

/** GET of one object. */
export function get(
  api: Api,
  request: ApiRequest,
  kind: Kind,
  namespace: string | undefined,
  name: string,
): Answer {
  const object = existing(api, kind, namespace, name);
  if (!wantsTable(request.headers["accept"])) return { status: 200, body: object };
  const metadata = { resourceVersion: object.metadata.resourceVersion };
  return { status: 200, body: tableOf(kind, [object], metadata, api.now(), includeOf(request)) };
}

export const includeOf = ({ query }: ApiRequest): string => query.get("includeObject") ?? "Metadata";

/** What labelSelector and fieldSelector choose. */
export function selectorOf({ query }: ApiRequest, kind: Kind): Selector {
  const byLabel = labelSelector(query.get("labelSelector") ?? "");
  const byField = fieldSelector(query.get("fieldSelector") ?? "", kind);
  return (object) => byLabel(object) && byField(object);
}

const MOST_SNAPSHOTS = 20;
/** The rest of lists that were given page by page, as they were at the first page: by resourceVersion and parameters. */
const snapshots = new WeakMap<Api, Map<string, readonly KubeObject[]>>();

interface Page {
  readonly objects: readonly KubeObject[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** GET of a collection, page by page. */
export function list(api: Api, request: ApiRequest, kind: Kind, namespace: string | undefined): Answer {
  checkVersion(request.query.get("resourceVersion"));
  const { objects, metadata } = pageOf(api, request, kind, namespace);
  const typed = objects.map((object) => ({ ...object, apiVersion: apiVersionOf(kind), kind: kind.kind }));
  if (wantsTable(request.headers["accept"]))
    return {
      status: 200,
      body: tableOf(
        kind,
        typed,
        { ...metadata, continue: metadata["continue"] || undefined },
        api.now(),
        includeOf(request),
      ),
    };
  const items = kind.crd ? typed : typed.map(({ apiVersion: _a, kind: _k, ...rest }) => rest);
  return { status: 200, body: { kind: kind.listKind, apiVersion: apiVersionOf(kind), metadata, items } };
}

function pageOf(api: Api, { query }: ApiRequest, kind: Kind, namespace: string | undefined): Page {
  const select = selectorOf({ query } as ApiRequest, kind);
  const limit = integer(query.get("limit"));
  const token = query.get("continue");
  const saved = snapshots.get(api) ?? new Map<string, readonly KubeObject[]>();
  snapshots.set(api, saved);
  const { revision, start } = token ? readToken(token) : { revision: api.store.revision, start: 0 };
  const key = `${revision} ${resourceOf(kind)} ${namespace ?? ""} ${query.get("labelSelector") ?? ""} ${query.get("fieldSelector") ?? ""}`;
  const all = token ? saved.get(key) : api.store.list(resourceOf(kind), namespace).filter(select);
  if (!all)
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
  const objects = limit > 0 ? all.slice(start, start + limit) : all.slice(start);
  const left = all.length - start - objects.length;
  const metadata = { ...(kind.crd && { continue: "" }), resourceVersion: String(revision) };
  if (left === 0) return { objects, metadata };
  saved.set(key, all);
  const [oldest] = saved.keys();
  if (saved.size > MOST_SNAPSHOTS && oldest !== undefined) saved.delete(oldest);
  const next = Buffer.from(
    JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: start + objects.length }),
  ).toString("base64url");
  const narrowed = Boolean(query.get("labelSelector") ?? query.get("fieldSelector"));
  return {
    objects,
    metadata: { ...metadata, continue: next, ...(!narrowed && { remainingItemCount: left }) },
  };
}

function readToken(token: string): { readonly revision: number; readonly start: number } {
  const value = jsonOf(Buffer.from(token, "base64url").toString("utf8"));
  if (!isRecord(value)) {
    const first = Buffer.from(token, "base64url").toString("latin1")[0] ?? "";
    throw badRequest(
      `invalid continue token: continue key is not valid: invalid character '${first}' looking for beginning of value`,
    );
  }
  return { revision: Number(value["rv"]), start: Number(value["start"]) };
}

function integer(text: string | null): number {
  if (text === null || text === "") return 0;
  if (/^-?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function checkVersion(text: string | null): void {
  if (text === null || /^\d*$/.test(text)) return;
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}
