import type { KubeObject } from "./cluster.ts";

/** Guards for what comes from outside (API answers, kubeconfig files). Parse here, trust inside. */
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

/** True for anything with apiVersion, kind and a name, which is all that `KubeObject` promises. */
export function isKubeObject(value: unknown): value is KubeObject {
  return (
    textOf(at(value, "apiVersion")) !== undefined &&
    textOf(at(value, "kind")) !== undefined &&
    textOf(at(value, "metadata", "name")) !== undefined
  );
}

/** JSON, or undefined where the text is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
