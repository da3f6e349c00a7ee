import { isRecord } from "../../src/data.ts";

/** Path of a leaf as its keys; written `.spec.replicas` in messages. */
export type Path = readonly string[];

export const pathKey = (path: Path): string => JSON.stringify(path);
export const pathFromKey = (key: string): Path => JSON.parse(key);

/** `.metadata.labels.app`: how a FieldManagerConflict names a field. */
export function fieldName(path: Path): string {
  return path.map((key) => `.${key}`).join("");
}

/** What identifies an object or belongs to the server is owned by nobody. */
const UNOWNED = new Set(
  ["apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.managedFields"].concat(
    ["uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp"].map(
      (field) => `metadata.${field}`,
    ),
  ),
);

/**
 * The leaves that a manager owns by sending this object. Lists are one leaf each: good enough for everything we send, where
 * the real server would merge lists of type map by their keys.
 */
export function leavesOf(value: unknown, path: Path = []): Path[] {
  if (UNOWNED.has(path.join("."))) return [];
  if (!isRecord(value)) return [path];
  const keys = Object.keys(value);
  if (keys.length === 0 && path.length > 0) return [path];
  return keys.flatMap((key) => leavesOf(value[key], [...path, key]));
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((here, key) => (isRecord(here) ? here[key] : undefined), value);
}

export function setAt(root: Record<string, unknown>, path: Path, value: unknown): void {
  const last = path.at(-1);
  if (last === undefined) return;
  let here = root;
  for (const key of path.slice(0, -1)) {
    const next = here[key];
    here = isRecord(next) ? next : (here[key] = {});
  }
  here[last] = value;
}

/** Removes a leaf, and the parents that it leaves empty. */
export function removeAt(root: Record<string, unknown>, path: Path): void {
  const last = path.at(-1);
  if (last === undefined) return;
  const parent = path.length === 1 ? root : valueAt(root, path.slice(0, -1));
  if (!isRecord(parent)) return;
  delete parent[last];
  if (path.length > 1 && Object.keys(parent).length === 0) removeAt(root, path.slice(0, -1));
}

/** Equal as JSON, whatever the order of keys. */
export function sameValue(left: unknown, right: unknown): boolean {
  return stable(left) === stable(right);
}

function stable(value: unknown): string {
  return (
    JSON.stringify(value, (_key, entry: unknown) =>
      isRecord(entry)
        ? Object.fromEntries(Object.entries(entry).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : entry,
    ) ?? "undefined"
  );
}
