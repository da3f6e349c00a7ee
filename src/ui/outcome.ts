import type { Code } from "../codes.ts";
import type { CheckResult, Subject } from "../engine/check.ts";
import { isBootstrapError, reasonOf, type Fix } from "../errors.ts";
import { scrub } from "../secret.ts";
import type { CommandResult } from "./reporter.ts";
import { harmless } from "./text.ts";

/** Why nothing could be judged or done, as every format tells it: an expected failure, or a bug of ours (exit 70). */
export interface Failure {
  readonly code: Code | "BUG";
  readonly message: string;
  /** Our own line on why; the foreign error behind it is never shown. */
  readonly cause: string | undefined;
  readonly fix: Fix;
  readonly docs: string;
  readonly exitCode: number;
}

/** What was found on one cluster. */
export interface Section {
  /** Named where there are several. */
  readonly cluster: string | undefined;
  readonly checks: readonly CheckResult[];
  readonly failure: Failure | undefined;
}

/** The one model of all document formats. */
export type Outcome = readonly Section[];

export function failureOf(error: unknown): Failure {
  if (!isBootstrapError(error))
    return {
      code: "BUG",
      message: `This is a bug in eso-bootstrap: ${scrub(reasonOf(error).split("\n", 1)[0] ?? "")}`,
      cause: undefined,
      fix: { summary: "Please report it, with what `--debug` shows." },
      docs: "docs/troubleshooting.md#bug",
      exitCode: 70,
    };
  const { code, message, reason, fix, docs, exitCode } = error;
  return { code, message, cause: reason, fix, docs, exitCode };
}

/** The checks of a result, by cluster. */
export function outcomeOf(result: CommandResult): Outcome {
  if (result.kind !== "List") return [sectionOf(undefined, result)];
  return result.items.map(({ cluster, result: item }) =>
    item.kind === "Error"
      ? { cluster, checks: [], failure: failureOf(item.error) }
      : sectionOf(cluster, item),
  );
}

function sectionOf(cluster: string | undefined, result: Exclude<CommandResult, { kind: "List" }>): Section {
  const none = { cluster, checks: [], failure: undefined };
  if (result.kind === "DoctorReport") return { ...none, checks: result.report.checks };
  if (result.kind !== "ApplyResult") return none;
  const { checks, failed } = result.result;
  return { cluster, checks, failure: failed && failureOf(failed.error) };
}

/** What is wrong: causes first, then what only follows from them, then warnings; as places for findings are few. */
export function problemsOf(checks: readonly CheckResult[]): CheckResult[] {
  const rank = ({ status, follows }: CheckResult) => (status === "warn" ? 2 : 0) + (follows ? 1 : 0);
  return checks
    .filter(({ status }) => status === "fail" || status === "warn")
    .toSorted((left, right) => rank(left) - rank(right));
}

/** A problem in plain lines: what happened, why, what to do (said at the cause only), where to read more. */
export function troubleText(trouble: CheckResult | Failure): string {
  const { code, cause, fix } = trouble;
  const check = "status" in trouble ? trouble : undefined;
  const follows = check?.follows;
  const lines = [
    trouble.message ?? check?.title,
    cause,
    follows && `Follows from ${follows}.`,
    follows ? undefined : fix && `Fix: ${fix.summary}`,
    follows ? undefined : fix?.command,
    code === "BUG" ? undefined : `More: eso-bootstrap explain ${code}`,
  ];
  return harmless(lines.filter((line) => line !== undefined && line !== "").join("\n"));
}

/** `SecretStore/shop/infisical`, without the namespace where it has none. */
export function pathOf({ kind, namespace, name }: Subject): string {
  return [kind, namespace, name].filter((part) => part !== undefined).join("/");
}

/** The title, with the subject where it does not name it. */
export function titleOf({ title, subject }: Pick<CheckResult, "title" | "subject">): string {
  return !subject || isNamedIn(title, subject) ? title : `${title}: ${pathOf(subject)}`;
}

export function isNamedIn(title: string, { kind, namespace, name }: Subject): boolean {
  return title.includes(namespace === undefined ? `${kind} ${name}` : `${namespace}/${name}`);
}

/** `1 cause`, `2 consequences`, `1 warning`, `3 skipped`; where nothing is wrong, what passed. */
export function tally(checks: readonly CheckResult[]): string[] {
  const amount = (matches: (check: CheckResult) => boolean) => checks.filter(matches).length;
  const causes = amount(({ status, follows }) => status === "fail" && !follows);
  const consequences = amount(({ status, follows }) => status === "fail" && follows !== undefined);
  const warnings = amount(({ status }) => status === "warn");
  const wrong = causes + consequences + warnings > 0;
  const parts: readonly (readonly [number, string, string])[] = [
    [wrong ? 0 : amount(({ status }) => status === "pass"), "passed", "passed"],
    [causes, "cause", "causes"],
    [consequences, "consequence", "consequences"],
    [warnings, "warning", "warnings"],
    [amount(({ status }) => status === "skip"), "skipped", "skipped"],
  ];
  const told = parts.filter(([count]) => count > 0);
  return told.length === 0
    ? ["nothing to check"]
    : told.map(([count, one, many]) => `${count} ${count === 1 ? one : many}`);
}
