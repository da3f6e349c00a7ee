import { createHash } from "node:crypto";
import { isRecord } from "../../data.ts";
import type { Json } from "./json.ts";
import type { Kind } from "./kinds.ts";
import { namedType, type Schema } from "./schema.ts";

const idOf = (kind: Kind): string =>
  [...(kind.group || "core").split(".").toReversed(), kind.version, kind.kind].join(".");

/** `/openapi/v3`: where the document of each group version is. */
export function openApiIndex(kinds: readonly Kind[]): Json {
  const paths = [...new Set(kinds.map(pathOf))].map((path) => {
    const hash = createHash("sha1")
      .update(JSON.stringify(kinds.filter((kind) => pathOf(kind) === path)))
      .digest("hex");
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash.toUpperCase()}` }] as const;
  });
  return { paths: Object.fromEntries(paths) };
}

const pathOf = (kind: Kind): string =>
  kind.group ? `apis/${kind.group}/${kind.version}` : `api/${kind.version}`;

/** The document of one group version: its types, and the paths with the parameters that kubectl looks for. */
function openApiDocument(kinds: readonly Kind[]): Json {
  const needed = new Set<string>();
  const schemas: Record<string, unknown> = {};
  for (const kind of kinds) {
    const shape = kind.schema.$ref ? namedType(kind.schema.$ref) : kind.schema;
    schemas[idOf(kind)] = {
      ...(shown(shape, needed) as object),
      "x-kubernetes-group-version-kind": [gvkOf(kind)],
    };
  }
  for (const name of needed) schemas[name] = shown(namedType(name), needed);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.36.3" },
    paths: Object.assign({}, ...kinds.map(pathsOf)) as Json,
    components: { schemas },
  };
}

const gvkOf = ({ group, version, kind }: Kind) => ({ group, version, kind });

/** Our notes are no OpenAPI: references get their full form, and the default of a struct goes. */
function shown(schema: unknown, needed: Set<string>): unknown {
  if (Array.isArray(schema)) return schema.map((one) => shown(one, needed));
  if (!isRecord(schema)) return schema;
  const { $ref } = schema as Schema;
  if ($ref !== undefined) {
    needed.add($ref);
    return { $ref: `#/components/schemas/${$ref}` };
  }
  const told = Object.entries(schema).filter(([key]) => key !== "x-protobuf");
  return Object.fromEntries(told.map(([key, value]) => [key, shown(value, needed)]));
}

const parameter = (name: string, type = "string") => ({
  name,
  in: "query",
  schema: { type, uniqueItems: true },
});
const WRITE = [
  parameter("dryRun"),
  parameter("fieldManager"),
  parameter("fieldValidation"),
  parameter("pretty"),
];

function pathsOf(kind: Kind): Json {
  const base = `/${pathOf(kind)}${kind.namespaced ? "/namespaces/{namespace}" : ""}/${kind.plural}`;
  const operation = (action: string, parameters: readonly object[]) => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvkOf(kind),
    parameters,
    responses: {
      200: {
        description: "OK",
        content: { "application/json": { schema: { $ref: `#/components/schemas/${idOf(kind)}` } } },
      },
    },
  });
  return {
    [base]: { get: operation("list", []), post: operation("post", WRITE) },
    [`${base}/{name}`]: {
      get: operation("get", []),
      put: operation("put", WRITE),
      patch: operation("patch", [...WRITE, parameter("force", "boolean")]),
      delete: operation("delete", [parameter("dryRun")]),
    },
  };
}

export const documentFor = (kinds: readonly Kind[], path: string): Json | undefined => {
  const found = kinds.filter((kind) => pathOf(kind) === path);
  return found.length > 0 ? openApiDocument(found) : undefined;
};
