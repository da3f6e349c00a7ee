import { recordOf, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";

/** A target Secret without its values: names of keys, and which of them are no value at all. */
export interface TargetView {
  readonly uid: string | undefined;
  readonly keys: readonly string[];
  readonly empty: readonly string[];
  /** Keys whose value is a text that stands for another: a hidden value, or a reference that was not followed. */
  readonly placeholders: readonly string[];
  readonly immutable: boolean;
  /** `ExternalSecret shop-db`: owners as kind and name. */
  readonly owners: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What Infisical gives to those who may not read a value (eso.md 5, row 65), and a reference left as it stands (`${prod.KEY}`). */
const PLACEHOLDER = /^(<hidden-by-infisical>|\$\{[A-Za-z0-9_.-]+\})$/;

/** Longer values cannot be a placeholder: they are not even decoded. */
const MAX_PLACEHOLDER = 200;

/** The view of a Secret; its values are looked at here and nowhere held. */
export function parseTarget(object: KubeObject): TargetView {
  const entries = Object.entries(recordOf(object["data"])).map(
    ([key, value]) => [key, textOf(value) ?? ""] as const,
  );
  const { metadata } = object;
  return {
    uid: metadata.uid,
    keys: entries.map(([key]) => key),
    empty: entries.filter(([, value]) => value === "").map(([key]) => key),
    placeholders: entries.filter(([, value]) => isPlaceholder(value)).map(([key]) => key),
    immutable: object["immutable"] === true,
    owners: (metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind} ${name}`),
    labels: metadata.labels ?? {},
  };
}

function isPlaceholder(base64: string): boolean {
  return base64.length <= MAX_PLACEHOLDER && PLACEHOLDER.test(Buffer.from(base64, "base64").toString("utf8"));
}
