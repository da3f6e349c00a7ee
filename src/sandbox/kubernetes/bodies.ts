import { parse } from "yaml";
import { isRecord, jsonOf, recordOf, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { unknownFields, unreadable } from "./decode.ts";
import { badRequest, cause, invalid, unsupportedMedia } from "./errors.ts";
import { compact } from "./json.ts";
import { apiVersionOf, type Kind } from "./kinds.ts";
import type { ApiRequest } from "./request.ts";

export const mediaTypeOf = ({ headers }: Pick<ApiRequest, "headers">): string =>
  String(headers["content-type"] ?? "application/json")
    .split(";")[0]
    ?.trim() ?? "";

/** A body that must be an object of the kind; what its type does not know is refused, told or dropped (`fieldValidation`). */
export function objectOf(request: ApiRequest, kind: Kind, warnings: string[]): KubeObject {
  const type = mediaTypeOf(request);
  if (type !== "application/json" && type !== "application/yaml")
    throw unsupportedMedia(
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    );
  const body = type === "application/yaml" ? (parse(request.body) as unknown) : jsonOf(request.body);
  if (!isRecord(body)) throw badRequest(unrecognised(request.body, kind));
  const [apiVersion, itsKind] = [
    textOf(body["apiVersion"]) ?? apiVersionOf(kind),
    textOf(body["kind"]) ?? kind.kind,
  ];
  if (itsKind !== kind.kind || apiVersion !== apiVersionOf(kind))
    throw badRequest(otherKind(kind, apiVersion, itsKind));
  return typed({ ...body, apiVersion, kind: itsKind }, request, kind, warnings);
}

/** A body in the shape of its kind, or 400. */
export function typed(
  body: Record<string, unknown>,
  request: ApiRequest,
  kind: Kind,
  warnings: string[],
): KubeObject {
  const why = kind.crd ? undefined : unreadable(body, kind.schema, kind.kind);
  const prefix = `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: `;
  if (why !== undefined) throw badRequest(`${prefix}${why}`);
  checkFields(unknownFields(body, kind.schema), request, prefix, warnings);
  const metadata = recordOf(body["metadata"]);
  return {
    ...compact(body),
    metadata: { ...compact(metadata), name: textOf(metadata["name"]) ?? "" },
  } as KubeObject;
}

/** Built-in kinds warn by default, kubectl asks for `Strict`. */
export function checkFields(
  unknown: readonly string[],
  { query }: ApiRequest,
  prefix: string,
  warnings: string[],
): void {
  if (unknown.length === 0) return;
  const how = query.get("fieldValidation") ?? "Warn";
  if (how === "Strict") throw badRequest(`${prefix}strict decoding error: ${unknown.join(", ")}`);
  if (how === "Warn") warnings.push(...unknown);
}

function unrecognised(body: string, kind: Kind): string {
  const start = body.trim().slice(0, 100);
  const letter = /^\{\s*([^"\s}])/.exec(start)?.[1];
  const why = letter
    ? `invalid character '${letter}' looking for beginning of object key string`
    : start === ""
      ? "unexpected end of JSON input"
      : `invalid character '${start[0]}' looking for beginning of value`;
  if (start === "")
    return `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error: ${why}`;
  return `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error: ${why} (${body.length > 100 ? `${body.slice(0, 96)} ...` : body})`;
}

function otherKind(kind: Kind, apiVersion: string, itsKind: string): string {
  const version = apiVersion.split("/").at(-1) ?? "";
  const group = kind.group.split(".")[0] || "core";
  if (apiVersion === apiVersionOf(kind) && !kind.crd)
    return `${itsKind} in version "${version}" cannot be handled as a ${kind.kind}: converting (${version}.${itsKind}) to (${group}.${kind.kind}): unknown conversion`;
  const [g = "", v = ""] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  return `the object provided is unrecognized (must be of type ${kind.kind}): no kind "${itsKind}" is registered for version "${g ? `${g}/` : ""}${v}" in scheme "pkg/api/legacyscheme/scheme.go:30"`;
}

/** What the parameters of a write must look like. */
export function checkParameters({ query, method }: ApiRequest, isApply: boolean): void {
  const options = {
    POST: "CreateOptions",
    PUT: "UpdateOptions",
    PATCH: "PatchOptions",
    DELETE: "DeleteOptions",
  }[method];
  const refuse = (one: ReturnType<typeof cause.required>) => invalid(options ?? "", "meta.k8s.io", "", [one]);
  const dryRun = query.getAll("dryRun");
  if (dryRun.some((value) => value !== "All")) throw refuse(cause.notSupported("dryRun", dryRun, ["All"]));
  const how = query.get("fieldValidation");
  if (how !== null && !["Ignore", "Warn", "Strict", ""].includes(how))
    throw refuse(cause.notSupported("fieldValidation", how, ["", "Ignore", "Strict", "Warn"]));
  if (method !== "PATCH") return;
  if (isApply && !query.get("fieldManager"))
    throw refuse(cause.required("fieldManager", "is required for apply patch"));
  if (!isApply && query.get("force") !== null)
    throw refuse(cause.forbidden("force", "may not be specified for non-apply patch"));
}

/** Name and namespace must be those of the URL. */
export function assertAddress(object: KubeObject, namespace: string | undefined, name?: string): void {
  const { metadata } = object;
  if (name !== undefined && metadata.name !== name) {
    if (metadata.name === "") return;
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (namespace !== undefined && metadata.namespace !== undefined && metadata.namespace !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}
