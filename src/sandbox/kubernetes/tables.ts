import type { KubeObject } from "../../kubernetes/cluster.ts";
import { ageOf, atJsonPath, cellOf } from "./cells.ts";
import type { Json } from "./json.ts";
import { type Column, type Kind } from "./kinds.ts";

/** True when the client asks for a server-side Table, as kubectl get does. */
export const wantsTable = (accept: unknown): boolean =>
  /as=Table/.test(typeof accept === "string" ? accept : "");

function columnDefinitions(kind: Kind): Json[] {
  return kind.columns.map(({ name, type, format = "", priority }) => ({
    name,
    type,
    format,
    description: "",
    priority,
  }));
}

function cell(object: KubeObject, { name, type, jsonPath }: Column, now: number): unknown {
  if (jsonPath === undefined) return cellOf(object, name, now);
  const value = atJsonPath(object, jsonPath);
  if (value === undefined) return type === "date" ? "<unknown>" : "";
  if (type === "date") return ageOf(value, now);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

/** A row with the object's metadata, or the whole object (`includeObject`). */
function rowOf(kind: Kind, object: KubeObject, now: number, include: string): Json {
  const partial = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
  const shown = include === "Object" ? object : partial;
  const cells = kind.columns.map((column) =>
    column.name === "Name" && column.jsonPath === undefined
      ? object.metadata.name
      : cell(object, column, now),
  );
  return { cells, ...(include === "None" ? {} : { object: shown }) };
}

export function tableOf(
  kind: Kind,
  objects: readonly KubeObject[],
  metadata: Json,
  now: number,
  include: string,
): Json {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columnDefinitions(kind),
    rows: objects.map((object) => rowOf(kind, object, now, include)),
  };
}
