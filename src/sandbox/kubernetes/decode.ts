import { isRecord } from "../../data.ts";
import { nameOfPath, field, type FieldPath } from "./field-set.ts";
import type { Json } from "./json.ts";
import {
  fieldSchema,
  isAtomicMap,
  isIntOrString,
  isOpen,
  itemsOfSchema,
  resolve,
  type Schema,
} from "./schema.ts";
import { itemsOf } from "./typed.ts";

/** The fields of a built-in object that its type does not have, in the order they come: `unknown field "spec.x"`. */
export function unknownFields(value: unknown, schema: Schema): string[] {
  const found: string[] = [];
  walk(value, schema, "", (path) => found.push(`unknown field "${path}"`));
  return found;
}

function walk(value: unknown, given: Schema, path: string, tell: (path: string) => void): void {
  const schema = resolve(given);
  if (Array.isArray(value)) {
    value.forEach((one, index) => walk(one, itemsOfSchema(schema), `${path}[${index}]`, tell));
    return;
  }
  if (!isRecord(value) || (isOpen(schema) && !schema.properties)) return;
  for (const [key, one] of Object.entries(value)) {
    const here = path === "" ? key : `${path}.${key}`;
    const below = fieldSchema(schema, key);
    if (below) walk(one, below, here, tell);
    else if (!key.startsWith("$")) tell(here);
  }
}

/** The object without what its schema does not know (pruning). */
export function pruned<T>(value: T, given: Schema): T {
  const schema = resolve(given);
  if (Array.isArray(value)) return value.map((one) => pruned<unknown>(one, itemsOfSchema(schema))) as T;
  if (!isRecord(value) || (isOpen(schema) && !schema.properties)) return value;
  const kept = Object.entries(value).flatMap(([key, one]): [string, unknown][] => {
    const below = fieldSchema(schema, key);
    return below ? [[key, pruned(one, below)]] : [];
  });
  return Object.fromEntries(kept) as T;
}

const GO_TYPES: Readonly<Record<string, string>> = { int32: "int32", int64: "int64" };

/** Why Go cannot read a value into its type: `json: cannot unmarshal number into Go struct field ConfigMap.data of type string`. */
export function unreadable(value: unknown, schema: Schema, kind: string): string | undefined {
  const visit = (
    here: unknown,
    given: Schema,
    path: readonly string[],
    struct: string,
  ): string | undefined => {
    const its = resolve(given);
    const holder = given.$ref ?? struct;
    if (here === null || here === undefined || isOpen(its) || isIntOrString(its)) return undefined;
    const wrong = (what: string, type: string) =>
      `json: cannot unmarshal ${what} into Go struct field ${[struct, ...path].join(".")} of type ${type}`;
    if (its.type === "array") {
      if (!Array.isArray(here)) return wrong(wordFor(here), goList(its));
      return first(here, (one) => visit(one, its.items ?? {}, path, holder));
    }
    if (its.type === "object" || its.properties) {
      if (!isRecord(here)) return wrong(wordFor(here), goMap(given, its));
      const isMap = its.additionalProperties !== undefined;
      return first(Object.entries(here), ([key, one]) => {
        const below = fieldSchema(its, key);
        return below && visit(one, below, isMap ? path : [...path, key], holder);
      });
    }
    if (its.type === "string")
      return typeof here === "string" || its.format === "quantity"
        ? undefined
        : wrong(wordFor(here), "string");
    if (its.type === "boolean") return typeof here === "boolean" ? undefined : wrong(wordFor(here), "bool");
    if (typeof here === "number") return undefined;
    return wrong(wordFor(here), GO_TYPES[its.format ?? ""] ?? "float64");
  };
  return visit(value, schema, [], kind);
}

const goMap = (given: Schema, its: Schema): string =>
  its.additionalProperties ? "map[string]string" : `v1.${given.$ref ?? "Object"}`;
const goList = (its: Schema): string => (its.items?.$ref ? `[]v1.${its.items.$ref}` : "[]string");

function first<T>(list: readonly T[], find: (one: T) => string | undefined): string | undefined {
  for (const one of list) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

function wordFor(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

/** Why an applied object does not fit its type (structured-merge-diff): `.dta: field not declared in schema`. */
export function typedErrors(value: unknown, schema: Schema): string[] {
  const errors: string[] = [];
  const visit = (here: unknown, given: Schema, path: FieldPath): void => {
    const its = resolve(given);
    const tell = (message: string) => errors.push(`${nameOfPath(path)}: ${message}`);
    if (here === null || here === undefined) return;
    if (isRecord(here)) {
      if (its.type !== undefined && its.type !== "object")
        return void tell(`expected ${goWord(its)}, got map`);
      for (const [key, one] of Object.entries(here)) {
        const below = fieldSchema(its, key);
        if (below) visit(one, below, [...path, field(key)]);
        else errors.push(`${nameOfPath([...path, field(key)])}: field not declared in schema`);
      }
      return;
    }
    if (Array.isArray(here)) {
      if (its.type !== undefined && its.type !== "array")
        return void tell(`expected ${goWord(its)}, got list`);
      const items = itemsOf(here, its);
      if (!items) return here.forEach((one) => visit(one, itemsOfSchema(its), path));
      if (items.size < here.length) {
        const names = [...items.keys()];
        const twice = names.find((name) => here.filter((one) => itemsOf([one], its)?.has(name)).length > 1);
        if (twice) tell(`duplicate entries for key ${nameOfPath([twice])}`);
      }
      for (const [element, one] of items) visit(one, itemsOfSchema(its), [...path, element]);
      return;
    }
    const fits = its.type === undefined || its.format === "quantity" || goWord(its) === wordOf(here);
    if (!fits) tell(`expected ${goWord(its)}, got &value.valueUnstructured{Value:${shownInGo(here)}}`);
  };
  visit(value, schema, []);
  return errors;
}

const goWord = ({ type, properties }: Schema): string =>
  type === "object" || properties
    ? "map"
    : type === "array"
      ? "list"
      : type === "integer" || type === "number"
        ? "numeric (int or float)"
        : (type ?? "");

const wordOf = (value: unknown): string =>
  typeof value === "number" ? "numeric (int or float)" : typeof value;

const shownInGo = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : String(value);

/** A Go map that is empty is as good as none, and is left out. */
export function withoutEmptyMaps<T>(value: T, given: Schema): T {
  const schema = resolve(given);
  if (Array.isArray(value))
    return value.map((one) => withoutEmptyMaps<unknown>(one, itemsOfSchema(schema))) as T;
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).flatMap(([key, one]): [string, unknown][] => {
    const below = resolve(fieldSchema(schema, key) ?? {});
    const isEmptyMap =
      below.additionalProperties !== undefined && isRecord(one) && Object.keys(one).length === 0;
    return isEmptyMap && !isAtomicMap(below) ? [] : [[key, withoutEmptyMaps(one, below)]];
  });
  return Object.fromEntries(kept) as T;
}

/** Fills in what the schema's defaults say, where the parent is there. */
export function defaulted<T>(value: T, given: Schema): T {
  const schema = resolve(given);
  if (Array.isArray(value)) return value.map((one) => defaulted<unknown>(one, itemsOfSchema(schema))) as T;
  if (!isRecord(value)) return value;
  const result: Json = { ...value };
  for (const [key, below] of Object.entries(schema.properties ?? {})) {
    if (result[key] === null && below.nullable !== true) delete result[key];
    if (result[key] === undefined && below.default !== undefined && !isRecordOf(below))
      result[key] = structuredClone(below.default);
  }
  for (const key of Object.keys(result)) {
    const below = fieldSchema(schema, key);
    if (below) result[key] = defaulted(result[key], below);
  }
  return result as T;
}

/** The empty struct of a Go type is no value that JSON shows. */
const isRecordOf = ({ $ref, default: given }: Schema): boolean => $ref !== undefined && isRecord(given);
