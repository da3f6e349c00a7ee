import type { ServerResponse } from "node:http";
import { jsonOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "./api.ts";
import { assertAddress, checkParameters, objectOf } from "./bodies.ts";
import { forbidden, noSuchResource, notAllowed } from "./errors.ts";
import { apiVersionOf, type Kind } from "./kinds.ts";
import { trackUpdate } from "./managed-fields.ts";
import { open } from "./open-paths.ts";
import { patch } from "./patches.ts";
import { put, writingOf } from "./puts.ts";
import { authorize, refusalWords } from "./rbac.ts";
import { get, list, selectorOf } from "./reads.ts";
import { type Address, addressOf, type Answer, type ApiRequest, PAGE_NOT_FOUND, verbOf } from "./request.ts";
import { REVIEWS } from "./reviews.ts";
import { resourceOf } from "./store.ts";
import { subresource } from "./subresources.ts";
import { watch } from "./watch.ts";
import { deleteOptionsOf, remove } from "./deletes.ts";
import { create, existing } from "./writes.ts";

/** One request: rights first, then what it asks for. undefined: a watch or a log that is followed, which write for themselves. */
export function handle(api: Api, request: ApiRequest, response: ServerResponse): Answer | undefined {
  const address = addressOf(request.path);
  if (!address) return open(api, request);
  const kinds = api.kinds.all();
  if (!kinds.some((one) => one.group === address.group)) {
    assertAllowed(api, request, address);
    return PAGE_NOT_FOUND;
  }
  assertAllowed(api, request, address);
  const kind = api.kinds.find(address.group, address.version, address.plural);
  if (!kind) {
    const isCustom = !kinds.some((one) => one.group === address.group && !one.crd);
    if (isCustom) return PAGE_NOT_FOUND;
    throw noSuchResource();
  }
  if (!kind.namespaced && address.namespace !== undefined) throw noSuchResource();
  if (address.subresource !== undefined) return subresource(api, request, kind, address, response);
  return address.name === undefined
    ? collection(api, request, kind, address, response)
    : single(api, request, kind, address, response);
}

function assertAllowed(api: Api, request: ApiRequest, address: Address): void {
  const { group, plural, namespace: scope, name, subresource: sub } = address;
  const namespace = scope ?? (plural === "namespaces" && !group ? name : undefined);
  const wanted = {
    verb: verbOf(request, address),
    group,
    resource: plural,
    subresource: sub,
    namespace,
    name,
  };
  if (authorize(api.store, request.user, wanted) !== undefined) return;
  throw forbidden({ group, plural, name: name ?? "" }, refusalWords(request.user, wanted));
}

function collection(
  api: Api,
  request: ApiRequest,
  kind: Kind,
  address: Address,
  response: ServerResponse,
): Answer | undefined {
  const verb = verbOf(request, address);
  if (!kind.verbs.includes(verb)) throw notAllowed();
  switch (verb) {
    case "list":
      return list(api, request, kind, address.namespace);
    case "watch":
      watch(api, request, kind, address.namespace, response);
      return undefined;
    case "create":
      return post(api, request, kind, address);
    default:
      return deleteAll(api, request, kind, address);
  }
}

function post(api: Api, request: ApiRequest, kind: Kind, address: Address): Answer {
  const warnings: string[] = [];
  const review = REVIEWS[kind.kind];
  if (kind.namespaced && address.namespace === undefined) throw notAllowed();
  checkParameters(request, false);
  const object = objectOf(request, kind, warnings);
  const tracked = trackUpdate(
    undefined,
    object,
    writingOf(request, kind, address).manager,
    kind.schema,
    api.timestamp(),
  );
  if (review)
    return {
      status: 201,
      body: reviewed(tracked, review(api, object, request.user, address.namespace)),
      warnings,
    };
  assertAddress(object, address.namespace);
  return { status: 201, body: create(api, writingOf(request, kind, address), object), warnings };
}

function reviewed(object: KubeObject, status: object): object {
  const { name: _name, ...metadata } = object.metadata;
  return {
    kind: object.kind,
    apiVersion: object.apiVersion,
    metadata,
    ...("spec" in object && { spec: object["spec"] }),
    status,
  };
}

function deleteAll(api: Api, request: ApiRequest, kind: Kind, { namespace }: Address): Answer {
  if (kind.namespaced && namespace === undefined) throw notAllowed();
  const options = deleteOptionsOf(jsonOf(request.body), request.query);
  const chosen = api.store.list(resourceOf(kind), namespace).filter(selectorOf(request, kind));
  const items = chosen.map((object) => remove(api, kind, object, options).object);
  return {
    status: 200,
    body: {
      kind: kind.listKind,
      apiVersion: apiVersionOf(kind),
      metadata: { ...(kind.crd && { continue: "" }), resourceVersion: String(api.store.revision) },
      items,
    },
  };
}

function single(
  api: Api,
  request: ApiRequest,
  kind: Kind,
  address: Address,
  response: ServerResponse,
): Answer | undefined {
  const { namespace, name = "" } = address;
  if (!kind.verbs.includes("get") || (kind.namespaced && namespace === undefined)) throw notAllowed();
  switch (verbOf(request, address)) {
    case "get":
      return get(api, request, kind, namespace, name);
    case "watch": {
      request.query.set("fieldSelector", `metadata.name=${name}`);
      watch(api, request, kind, namespace, response);
      return undefined;
    }
    case "patch":
      return patch(api, request, { kind, namespace, name, subresource: undefined });
    case "update":
      return put(api, request, kind, address);
    case "delete":
      return deleteOne(api, request, kind, address);
    default:
      throw notAllowed();
  }
}

function deleteOne(api: Api, request: ApiRequest, kind: Kind, { namespace, name = "" }: Address): Answer {
  checkParameters(request, false);
  const object = existing(api, kind, namespace, name);
  const result = remove(api, kind, object, deleteOptionsOf(jsonOf(request.body), request.query));
  if (!result.gone || kind.kind === "Pod")
    return { status: 200, body: { ...result.object, apiVersion: apiVersionOf(kind), kind: kind.kind } };
  const { uid } = object.metadata;
  return {
    status: 200,
    body: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: { name, ...(kind.group && { group: kind.group }), kind: kind.plural, uid },
    },
  };
}
