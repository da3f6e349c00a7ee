/**
 * The permission rules and their meaning (infisical-api.md 2.1, confirmed by 10.1): CASL rules with conditions on
 * `environment`, `secretPath` and `secretName`.
 */

import { matchesGlob } from "./glob.ts";
import { permissionDenied, serverError } from "./errors.ts";

/** The operators of a condition. */
interface Operators {
  readonly $eq?: string;
  readonly $ne?: string;
  readonly $in?: readonly string[];
  readonly $glob?: string;
}

export type Conditions = Readonly<Record<string, string | Operators>>;

/** One rule of a role, as stored and as answered. */
export interface Rule {
  readonly subject: string;
  readonly action: readonly string[];
  readonly conditions?: Conditions;
  readonly inverted?: boolean;
}

/** What a rule is asked about: the attributes of one secret, folder or import. */
export type Attributes = Readonly<Record<string, string>>;

const checks: Readonly<Record<string, (operand: unknown, value: string | undefined) => boolean>> = {
  $eq: (operand, value) => operand === value,
  $ne: (operand, value) => operand !== value,
  $in: (operand, value) => Array.isArray(operand) && operand.includes(value),
  $glob: (operand, value) =>
    typeof operand === "string" && value !== undefined && matchesGlob(operand, value),
};

function conditionHolds(condition: string | Operators, value: string | undefined): boolean {
  if (typeof condition === "string") return condition === value;
  const operators = Object.entries(condition);
  // An emptied condition (every operator was stripped) equals nothing (10.1).
  if (operators.length === 0) return false;
  return operators.every(([operator, operand]) => checks[operator]?.(operand, value) ?? false);
}

function ruleApplies(rule: Rule, action: string, subject: string, attributes: Attributes): boolean {
  if (rule.subject !== subject || !rule.action.includes(action)) return false;
  return Object.entries(rule.conditions ?? {}).every(([key, condition]) =>
    conditionHolds(condition, attributes[key]),
  );
}

/** What an actor may do in one organization or project. */
export class Ability {
  readonly rules: readonly Rule[];

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
  }

  /** With `attributes` about one object, without about the kind as a whole (conditions do not count then). */
  can(action: string, subject: string, attributes?: Attributes): boolean {
    const relevant = this.rules.filter((rule) =>
      attributes === undefined
        ? rule.subject === subject && rule.action.includes(action) && rule.inverted !== true
        : ruleApplies(rule, action, subject, attributes),
    );
    return relevant.length > 0 && relevant.every((rule) => rule.inverted !== true);
  }

  /** 403 `You are not allowed to <action> on <subject>` unless it may. */
  require(action: string, subject: string, attributes?: Attributes): void {
    if (!this.can(action, subject, attributes)) throw permissionDenied(action, subject, this.rules);
  }

  /** Is everything `rules` allow within what this actor may do? (The privilege boundary, 1.7 and 2.3.) */
  covers(rules: readonly Rule[]): boolean {
    return rules
      .filter((rule) => rule.inverted !== true)
      .every((rule) => rule.action.every((action) => this.#coversAction(rule, action)));
  }

  #coversAction(wanted: Rule, action: string): boolean {
    return this.rules.some(
      (own) =>
        own.inverted !== true &&
        own.subject === wanted.subject &&
        own.action.includes(action) &&
        Object.entries(own.conditions ?? {}).every(([key, condition]) =>
          isWithin(wanted.conditions?.[key], condition),
        ),
    );
  }
}

/** Does `outer` allow every value `inner` allows? Sure cases only. */
function isWithin(inner: string | Operators | undefined, outer: string | Operators): boolean {
  if (inner === undefined) return false;
  if (JSON.stringify(inner) === JSON.stringify(outer)) return true;
  const values = typeof inner === "string" ? [inner] : inner.$eq === undefined ? inner.$in : [inner.$eq];
  if (values !== undefined) return values.every((value) => conditionHolds(outer, value));
  const glob = typeof inner === "string" ? undefined : inner.$glob;
  return (
    glob !== undefined && typeof outer !== "string" && conditionHolds(outer, glob.replace(/\/?\*+$/u, ""))
  );
}

/** The values a condition may name: `{{identity.id}}` and the like. */
export type TemplateValues = Readonly<Record<string, string>>;

/**
 * Fills `{{identity.…}}` in conditions. E0 has no such thing and fails on every use of such a role with 500 (10.1);
 * later an unknown name becomes empty.
 */
export function fillTemplates(rules: readonly Rule[], values: TemplateValues | undefined): readonly Rule[] {
  const text = JSON.stringify(rules);
  if (!text.includes("{{")) return rules;
  if (values === undefined) throw serverError();
  const filled = text.replaceAll(/\{\{\s*([\w.-]+)\s*\}\}/gu, (_, name: string) =>
    JSON.stringify(values[name] ?? "").slice(1, -1),
  );
  return JSON.parse(filled) as Rule[];
}
