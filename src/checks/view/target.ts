import { recordOf, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";

/** A target Secret without its values: names of keys, and which of them are no value at all. */
export interface TargetView {
  readonly keys: readonly string[];
  readonly empty: readonly string[];
  /** Keys that hold what Infisical gives to those who may not read a value (eso.md 5, row 65). */
  readonly hidden: readonly string[];
  /** Keys whose value still refers to another secret, as `${prod.shop.KEY}`. */
  readonly references: readonly string[];
}

const HIDDEN = "<hidden-by-infisical>";

/** Alone `${KEY}`, within other text only with its environment: plain `${HOME}` is a shell's business. */
const REFERENCE = /^\$\{[\w.-]+\}$|\$\{[a-z0-9-]+(\.[\w-]+)+\}/;

/** Longer values are not decoded: files and certificates refer to nothing. */
const LONGEST = 2_000;

/** The view of a Secret; its values are looked at here and nowhere held. */
export function parseTarget(object: KubeObject): TargetView {
  const entries = Object.entries(recordOf(object["data"])).map(
    ([key, value]) => [key, textOf(value) ?? ""] as const,
  );
  return {
    keys: entries.map(([key]) => key),
    empty: entries.filter(([, value]) => value === "").map(([key]) => key),
    hidden: entries.filter(([, value]) => textIn(value) === HIDDEN).map(([key]) => key),
    references: entries.filter(([, value]) => REFERENCE.test(textIn(value))).map(([key]) => key),
  };
}

function textIn(base64: string): string {
  return base64.length <= LONGEST ? Buffer.from(base64, "base64").toString("utf8") : "";
}
