import { isRecord } from "../../data.ts";
import { field, type FieldPath, item, keyOf, member } from "./field-set.ts";
import { type Json, sameValue } from "./json.ts";
import { fieldSchema, isAtomicMap, listKind, mapKeys, resolve, type Schema } from "./schema.ts";

/** What changed between two states of an object, as paths (structured-merge-diff, typed.Comparison). */
export interface Comparison {
  readonly added: Set<string>;
  readonly modified: Set<string>;
  readonly removed: Set<string>;
}

/** The items of a list that is merged item by item, by their path elements and in order; undefined for every other value. */
export function itemsOf(value: unknown, schema: Schema): ReadonlyMap<string, unknown> | undefined {
  const kind = listKind(schema);
  if (!Array.isArray(value) || kind === "atomic") return undefined;
  return new Map(value.map((one) => [elementOf(one, schema), one]));
}

function elementOf(one: unknown, schema: Schema): string {
  if (listKind(schema) === "set") return member(one);
  const properties = resolve(schema.items ?? {}).properties ?? {};
  const keys = mapKeys(schema).map((key) => {
    const given = isRecord(one) ? one[key] : undefined;
    return [key, given ?? properties[key]?.default] as const;
  });
  return item(Object.fromEntries(keys.filter(([, value]) => value !== undefined)));
}

/** The children of a value that is merged by parts: fields of a map, items of a list. undefined: the value is a leaf. */
export function partsOf(
  value: unknown,
  given: Schema,
): ReadonlyMap<string, readonly [unknown, Schema]> | undefined {
  const schema = resolve(given);
  if (isRecord(value) && !isAtomicMap(schema))
    return new Map(
      Object.entries(value).map(([key, one]) => [field(key), [one, fieldSchema(schema, key) ?? {}] as const]),
    );
  const items = itemsOf(value, schema);
  return items && new Map([...items].map(([element, one]) => [element, [one, schema.items ?? {}] as const]));
}

/** The fields that somebody owns by applying this (typed.ToFieldSet). */
export function fieldsOf(value: unknown, schema: Schema): Set<string> {
  const set = new Set<string>();
  const visit = (here: unknown, its: Schema, path: FieldPath) => {
    const parts = partsOf(here, its);
    if (!parts) {
      set.add(keyOf(path));
      return;
    }
    if (parts.size === 0 && path.length > 0) set.add(keyOf(path));
    const declared = resolve(its).properties;
    for (const [element, [one, below]] of parts) {
      const next = [...path, element];
      visit(one, below, next);
      if (!element.startsWith("f:") || !declared?.[element.slice(2)]) set.add(keyOf(next));
    }
  };
  visit(value, schema, []);
  return set;
}

/** Paths that came, changed or went. */
export function compare(left: unknown, right: unknown, schema: Schema): Comparison {
  const result: Comparison = { added: new Set(), modified: new Set(), removed: new Set() };
  const all = (value: unknown, its: Schema, path: FieldPath, into: Set<string>) => {
    into.add(keyOf(path));
    for (const [element, [one, below]] of partsOf(value, its) ?? [])
      all(one, below, [...path, element], into);
  };
  const visit = (before: unknown, after: unknown, its: Schema, path: FieldPath) => {
    const [old, now] = [partsOf(before, its), partsOf(after, its)];
    if (!old || !now) {
      if (!sameValue(before, after)) result.modified.add(keyOf(path));
      return;
    }
    for (const [element, [one, below]] of now) {
      const was = old.get(element);
      const next = [...path, element];
      if (was) visit(was[0], one, below, next);
      else all(one, below, next, result.added);
    }
    for (const [element, [one, below]] of old)
      if (!now.has(element)) all(one, below, [...path, element], result.removed);
  };
  visit(left, right, schema, []);
  return result;
}

/** Lays what is applied over what is there: maps and lists by parts, everything else as a whole. */
export function overlay(live: unknown, applied: unknown, given: Schema): unknown {
  const schema = resolve(given);
  if (isRecord(live) && isRecord(applied) && !isAtomicMap(schema)) {
    const merged: Json = { ...live };
    for (const [key, value] of Object.entries(applied))
      merged[key] = key in live ? overlay(live[key], value, fieldSchema(schema, key) ?? {}) : value;
    return merged;
  }
  const [old, now] = [itemsOf(live, schema), itemsOf(applied, schema)];
  if (!old || !now) return applied;
  const merged = new Map(old);
  for (const [element, value] of now)
    merged.set(element, old.has(element) ? overlay(old.get(element), value, schema.items ?? {}) : value);
  return [...merged.values()];
}

/** Takes paths away; a map or list that this leaves empty goes too. */
export function removePaths(
  value: unknown,
  paths: ReadonlySet<string>,
  given: Schema,
  path: FieldPath = [],
): unknown {
  const schema = resolve(given);
  const parts = partsOf(value, schema);
  if (!parts || parts.size === 0) return value;
  const kept: [string, unknown][] = [];
  for (const [element, [one, below]] of parts) {
    const next = [...path, element];
    if (paths.has(keyOf(next))) continue;
    const left = removePaths(one, paths, below, next);
    if (left !== undefined) kept.push([element, left]);
  }
  if (kept.length === 0) return undefined;
  if (Array.isArray(value)) return kept.map(([, one]) => one);
  return Object.fromEntries(kept.map(([element, one]) => [element.slice(2), one]));
}
