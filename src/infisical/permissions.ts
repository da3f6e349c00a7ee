import type { Rule } from "./infisical.ts";
import { fieldsOf } from "./json.ts";
import { GLOB_SIGNS, listOf } from "./rules.ts";

export type Comparison = "same" | "narrower" | "wider" | "different";

/**
 * What the stored rules allow, next to what was asked: by meaning, not by text. Servers reorder, pack and shorten rules, and
 * one of 2024 drops conditions and `inverted` (infisical-api.md 10.1). `wider`: all that was asked, and more; `different`:
 * more here and less there.
 */
export function compareRules(asked: readonly Rule[], got: readonly Rule[]): Comparison {
  const [wanted, stored] = [splitGrants(asked), splitGrants(got)];
  const isLess = lacks(stored.allowed, wanted.allowed) || lacks(wanted.forbidden, stored.forbidden);
  const isMore = lacks(wanted.allowed, stored.allowed) || lacks(stored.forbidden, wanted.forbidden);
  if (isLess && isMore) return "different";
  if (isLess) return "narrower";
  return isMore ? "wider" : "same";
}

/** One action on one subject; each condition is a list of operators that must all hold. */
interface Grant {
  readonly subject: string;
  readonly action: string;
  readonly conditions: ReadonlyMap<string, readonly Operator[]>;
}

interface Operator {
  readonly name: string;
  readonly values: readonly string[];
}

/** The legacy action means both new ones (2.2). */
const MEANS: Readonly<Record<string, readonly string[]>> = {
  "secrets read": ["describeSecret", "readValue"],
};

function splitGrants(rules: readonly Rule[]) {
  return {
    allowed: rules.filter(({ inverted }) => !inverted).flatMap(grantsOf),
    forbidden: rules.filter(({ inverted }) => inverted).flatMap(grantsOf),
  };
}

function grantsOf({ subject, action, conditions }: Rule): Grant[] {
  const given = Object.entries(conditions).filter(
    ([, condition]) => condition !== undefined && condition !== null,
  );
  const normal = new Map(given.map(([key, condition]) => [key, operatorsOf(condition)]));
  const actions = action.flatMap((one) => MEANS[`${subject} ${one}`] ?? [one]);
  return actions.map((one) => ({ subject, action: one, conditions: normal }));
}

/** One spelling per meaning: a text is `$eq`, and so are a glob without signs and an `$in` of one. */
function operatorsOf(condition: unknown): Operator[] {
  if (typeof condition === "string") return [{ name: "$eq", values: [condition] }];
  return Object.entries(fieldsOf(condition)).map(([name, value]) => {
    const texts = listOf(value);
    const values = (texts.length > 0 ? texts : [JSON.stringify(value)]).toSorted();
    const isPlain =
      values.length === 1 && (name === "$in" || (name === "$glob" && !GLOB_SIGNS.test(values[0] ?? "")));
    return { name: isPlain ? "$eq" : name, values };
  });
}

/** Some of `needed` is not within any of `there`. */
function lacks(there: readonly Grant[], needed: readonly Grant[]): boolean {
  return !needed.every((grant) => there.some((other) => isWithin(grant, other)));
}

function isWithin(grant: Grant, other: Grant): boolean {
  if (grant.subject !== other.subject || grant.action !== other.action) return false;
  return [...other.conditions].every(([key, outer]) => {
    const inner = grant.conditions.get(key);
    return inner !== undefined && conditionWithin(inner, outer);
  });
}

/** A condition without operators never holds (10.1: an unknown operator is stripped to `{}`): it is within anything. */
function conditionWithin(inner: readonly Operator[], outer: readonly Operator[]): boolean {
  if (inner.length === 0 || outer.length === 0) return inner.length === 0;
  return outer.every((wide) => inner.some((narrow) => operatorWithin(narrow, wide)));
}

function operatorWithin(narrow: Operator, wide: Operator): boolean {
  if (narrow.name === wide.name && narrow.values.join("\n") === wide.values.join("\n")) return true;
  const isExact = narrow.name === "$eq" || narrow.name === "$in";
  if (wide.name === "$in") return isExact && narrow.values.every((value) => wide.values.includes(value));
  if (wide.name === "$ne") return isExact && !narrow.values.some((value) => wide.values.includes(value));
  if (wide.name !== "$glob" || !(isExact || narrow.name === "$glob")) return false;
  return narrow.values.every((value) => isBelow(value.replace(/\/\*\*?$/, ""), wide.values[0] ?? ""));
}

/** `/x/**` holds for `/x` and all below it (2.1). Other patterns are not judged. */
function isBelow(path: string, pattern: string): boolean {
  if (!pattern.endsWith("/**")) return false;
  const base = pattern.slice(0, -"/**".length);
  if (GLOB_SIGNS.test(base + path)) return false;
  return path === base || path.startsWith(`${base}/`);
}

/**
 * Whether rules let their bearer do `action` on `subject` somewhere (CASL: `manage` is any action, `all` any subject). A
 * rule with conditions counts as yes; only a prohibition without conditions says no again.
 */
export function allows(rules: readonly Rule[], action: string, subject: string): boolean {
  const fitting = rules.filter(
    (rule) =>
      (rule.subject === subject || rule.subject === "all") &&
      rule.action.some((one) => covers(one, action, rule.subject)),
  );
  const isForbidden = fitting.some(
    ({ inverted, conditions }) => inverted && Object.keys(conditions).length === 0,
  );
  return !isForbidden && fitting.some(({ inverted }) => !inverted);
}

function covers(granted: string, wanted: string, subject: string): boolean {
  if (granted === wanted || granted === "manage" || granted === "*") return true;
  return MEANS[`${subject} ${granted}`]?.includes(wanted) ?? false;
}
