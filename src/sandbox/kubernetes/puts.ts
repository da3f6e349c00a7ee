import type { Api } from "./api.ts";
import { assertAddress, checkParameters, objectOf } from "./bodies.ts";
import { StatusError } from "./errors.ts";
import { apiVersionOf, type Kind } from "./kinds.ts";
import { type Address, type Answer, type ApiRequest, managerOf } from "./request.ts";
import { aboutOf, existing, update, type Writing } from "./writes.ts";

const dryRunOf = ({ query }: ApiRequest): boolean => query.getAll("dryRun").includes("All");

/** How a request that is no apply writes. */
export function writingOf(
  request: ApiRequest,
  kind: Kind,
  { namespace, subresource: sub }: Address,
): Writing {
  const manager = {
    name: managerOf(request),
    operation: "Update",
    apiVersion: apiVersionOf(kind),
    subresource: sub,
  } as const;
  return { kind, namespace, manager, dryRun: dryRunOf(request), subresource: sub };
}

/** PUT of an object, or of its status. */
export function put(api: Api, request: ApiRequest, kind: Kind, address: Address): Answer {
  const { namespace, name = "" } = address;
  const warnings: string[] = [];
  checkParameters(request, false);
  const object = objectOf(request, kind, warnings);
  assertAddress(object, namespace, name);
  const before = existing(api, kind, namespace, name);
  const whole = {
    ...object,
    metadata: { ...object.metadata, name, ...(namespace !== undefined && { namespace }) },
  };
  if (kind.crd && !object.metadata.resourceVersion) throw mustHaveVersion(kind, name);
  return { status: 200, body: update(api, writingOf(request, kind, address), before, whole), warnings };
}

/** Custom resources are never replaced blindly. */
function mustHaveVersion(kind: Kind, name: string): StatusError {
  const causes = [
    {
      reason: "FieldValueInvalid",
      message: "Invalid value: 0: must be specified for an update",
      field: "metadata.resourceVersion",
    },
  ];
  const about = aboutOf(kind, name);
  return new StatusError(
    422,
    "Invalid",
    `${about.plural}.${about.group} "${name}" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
    {
      name,
      group: kind.group,
      kind: kind.plural,
      causes,
    },
  );
}
