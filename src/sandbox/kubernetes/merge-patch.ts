import { isRecord, listOf } from "../../data.ts";
import { type Json, sameValue } from "./json.ts";
import { fieldSchema, resolve, type Schema } from "./schema.ts";

/** RFC 7386. */
export function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Json = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key];
    else result[key] = mergePatched(result[key], value);
  return result;
}

const DIRECTIVE = "$patch";

/**
 * Strategic merge patch: lists with a merge key are merged item by item, `$patch: delete|replace`, `$deleteFromPrimitiveList/…`,
 * `$retainKeys` and `$setElementOrder/…` are obeyed (the order only for new items, which are appended).
 */
export function strategicPatched(target: unknown, patch: unknown, given: Schema): unknown {
  if (!isRecord(patch)) return patch;
  const schema = resolve(given);
  if (patch[DIRECTIVE] === "replace") return withoutDirectives(patch);
  if (patch[DIRECTIVE] === "delete") return {};
  const result: Json = isRecord(target) ? retained({ ...target }, patch["$retainKeys"]) : {};
  for (const [key, value] of Object.entries(patch)) {
    const below = fieldSchema(schema, key) ?? {};
    if (key.startsWith("$deleteFromPrimitiveList/")) {
      const name = key.slice("$deleteFromPrimitiveList/".length);
      result[name] = listOf(result[name]).filter(
        (one) => !listOf(value).some((gone) => sameValue(one, gone)),
      );
    } else if (key.startsWith("$")) continue;
    else if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergedList(listOf(result[key]), value, resolve(below));
    else result[key] = strategicPatched(result[key], value, below);
  }
  return result;
}

function retained(target: Json, keys: unknown): Json {
  if (!Array.isArray(keys)) return target;
  return Object.fromEntries(Object.entries(target).filter(([key]) => keys.includes(key)));
}

function withoutDirectives(patch: Json): Json {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith("$")));
}

function mergedList(target: readonly unknown[], patch: readonly unknown[], schema: Schema): unknown[] {
  const key = schema["x-kubernetes-patch-merge-key"];
  if (schema["x-kubernetes-patch-strategy"] !== "merge") return patch.map(clean);
  if (key === undefined)
    return [...target, ...patch.filter((one) => !target.some((other) => sameValue(one, other)))];
  if (patch.some((one) => isRecord(one) && one[DIRECTIVE] === "replace" && Object.keys(one).length === 1))
    return patch.filter((one) => !(isRecord(one) && DIRECTIVE in one)).map(clean);
  const result = [...target];
  for (const one of patch) {
    if (!isRecord(one)) continue;
    const index = result.findIndex((other) => isRecord(other) && sameValue(other[key], one[key]));
    if (one[DIRECTIVE] === "delete") {
      if (index >= 0) result.splice(index, 1);
    } else if (index < 0) result.push(strategicPatched({}, one, schema.items ?? {}));
    else result[index] = strategicPatched(result[index], one, schema.items ?? {});
  }
  return result;
}

const clean = (value: unknown): unknown => (isRecord(value) ? withoutDirectives(value) : value);
