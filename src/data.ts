/** Guards for plain data that comes from outside: API answers, YAML, JSON. Parse at the edge, trust inside. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The record, or an empty one where something else stands. */
export function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** The text, or undefined for anything else and for "". */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textsOf(value: unknown): string[] {
  return listOf(value).filter((entry) => typeof entry === "string");
}

/** `value.a.b.c`, or undefined where the road ends early. */
export function at(value: unknown, ...road: readonly string[]): unknown {
  return road.reduce<unknown>((here, key) => (isRecord(here) ? here[key] : undefined), value);
}

/** JSON, or undefined where the text is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The records in the list at a key; [] where there is none. */
export function recordsAt(value: unknown, key: string): Record<string, unknown>[] {
  return listOf(at(value, key)).filter(isRecord);
}
