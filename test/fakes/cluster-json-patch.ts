import type { JsonPatch } from "../../src/kubernetes/cluster.ts";
import { sameValue } from "./cluster-fields.ts";

/** RFC 6902 on a copy; "conflict" when a `test` does not hold or a path is not there, as the API server answers 422 to both. */
export function patched<T>(object: T, operations: readonly JsonPatch[]): T | "conflict" {
  const copy = structuredClone(object);
  return operations.every((operation) => perform(copy, operation)) ? copy : "conflict";
}

function perform(root: unknown, { op, path, value }: JsonPatch): boolean {
  const keys = path
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop();
  const parent = keys.reduce<unknown>(step, root);
  if (last === undefined || typeof parent !== "object" || parent === null) return false;
  if (Array.isArray(parent)) return performOnList(parent, op, last, value);
  const there = Object.hasOwn(parent, last);
  if (op === "test") return sameValue(Reflect.get(parent, last), value);
  if (op === "remove") return there && Reflect.deleteProperty(parent, last);
  return (op === "add" || there) && Reflect.set(parent, last, value);
}

function performOnList(list: unknown[], op: JsonPatch["op"], key: string, value: unknown): boolean {
  const index = key === "-" ? list.length : Number(key);
  if (op === "test") return sameValue(list[index], value);
  if (op !== "add" && index >= list.length) return false;
  list.splice(index, op === "add" ? 0 : 1, ...(op === "remove" ? [] : [value]));
  return true;
}

function step(here: unknown, key: string): unknown {
  return typeof here === "object" && here !== null ? Reflect.get(here, key) : undefined;
}
