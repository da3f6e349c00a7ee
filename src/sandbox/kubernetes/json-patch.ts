import { sameValue } from "./json.ts";

/** One operation of RFC 6902. */
export interface Operation {
  readonly op: "add" | "remove" | "replace" | "test" | "move" | "copy";
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** A patch that does not fit the object: `message` is what evanphx/json-patch says. */
export class PatchError extends Error {
  override readonly name = "PatchError";
}

/** RFC 6902 on a copy; throws a PatchError where a `test` does not hold or a path is not there. */
export function patched<T>(object: T, operations: readonly Operation[]): T {
  const root = { document: structuredClone(object) as unknown };
  for (const operation of operations) perform(root, operation);
  return root.document as T;
}

interface Root {
  document: unknown;
}

const keysOf = (path: string): string[] =>
  path
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));

/** A path that leads nowhere: the API server tells no more of it. */
const missing = (path: string): PatchError => new PatchError(`missing path: ${path}`);

function perform(root: Root, operation: Operation): void {
  const { op, path, from = "", value } = operation;
  switch (op) {
    case "test":
      if (!sameValue(read(root, path), value))
        throw new PatchError(`testing value ${path} failed: test failed`);
      return;
    case "add":
      return put(root, path, value, true);
    case "replace":
      if (read(root, path) === undefined) throw missing(path);
      return put(root, path, value, false);
    case "remove":
      return remove(root, path);
    case "copy":
      return put(root, path, structuredClone(present(root, from)), true);
    case "move": {
      const moved = present(root, from);
      remove(root, from);
      return put(root, path, moved, true);
    }
    default:
      throw new PatchError(`Unexpected kind: ${String(op)}`);
  }
}

function present(root: Root, path: string): unknown {
  const found = read(root, path);
  if (found === undefined) throw missing(path);
  return found;
}

function read(root: Root, path: string): unknown {
  return keysOf(path).reduce<unknown>(step, root.document);
}

function step(here: unknown, key: string): unknown {
  if (typeof here !== "object" || here === null) return undefined;
  return Array.isArray(here) ? (here[Number(key)] as unknown) : (Reflect.get(here, key) as unknown);
}

/** Where the last key of a path stands. */
function placeOf(root: Root, path: string): readonly [parent: object, key: string] {
  const keys = keysOf(path);
  const last = keys.pop();
  const parent = keys.reduce<unknown>(step, root.document);
  if (last === undefined || typeof parent !== "object" || parent === null) throw missing(path);
  return [parent, last];
}

function put(root: Root, path: string, value: unknown, insert: boolean): void {
  if (path === "") {
    root.document = value;
    return;
  }
  const [parent, key] = placeOf(root, path);
  if (!Array.isArray(parent)) {
    Reflect.set(parent, key, value);
    return;
  }
  const index = key === "-" ? parent.length : Number(key);
  if (!Number.isInteger(index) || index < 0 || index > parent.length) throw missing(path);
  parent.splice(index, insert ? 0 : 1, value);
}

function remove(root: Root, path: string): void {
  const [parent, key] = placeOf(root, path);
  if (!(key in parent)) throw missing(path);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else Reflect.deleteProperty(parent, key);
}
