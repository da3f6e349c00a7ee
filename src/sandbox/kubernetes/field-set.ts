import { isRecord } from "../../data.ts";

/**
 * Paths of fields as managedFields has them (FieldsV1 of structured-merge-diff): elements are `f:name`, `k:{"name":"x"}` for an item
 * of a list by its keys, and `v:"x"` for a member of a set.
 */
export type FieldPath = readonly string[];
export type FieldSet = ReadonlySet<string>;

const SEPARATOR = "\u0000";
export const keyOf = (path: FieldPath): string => path.join(SEPARATOR);
export const pathOf = (key: string): FieldPath => (key === "" ? [] : key.split(SEPARATOR));

export const field = (name: string): string => `f:${name}`;
export const item = (keys: Readonly<Record<string, unknown>>): string => `k:${JSON.stringify(keys)}`;
export const member = (value: unknown): string => `v:${JSON.stringify(value)}`;

/** `.metadata.labels.app`, `.spec.containers[name="web"].image`, `.metadata.finalizers["x"]`: a path in a message. */
export function nameOfPath(path: FieldPath): string {
  return path.map(nameOfElement).join("");
}

function nameOfElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith("f:")) return `.${rest}`;
  if (element.startsWith("v:")) return `[=${rest}]`;
  const keys = JSON.parse(rest) as Record<string, unknown>;
  const pairs = Object.entries(keys).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `[${pairs.join(",")}]`;
}

/** A set as the tree of managedFields; `.` marks a path that is owned itself and has owned children. */
export function encodeFields(set: FieldSet): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const key of [...set].toSorted()) {
    let here = root;
    for (const element of pathOf(key)) {
      const next = here[element];
      here = isRecord(next) ? next : (here[element] = {});
    }
    here["."] = {};
  }
  return withoutLonelyDots(root);
}

function withoutLonelyDots(node: Record<string, unknown>): Record<string, unknown> {
  const children = Object.entries(node).filter(([key]) => key !== ".");
  if (children.length === 0) return {};
  const below = children.map(([key, child]) => [key, withoutLonelyDots(child as Record<string, unknown>)]);
  return { ...("." in node && { ".": {} }), ...(Object.fromEntries(below) as object) };
}

export function decodeFields(fields: unknown, path: FieldPath = []): Set<string> {
  const found = new Set<string>();
  const visit = (node: unknown, here: FieldPath) => {
    const entries = isRecord(node) ? Object.entries(node) : [];
    if (entries.length === 0 && here.length > 0) found.add(keyOf(here));
    for (const [key, child] of entries)
      if (key === ".") found.add(keyOf(here));
      else visit(child, [...here, key]);
  };
  visit(fields, path);
  return found;
}

export const union = (...sets: readonly FieldSet[]): Set<string> => new Set(sets.flatMap((set) => [...set]));
export const without = (set: FieldSet, other: FieldSet): Set<string> =>
  new Set([...set].filter((key) => !other.has(key)));
export const both = (set: FieldSet, other: FieldSet): Set<string> =>
  new Set([...set].filter((key) => other.has(key)));
