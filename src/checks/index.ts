import type { Check, CheckResult } from "../engine/check.ts";
import type { CheckContext } from "./context.ts";
import { clusterChecks } from "./cluster.ts";
import { esoChecks } from "./eso.ts";
import { identityChecks } from "./identity.ts";
import { infisicalChecks } from "./infisical.ts";
import { limitChecks } from "./limits.ts";
import { loginChecks } from "./login.ts";
import { machineChecks } from "./machine.ts";
import { reviewerChecks } from "./reviewer.ts";
import { secretChecks } from "./secrets.ts";
import { readableCheck } from "./readable.ts";
import { storeSpecChecks } from "./store-spec.ts";
import { storeChecks } from "./stores.ts";

export interface Category {
  /** As `--only` and `--skip` take it. */
  readonly id: string;
  readonly title: string;
  /** One by one where they are many. */
  checks(context: CheckContext): Iterable<Check<CheckContext>>;
}

/** Everything that `doctor` looks at, in the order of the report: causes before what follows from them. */
export const CATEGORIES: readonly Category[] = [
  { id: "machine", title: "this machine", checks: machineChecks },
  { id: "cluster", title: "cluster", checks: (context) => [...clusterChecks(context), readableCheck] },
  { id: "eso", title: "ESO", checks: esoChecks },
  { id: "infisical", title: "Infisical", checks: infisicalChecks },
  { id: "store-spec", title: "what the stores say", checks: storeSpecChecks },
  { id: "reviewer", title: "reviewer", checks: reviewerChecks },
  { id: "identity", title: "identity", checks: identityChecks },
  { id: "login", title: "login as ESO does", checks: loginChecks },
  { id: "stores", title: "stores", checks: storeChecks },
  { id: "secrets", title: "secrets", checks: secretChecks },
  { id: "limits", title: "limits", checks: limitChecks },
];

export interface Choice {
  /** Categories and codes; empty: everything. */
  readonly only: readonly string[];
  readonly skip: readonly string[];
}

/** The checks to run: the chosen categories and whatever they need, without those that are skipped. A check left out blocks nobody. */
export function checksFor(context: CheckContext, { only, skip }: Choice): Check<CheckContext>[] {
  const categories = CATEGORIES.filter(({ id }) => !skip.includes(id));
  const all: (Check<CheckContext> & { readonly categoryId: string })[] = [];
  for (const { id, title, checks } of categories)
    for (const check of checks(context)) all.push({ ...check, category: title, categoryId: id });
  // A code may come from any check: only its results are chosen, afterwards.
  if (!only.some((word) => CATEGORIES.some(({ id }) => id === word)) || only.some(isCode)) return all;
  const wanted = new Set<string>();
  const want = (check: Check<CheckContext>) => {
    if (wanted.has(check.id)) return;
    wanted.add(check.id);
    for (const id of check.needs ?? []) all.filter((other) => other.id === id).forEach(want);
  };
  all.filter(({ categoryId }) => only.includes(categoryId)).forEach(want);
  return all.filter(({ id }) => wanted.has(id));
}

/** Categories that give the codes of an area: where none of them has the code that was asked for, they say why not. */
const AREAS: Readonly<Record<string, readonly string[]>> = {
  L: ["machine"],
  K: ["cluster"],
  H: ["machine", "eso"],
  I: ["infisical", "store-spec", "identity", "limits"],
  R: ["reviewer", "identity", "login"],
  S: ["cluster", "store-spec", "login", "stores"],
  E: ["stores", "secrets"],
};

/**
 * What of the results is shown: a parent that was not asked for only where it explains why another one is skipped. Of a code
 * that was asked for, also what was found in its place: nothing at all would look like health.
 */
export function shown(results: readonly CheckResult[], { only, skip }: Choice): CheckResult[] {
  const titles = new Map(CATEGORIES.map(({ id, title }) => [title, id]));
  const codes = only.filter(isCode);
  return results.flatMap((result): CheckResult[] => {
    const category = titles.get(result.category) ?? "";
    if (skip.includes(result.code)) return [];
    if (only.length === 0 || only.includes(result.code) || only.includes(category)) return [result];
    if (codes.some((code) => AREAS[code.charAt(5)]?.includes(category))) return [inItsPlace(result)];
    return result.status === "fail" && codes.length === 0 ? [result] : [];
  });
}

function inItsPlace(result: CheckResult): CheckResult {
  if (result.status === "pass" || result.status === "skip") return result;
  const { code, id, category, title, severity, subject, docs, durationMs } = result;
  return {
    code,
    id,
    category,
    title,
    severity,
    docs,
    durationMs,
    ...(subject && { subject }),
    status: "skip",
    skippedBecause: `not judged: ${code} was found in its place`,
  };
}

const isCode = (word: string) => word.startsWith("ESOB-");
