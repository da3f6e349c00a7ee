import { BootstrapError } from "../errors.ts";
import type { Era } from "./eras.ts";
import type { ReadGrant, Rule } from "./infisical.ts";
import { fieldsOf, itemsOf, textOf, type Json } from "./json.ts";

type Scope = ReadGrant["scopes"][number];

/** Characters that picomatch gives a meaning: such a path cannot be the fixed part of a glob. */
export const GLOB_SIGNS = /[*?[\]{}()!+@|\\]/;

/** The rules a server of this era is asked to hold for a grant (infisical-api.md 2.2). `/x/**` also matches `/x`. */
export function rulesFor(era: Era, grant: ReadGrant): readonly Rule[] {
  const subjects: [string, readonly string[]][] = [["secrets", era.readActions]];
  if (grant.imports && era.importsAreApart) subjects.push(["secret-imports", ["read"]]);
  return subjects.flatMap(([subject, action]) =>
    grant.scopes.map((scope) => ({ subject, action, inverted: false, conditions: conditionsFor(scope) })),
  );
}

function conditionsFor({ environment, path, subtree }: Scope): Json {
  const clean = path === "/" ? "/" : path.replace(/\/+$/, "");
  if (!subtree) return { environment: { $eq: environment }, secretPath: { $eq: clean } };
  if (GLOB_SIGNS.test(clean)) throw inexpressible(clean);
  const glob = clean === "/" ? "/**" : `${clean}/**`;
  return { environment: { $eq: environment }, secretPath: { $glob: glob } };
}

/**
 * The rules in the one form that privileges of 2024 take (10.2): one action as text, environment as text, path as `$glob`.
 */
export function narrowRules(rules: readonly Rule[]): Json[] {
  return rules.flatMap(({ subject, action, conditions }) => {
    const [environment, secretPath] = [
      equalsOf(conditions["environment"]),
      pathGlob(conditions["secretPath"]),
    ];
    return action.map((one) => ({
      subject,
      action: one,
      conditions: { environment, secretPath: { $glob: secretPath } },
    }));
  });
}

const equalsOf = (condition: unknown): unknown => fieldsOf(condition)["$eq"] ?? condition;

function pathGlob(condition: unknown): string {
  const { $glob, $eq } = fieldsOf(condition);
  if (typeof $glob === "string") return $glob;
  const path = textOf($eq) ?? "";
  if (GLOB_SIGNS.test(path)) throw inexpressible(path);
  return path;
}

function inexpressible(path: string): BootstrapError {
  return new BootstrapError("ESOB-I206", {
    message: `This Infisical server cannot express "${path}" alone.`,
    reason: "the path has characters that it reads as a pattern; nothing was stored",
    fix: { summary: "Choose a folder whose name has only letters, digits, - and _." },
  });
}

/** A rule list as roles and privileges carry it on the wire. */
export function rulesToWire(rules: readonly Rule[]): Json[] {
  return rules.map(({ subject, action, inverted, conditions }) => ({
    subject,
    action,
    ...(inverted ? { inverted } : {}),
    ...(Object.keys(conditions).length > 0 ? { conditions } : {}),
  }));
}

/** Rules as servers send them: action and subject as text or list, `inverted` and `conditions` left out when empty. */
export function rulesFromWire(value: unknown): Rule[] {
  return itemsOf(value).flatMap((item) => {
    const { subject, action, inverted, conditions } = fieldsOf(item);
    return listOf(subject).map((one) => ({
      subject: one,
      action: listOf(action),
      inverted: inverted === true,
      conditions: fieldsOf(conditions),
    }));
  });
}

export function listOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return itemsOf(value).filter((item): item is string => typeof item === "string");
}
