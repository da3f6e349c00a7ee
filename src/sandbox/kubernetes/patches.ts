import { parse } from "yaml";
import { isRecord, jsonOf, recordsAt } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "./api.ts";
import { assertAddress, checkFields, checkParameters, mediaTypeOf, typed } from "./bodies.ts";
import { typedErrors, unknownFields } from "./decode.ts";
import { badRequest, conflict, OUTDATED, StatusError, unsupportedMedia } from "./errors.ts";
import { type Operation, patched, PatchError } from "./json-patch.ts";
import { compact, textFor } from "./json.ts";
import { apiVersionOf, type Kind } from "./kinds.ts";
import { applied, sameState } from "./managed-fields.ts";
import { mergePatched, strategicPatched } from "./merge-patch.ts";
import { type Answer, type ApiRequest, isTrue, managerOf } from "./request.ts";
import { resourceOf } from "./store.ts";
import { aboutOf, create, existing, update, type Writing } from "./writes.ts";

interface Target {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string | undefined;
}

const APPLY = "application/apply-patch+yaml";

type Patcher = (object: KubeObject, body: string, kind: Kind) => unknown;

const PATCHERS: Readonly<Record<string, Patcher>> = {
  "application/json-patch+json": (object, body) => {
    const operations = jsonOf(body);
    if (!Array.isArray(operations))
      throw badRequest(
        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
      );
    return patched<unknown>(object, operations as readonly Operation[]);
  },
  "application/merge-patch+json": (object, body) => mergePatched(object, recordIn(body)),
  "application/strategic-merge-patch+json": (object, body, kind) =>
    strategicPatched(object, recordIn(body), kind.schema),
};

function recordIn(body: string): Record<string, unknown> {
  const value = jsonOf(body);
  if (isRecord(value)) return value;
  throw badRequest(
    `error decoding patch: ${value === undefined ? "invalid character" : "json: cannot unmarshal"}`,
  );
}

/** PATCH in its four forms. */
export function patch(api: Api, request: ApiRequest, target: Target): Answer {
  const type = mediaTypeOf(request);
  const isApply = type === APPLY;
  const patcher = PATCHERS[type];
  const accepted = [
    ...Object.keys(PATCHERS).filter((one) => !target.kind.crd || !one.includes("strategic")),
    APPLY,
  ];
  if ((!patcher && !isApply) || (target.kind.crd && type.includes("strategic")))
    throw target.kind.crd && type.includes("strategic")
      ? unsupportedMedia(
          `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
        )
      : new StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  checkParameters(request, isApply);
  if (isApply) return apply(api, request, target);
  return patchWith(api, request, target, patcher ?? (() => undefined));
}

const writingOf = (
  request: ApiRequest,
  { kind, namespace, subresource }: Target,
  operation: "Apply" | "Update",
): Writing => ({
  kind,
  namespace,
  subresource,
  dryRun: request.query.getAll("dryRun").includes("All"),
  manager: { name: managerOf(request), operation, apiVersion: apiVersionOf(kind), subresource },
});

function patchWith(api: Api, request: ApiRequest, target: Target, patcher: Patcher): Answer {
  const warnings: string[] = [];
  const before = existing(api, target.kind, target.namespace, target.name);
  const next = attempt(() => patcher(before, request.body, target.kind));
  if (!isRecord(next)) throw badRequest("the patched object is no object");
  const object = typed(next, request, target.kind, warnings);
  if (object.kind !== target.kind.kind || object.apiVersion !== apiVersionOf(target.kind))
    throw badRequest(
      `${object.kind} in version "${object.apiVersion}" cannot be handled as a ${target.kind.kind}`,
    );
  if (object.metadata.name !== target.name)
    throw badRequest(
      `the name of the object (${object.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  return { status: 200, body: update(api, writingOf(request, target, "Update"), before, object), warnings };
}

/** A JSON patch that does not fit is told without a reason (endpoints/handlers/patch.go). */
function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw new StatusError(
      422,
      "Invalid",
      "the server rejected our request due to an error in our request",
      {},
    );
  }
}

/** Server-side apply: creates, or merges by the fields' owners. */
function apply(api: Api, request: ApiRequest, target: Target): Answer {
  const { kind, namespace, name } = target;
  const sent = appliedBody(request, target);
  const warnings: string[] = [];
  if (kind.crd) checkFields(unknownFields(sent, kind.schema), request, "", warnings);
  const live = api.get(resourceOf(kind), namespace, name);
  const before = live && { ...live, apiVersion: apiVersionOf(kind), kind: kind.kind };
  const { resourceVersion } = sent.metadata;
  if (before && resourceVersion && resourceVersion !== before.metadata.resourceVersion)
    throw conflict(aboutOf(kind, name), OUTDATED);
  if (!before && sent.metadata.uid)
    throw conflict(
      aboutOf(kind, name),
      `uid mismatch: the provided object specified uid ${sent.metadata.uid}, and no existing object was found`,
    );
  const writing = writingOf(request, target, "Apply");
  const force = isTrue(request.query.get("force"));
  const base = before ?? undefined;
  const merged = applied(base, sent, writing.manager, kind.schema, { force, now: api.timestamp() });
  const whole = { ...merged, apiVersion: apiVersionOf(kind), kind: kind.kind };
  if (!before) return { status: 201, body: createApplied(api, writing, whole), warnings };
  if (sameState(before, whole)) return { status: 200, body: before, warnings };
  const tracked = update(api, writing, before, whole, false);
  return { status: 200, body: tracked, warnings };
}

/** The first apply owns what it sent, and what the API server fills in belongs to nobody. */
function createApplied(api: Api, writing: Writing, object: KubeObject): KubeObject {
  const owners = recordsAt(object.metadata, "managedFields");
  const { resourceVersion: _r, uid: _u, ...metadata } = object.metadata;
  return create(api, writing, {
    ...object,
    metadata: { ...metadata, managedFields: owners },
  });
}

function appliedBody(request: ApiRequest, { kind, namespace, name }: Target): KubeObject {
  const body = yamlOf(request.body);
  if (!isRecord(body)) throw badRequest("error decoding YAML: the body is no object");
  const { apiVersion, kind: itsKind } = body;
  if (apiVersion !== apiVersionOf(kind) || itsKind !== kind.kind) {
    if (!apiVersion || !itsKind)
      throw badRequest(`invalid object type: /${textFor(apiVersion)}, Kind=${textFor(itsKind)}`);
    throw badRequest(
      `${textFor(itsKind)} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${kind.kind}`,
    );
  }
  const metadata = isRecord(body["metadata"]) ? body["metadata"] : {};
  if (metadata["managedFields"] !== undefined && metadata["managedFields"] !== null)
    throw badRequest("metadata.managedFields must be nil");
  const object = {
    ...compact(body),
    metadata: { ...compact(metadata), name: textFor(metadata["name"]) || name },
  } as KubeObject;
  assertAddress(object, namespace, name);
  const errors = kind.crd ? [] : typedErrors(body, kind.schema);
  if (errors.length > 0) {
    const all =
      errors.length === 1 ? (errors[0] ?? "") : `errors:\n${errors.map((error) => `  ${error}`).join("\n")}`;
    const where = `${namespace === undefined ? "" : textFor(metadata["namespace"])}/${name}`;
    const title = `${kind.group}/${kind.version}, Kind=${kind.kind}`;
    throw new StatusError(500, "", `failed to create typed patch object (${where}; ${title}): ${all}`);
  }
  return object;
}

function yamlOf(text: string): unknown {
  const json = jsonOf(text);
  if (json !== undefined) return json;
  try {
    return parse(text) as unknown;
  } catch {
    throw badRequest(
      "error decoding YAML: error converting YAML to JSON: yaml: line 1: did not find expected node content",
    );
  }
}
