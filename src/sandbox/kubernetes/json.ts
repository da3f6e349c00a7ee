import { isRecord } from "../../data.ts";

export type Json = Record<string, unknown>;

/** Equal as JSON, whatever the order of keys. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left))
    return (
      Array.isArray(right) && left.length === right.length && left.every((one, i) => sameValue(one, right[i]))
    );
  if (!isRecord(left) || !isRecord(right)) return false;
  const keys = Object.keys(left).filter((key) => left[key] !== undefined);
  const others = Object.keys(right).filter((key) => right[key] !== undefined);
  return keys.length === others.length && keys.every((key) => sameValue(left[key], right[key]));
}

/** The value without keys that hold null or undefined, as Go leaves them out. */
export function compact<T>(value: T): T {
  if (Array.isArray(value)) return value.map((one) => compact<unknown>(one)) as T;
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, one]) => one !== undefined && one !== null);
  return Object.fromEntries(kept.map(([key, one]) => [key, compact(one)])) as T;
}

/** A value of an object as text: "" for nothing, JSON for what has parts. */
export function textFor(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
