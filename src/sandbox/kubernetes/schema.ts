import { isRecord } from "../../data.ts";
import { SCHEMA_TABLE } from "./schema-table.ts";

/** A structural schema: the words of OpenAPI v3 that CRDs may use, and a reference to a built-in type. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  /** Number of the field in protobuf. */
  readonly "x-protobuf"?: number;
}

const SIMPLE: Readonly<Record<string, Schema>> = {
  s: { type: "string" },
  y: { type: "string", format: "byte" },
  t: { type: "string", format: "date-time" },
  u: { type: "string", format: "micro-time" },
  q: { type: "string", format: "quantity" },
  i: { type: "integer", format: "int32" },
  l: { type: "integer", format: "int64" },
  n: { type: "number" },
  b: { type: "boolean" },
  I: { "x-kubernetes-int-or-string": true },
  o: { "x-kubernetes-preserve-unknown-fields": true },
};

/** Reads the notation of the schema table: `[T@key]`, `{T}`, `*T`, a letter, or the name of a type. */
export function typeOf(notation: string): Schema {
  const simple = SIMPLE[notation];
  if (simple) return simple;
  if (notation.startsWith("*")) return { ...typeOf(notation.slice(1)), default: {} };
  const map = /^\{(.*)\}(\.?)$/.exec(notation);
  if (map) {
    const atomic = map[2] === "." ? { "x-kubernetes-map-type": "atomic" } : {};
    return { type: "object", additionalProperties: typeOf(map[1] ?? "s"), ...atomic };
  }
  const list = /^\[([^@#~+]*)(?:@([^~]*))?(#?)(\+?)(?:~(.*))?\]$/.exec(notation);
  if (!list) return { $ref: notation };
  const [, item = "s", keys, set, add, merge] = list;
  const mergeKey = merge ?? keys?.split(",")[0];
  return {
    type: "array",
    items: typeOf(item),
    "x-kubernetes-list-type": keys === undefined ? (set === "#" ? "set" : "atomic") : "map",
    ...(keys !== undefined && { "x-kubernetes-list-map-keys": keys.split(",") }),
    ...(mergeKey && { "x-kubernetes-patch-merge-key": mergeKey }),
    ...((mergeKey || add === "+" || set === "#") && { "x-kubernetes-patch-strategy": "merge" }),
  };
}

/** `name#1!:T=default|enum|…`; a number or a boolean as default stays one. */
function fieldOf(notation: string): readonly [name: string, schema: Schema, required: boolean] {
  const [, name = "", number, needed, type = "s", fallback, choices] =
    /^([^!:#]+)(?:#(\d+))?(!?):([^=|]+)(?:=([^|]*))?(?:\|(.*))?$/.exec(notation) ?? [];
  const schema = typeOf(type);
  const isText = schema.type === "string";
  const given =
    fallback === undefined ? {} : { default: isText ? fallback : (JSON.parse(fallback) as unknown) };
  return [
    name,
    {
      ...schema,
      ...given,
      ...(choices && { enum: choices.split("|") }),
      ...(number && { "x-protobuf": Number(number) }),
    },
    needed === "!",
  ];
}

/** Types by name out of a table in this notation. */
function readTable(table: string): ReadonlyMap<string, Schema> {
  const lines = table.trim().split("\n");
  return new Map(lines.map((line) => schemaOf(line.split(" "))));
}

function schemaOf([head = "", ...rest]: readonly string[]): [string, Schema] {
  const fields = rest.map(fieldOf);
  const required = fields.filter(([, , needed]) => needed).map(([name]) => name);
  const schema: Schema = {
    type: "object",
    properties: Object.fromEntries(fields.map(([name, field]) => [name, field])),
    ...(required.length > 0 && { required }),
    ...(head.endsWith(".") && { "x-kubernetes-map-type": "atomic" }),
  };
  return [head.replace(/\.$/, ""), schema];
}

const TYPES = readTable(SCHEMA_TABLE);

/** The schema behind a reference; what a field says of itself (its default) stays. */
export function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...own } = schema;
  return { ...TYPES.get($ref), ...own };
}

export const namedType = (name: string): Schema => TYPES.get(name) ?? {};

/** What stands at a key of an object: a property, or what a map holds; undefined: not declared. */
export function fieldSchema(schema: Schema, key: string): Schema | undefined {
  const { properties, additionalProperties } = schema;
  const declared = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
  if (declared) return declared;
  if (isRecord(additionalProperties)) return additionalProperties;
  return additionalProperties === true || isOpen(schema) ? OPEN : undefined;
}

const OPEN: Schema = { "x-kubernetes-preserve-unknown-fields": true };

/** True where anything may stand: nothing is said of the content. */
export function isOpen(schema: Schema): boolean {
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) return true;
  const says = schema.properties ?? schema.additionalProperties ?? schema.items ?? schema.$ref;
  return (
    says === undefined && (schema.type === undefined || schema.type === "object") && !isIntOrString(schema)
  );
}

export const isIntOrString = (schema: Schema): boolean => schema["x-kubernetes-int-or-string"] === true;

/** How a list is merged: as one value, as a set of values, or item by item by its keys. */
export function listKind(schema: Schema): "atomic" | "set" | "map" {
  const said = schema["x-kubernetes-list-type"];
  return said === "set" || said === "map" ? said : "atomic";
}

export const mapKeys = (schema: Schema): readonly string[] => schema["x-kubernetes-list-map-keys"] ?? [];

export const isAtomicMap = (schema: Schema): boolean => schema["x-kubernetes-map-type"] === "atomic";

export const itemsOfSchema = (schema: Schema): Schema => schema.items ?? OPEN;
