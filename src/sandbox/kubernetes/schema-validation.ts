import { isRecord } from "../../data.ts";
import { cause, type Cause, shown } from "./errors.ts";
import { sameValue } from "./json.ts";
import {
  fieldSchema,
  isIntOrString,
  itemsOfSchema,
  listKind,
  mapKeys,
  resolve,
  type Schema,
} from "./schema.ts";

/** What is wrong with a custom resource by its CRD's schema, in the words of apiextensions-apiserver (kube-openapi validate). */
export function schemaCauses(value: unknown, schema: Schema): Cause[] {
  const causes: Cause[] = [];
  visit(value, schema, "", causes);
  return causes;
}

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function visit(value: unknown, given: Schema, path: string, causes: Cause[]): void {
  const schema = resolve(given);
  if (value === null && schema.nullable === true) return;
  const wrong = typeCause(value, schema, path);
  if (wrong) {
    causes.push(wrong);
    return;
  }
  for (const rule of RULES) {
    const found = rule(value, schema, path);
    if (found) causes.push(found);
  }
  if (isRecord(value)) visitFields(value, schema, path, causes);
  if (Array.isArray(value)) {
    value.forEach((one, index) => visit(one, itemsOfSchema(schema), `${path}[${index}]`, causes));
    causes.push(...duplicates(value, schema, path));
  }
}

function visitFields(
  value: Readonly<Record<string, unknown>>,
  schema: Schema,
  path: string,
  causes: Cause[],
): void {
  for (const key of schema.required ?? []) if (!(key in value)) causes.push(cause.required(join(path, key)));
  for (const [key, one] of Object.entries(value)) {
    const below = fieldSchema(schema, key);
    if (below && join(path, key) !== "metadata") visit(one, below, join(path, key), causes);
  }
}

function typeCause(value: unknown, schema: Schema, path: string): Cause | undefined {
  const actual = nameOf(value);
  if (isIntOrString(schema))
    return actual === "integer" || actual === "string"
      ? undefined
      : typed(path, value, "integer,string", actual);
  const { type } = schema;
  if (type === undefined || type === actual || (type === "number" && actual === "integer")) return undefined;
  return typed(path, value, type, actual);
}

const typed = (path: string, value: unknown, type: string, actual: string): Cause => {
  const words = isRecord(value) || Array.isArray(value) ? actual : shown(value);
  return {
    reason: "FieldValueTypeInvalid",
    message: `Invalid value: ${isRecord(value) || Array.isArray(value) ? JSON.stringify(words) : shown(actual)}: ${path} in body must be of type ${type}: ${JSON.stringify(actual)}`,
    field: path,
  };
};

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return typeof value;
}

type Rule = (value: unknown, schema: Schema, path: string) => Cause | undefined;

const RULES: readonly Rule[] = [
  (value, schema, path) =>
    schema.enum && !schema.enum.some((one) => sameValue(one, value))
      ? cause.notSupported(path, value, schema.enum)
      : undefined,
  (value, { minLength }, path) =>
    typeof value === "string" && minLength !== undefined && Array.from(value).length < minLength
      ? cause.invalid(path, value, `${path} in body should be at least ${minLength} chars long`)
      : undefined,
  (value, { maxLength }, path) =>
    typeof value === "string" && maxLength !== undefined && Array.from(value).length > maxLength
      ? cause.tooLong(path, maxLength)
      : undefined,
  (value, { pattern }, path) =>
    typeof value === "string" && pattern !== undefined && !new RegExp(pattern, "u").test(value)
      ? cause.invalid(path, value, `${path} in body should match '${pattern}'`)
      : undefined,
  (value, { format }, path) =>
    format === "byte" &&
    typeof value === "string" &&
    !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
      ? cause.invalid(path, value, `${path} in body must be of type byte: ${JSON.stringify(value)}`)
      : undefined,
  (value, { minimum }, path) =>
    typeof value === "number" && minimum !== undefined && value < minimum
      ? cause.invalid(path, value, `${path} in body should be greater than or equal to ${minimum}`)
      : undefined,
  (value, { maximum }, path) =>
    typeof value === "number" && maximum !== undefined && value > maximum
      ? cause.invalid(path, value, `${path} in body should be less than or equal to ${maximum}`)
      : undefined,
  (value, { minItems }, path) =>
    Array.isArray(value) && minItems !== undefined && value.length < minItems
      ? cause.invalid(path, value.length, `${path} in body should have at least ${minItems} items`)
      : undefined,
  (value, { minProperties }, path) =>
    isRecord(value) && minProperties !== undefined && Object.keys(value).length < minProperties
      ? cause.invalid(
          path,
          Object.keys(value).length,
          `${path} in body should have at least ${minProperties} properties`,
        )
      : undefined,
  (value, { maxProperties }, path) =>
    isRecord(value) && maxProperties !== undefined && Object.keys(value).length > maxProperties
      ? {
          reason: "FieldValueTooMany",
          message: `Too many: ${Object.keys(value).length}: must have at most ${maxProperties} item${maxProperties === 1 ? "" : "s"}`,
          field: path,
        }
      : undefined,
];

/** Two items with the same keys, or the same member of a set twice. */
function duplicates(list: readonly unknown[], schema: Schema, path: string): Cause[] {
  const kind = listKind(schema);
  if (kind === "atomic") return [];
  const keyed = list.map((one) =>
    kind === "set"
      ? one
      : Object.fromEntries(mapKeys(schema).map((key) => [key, isRecord(one) ? one[key] : undefined])),
  );
  return keyed.flatMap((one, index) =>
    keyed.slice(0, index).some((other) => sameValue(one, other))
      ? [cause.duplicate(`${path}[${index}]`, one)]
      : [],
  );
}
