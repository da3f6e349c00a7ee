import type { ServerResponse } from "node:http";
import { at, isRecord, jsonOf, recordOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "./api.ts";
import { objectOf } from "./bodies.ts";
import { badRequest, noSuchResource, notAllowed, notFound } from "./errors.ts";
import type { Kind } from "./kinds.ts";
import { logOptionsOf } from "./logs.ts";
import { mergePatched } from "./merge-patch.ts";
import { patch } from "./patches.ts";
import { put, writingOf } from "./puts.ts";
import { get } from "./reads.ts";
import { type Address, type Answer, type ApiRequest, isTrue, plain } from "./request.ts";
import { requestToken } from "./reviews.ts";
import { resourceOf } from "./store.ts";
import { remove } from "./deletes.ts";
import { aboutOf, existing, update } from "./writes.ts";

/** undefined: it writes for itself. */
type Sub = (
  api: Api,
  request: ApiRequest,
  kind: Kind,
  address: Address,
  response: ServerResponse,
) => Answer | undefined;

const SUBRESOURCES: Readonly<Record<string, Sub>> = {
  status: (api, request, kind, address) => {
    const { namespace, name = "" } = address;
    if (request.method === "GET") return get(api, request, kind, namespace, name);
    if (request.method === "PATCH")
      return patch(api, request, { kind, namespace, name, subresource: "status" });
    if (request.method === "PUT") return put(api, request, kind, address);
    throw notAllowed();
  },
  scale: (api, request, kind, address) => scale(api, request, kind, address),
  token: (api, request, _kind, { namespace = "", name = "" }) => {
    if (request.method !== "POST") throw notAllowed();
    const body = jsonOf(request.body);
    if (!isRecord(body))
      throw badRequest("the object provided is unrecognized (must be of type TokenRequest)");
    return { status: 201, body: requestToken(api, namespace, name, body) };
  },
  log: (api, request, kind, { namespace, name = "" }, response) => {
    const pod = existing(api, kind, namespace, name);
    const { chosen, written } = logOptionsOf(pod, request, api.now());
    const text = chosen(api.logs.of(pod)).map(written).join("");
    if (!isTrue(request.query.get("follow"))) return plain(200, text);
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.flushHeaders();
    response.write(text);
    const stops = [
      api.logs.follow(pod, (line) => response.write(written(line))),
      api.store.onChange(({ type, object }) => {
        if (type === "DELETED" && object.metadata.uid === pod.metadata.uid) response.end();
      }),
    ];
    response.on("close", () => stops.forEach((stop) => stop()));
    return undefined;
  },
  eviction: (api, _request, kind, { namespace, name = "" }) => {
    remove(api, kind, existing(api, kind, namespace, name), { dryRun: false });
    return {
      status: 201,
      body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 },
    };
  },
  finalize: (api, request, kind, address) => {
    const { name = "" } = address;
    const before = existing(api, kind, undefined, name);
    const sent = objectOf(request, kind, []);
    const freed = { ...before, spec: sent["spec"] ?? {} };
    if (
      ((at(sent["spec"], "finalizers") ?? []) as unknown[]).length === 0 &&
      before.metadata.deletionTimestamp
    )
      api.store.remove(resourceOf(kind), undefined, name);
    else api.store.put(resourceOf(kind), freed);
    return { status: 200, body: freed };
  },
};

/** `…/NAME/SUBRESOURCE`. */
export function subresource(
  api: Api,
  request: ApiRequest,
  kind: Kind,
  address: Address,
  response: ServerResponse,
): Answer | undefined {
  const name = address.subresource ?? "";
  const run = kind.subresources.includes(name) ? SUBRESOURCES[name] : undefined;
  if (!run) {
    if (!kind.crd) throw noSuchResource();
    throw notFound(aboutOf(kind, address.name));
  }
  if (kind.namespaced && address.namespace === undefined) throw notFound(aboutOf(kind, address.name));
  return run(api, request, kind, address, response);
}

/** Replicas alone, as `kubectl scale` reads and writes them. */
function scale(api: Api, request: ApiRequest, kind: Kind, address: Address): Answer {
  const { namespace, name = "" } = address;
  const before = existing(api, kind, namespace, name);
  if (request.method === "GET") return { status: 200, body: scaleOf(before) };
  const body = recordOf(jsonOf(request.body));
  const wanted = request.method === "PATCH" ? recordOf(mergePatched(scaleOf(before), body)) : body;
  const replicas = Number(at(wanted["spec"], "replicas") ?? 0);
  const next = { ...before, spec: { ...recordOf(before["spec"]), replicas } };
  const written = update(api, { ...writingOf(request, kind, address), subresource: undefined }, before, next);
  return { status: 200, body: scaleOf(written) };
}

function scaleOf({ metadata, ...rest }: KubeObject): object {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const labels = Object.entries(recordOf(at(rest["spec"], "selector", "matchLabels")));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: at(rest["spec"], "replicas") ?? 0 },
    status: {
      replicas: at(rest["status"], "replicas") ?? 0,
      selector: labels.map(([key, value]) => `${key}=${String(value)}`).join(","),
    },
  };
}
