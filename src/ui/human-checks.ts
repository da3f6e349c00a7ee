import type { CheckResult, CheckStatus, Subject } from "../engine/check.ts";
import { grouped } from "./grouped.ts";
import { troubleLines, withCode } from "./human-error.ts";
import type { DoctorReport } from "./reporter.ts";
import type { Meaning, Sign, Style } from "./style.ts";
import { count, duration, pad, width, wrap } from "./text.ts";

const LOOKS: Readonly<Record<CheckStatus, { sign: Sign; meaning: Meaning }>> = {
  pass: { sign: "done", meaning: "good" },
  fail: { sign: "failed", meaning: "bad" },
  warn: { sign: "warning", meaning: "caution" },
  skip: { sign: "skipped", meaning: "quiet" },
};

const TITLE_COLUMNS = 32;
/** Times stand at the right, as in screens.md. */
const TIME_COLUMNS = 76;

export interface ProofOptions {
  readonly durationMs?: number | undefined;
  /** Each check that passed gets its line, too. */
  readonly all?: boolean;
}

/** The proof after an apply: one line when all is well, else everything that is not. */
export function proofLines(
  results: readonly CheckResult[],
  style: Style,
  { durationMs, all = false }: ProofOptions = {},
): string[] {
  if (results.length === 0) return [];
  const by = (status: CheckStatus) => results.filter((result) => result.status === status).length;
  const verdict =
    by("fail") > 0
      ? `proof: ${by("fail")} of ${count(results.length, "check")} failed`
      : `proof: ${count(by("pass"), "check")} passed${by("skip") > 0 ? `, ${by("skip")} skipped` : ""}`;
  return [
    timed(`  ${signOf(by("fail") > 0 ? "fail" : "pass", style)} ${verdict}`, durationMs, style),
    ...checkLines(all ? results : results.filter(({ status }) => status !== "pass"), style, "    "),
  ];
}

/** Each check on its own, troubles with cause and way out; skipped ones with the same cause share a line. */
export function checkLines(results: readonly CheckResult[], style: Style, indent: string): string[] {
  const skipped = results.filter(({ status }) => status === "skip");
  return [
    ...results
      .filter(({ status }) => status !== "skip")
      .flatMap((result) => resultLines(result, style, indent)),
    ...grouped(skipped, ({ skippedBecause }) => skippedBecause ?? "not judged").flatMap(([because, group]) =>
      skippedLines(because, group, style, indent),
    ),
  ];
}

/** The report of `doctor`: categories in which all is well share a line, the others are told in full. */
export function reportLines({ summary, checks }: DoctorReport, style: Style, all = false): string[] {
  const lines: string[] = [];
  let well: { titles: string[]; checks: number } = { titles: [], checks: 0 };
  const tellWell = () => {
    if (well.checks > 0) lines.push(...wellLine(well, style));
    well = { titles: [], checks: 0 };
  };
  for (const [category, results] of grouped(checks, (result) => result.category)) {
    if (!all && results.every(({ status }) => status === "pass")) {
      well.titles.push(style.text(category));
      well.checks += results.length;
      continue;
    }
    tellWell();
    lines.push(`  ${style.paint("strong", style.text(category))}`, ...categoryLines(results, style, all));
  }
  tellWell();
  return [...lines, "", summaryLine(summary, style)];
}

/** A line with its time at the right; without a time the line as it is. */
export function timed(line: string, ms: number | undefined, style: Style): string {
  if (ms === undefined) return line;
  const time = duration(ms);
  const edge = Math.min(TIME_COLUMNS, style.columns - 4);
  return `${pad(line, edge - time.length - 2)}  ${style.paint("quiet", time)}`;
}

function categoryLines(results: readonly CheckResult[], style: Style, all: boolean): string[] {
  const passed = results.filter(({ status }) => status === "pass");
  if (all || passed.length < 2) return checkLines(results, style, "    ");
  const others = results.filter(({ status }) => status !== "pass");
  return [
    ...checkLines(others, style, "    "),
    `    ${signOf("pass", style)} ${count(passed.length, "other")}`,
  ];
}

function wellLine({ titles, checks }: { titles: string[]; checks: number }, style: Style): string[] {
  const text = `${titles.join(` ${style.sign("dot")} `)}   (${count(checks, "check")})`;
  return wrap(text, style.columns - 4).map(
    (line, index) => `  ${index === 0 ? signOf("pass", style) : " "} ${line}`,
  );
}

function summaryLine(summary: DoctorReport["summary"], style: Style): string {
  const parts = [
    [summary.failed, "failed"],
    [summary.warnings, summary.warnings === 1 ? "warning" : "warnings"],
    [summary.skipped, "skipped"],
    [summary.passed, "passed"],
  ] as const;
  return parts
    .filter(([amount, word]) => amount > 0 || word === "passed")
    .map(([amount, word]) => `${amount} ${word}`)
    .join(` ${style.sign("dot")} `);
}

function resultLines(result: CheckResult, style: Style, indent: string): string[] {
  const subject = result.subject ? style.text(nameOf(result.subject)) : "";
  const title = style.text(result.title);
  const sign = signOf(result.status, style);
  if (result.status === "pass") {
    const evidence = style.text(result.evidence ?? "");
    const what = [pad(title, TITLE_COLUMNS), subject, evidence].filter(Boolean).join("  ").trimEnd();
    return [`${indent}${sign} ${what}`];
  }
  const trouble = {
    code: result.code,
    message: result.message ?? title,
    reason: result.cause,
    fix: result.fix,
  };
  const head = subject === "" ? title : `${subject}: ${title}`;
  const narrow = { ...style, columns: style.columns - indent.length };
  const deeper = `${indent}    `;
  return [
    ...withCode(sign, head, result.code, narrow).map((line) => indent + line),
    ...wrap(style.text(trouble.message), style.columns - deeper.length).map((line) => deeper + line),
    ...troubleLines(trouble, style, deeper),
  ];
}

function skippedLines(
  because: string,
  group: readonly CheckResult[],
  style: Style,
  indent: string,
): string[] {
  const titles = group.map(({ title }) => style.text(title)).join(` ${style.sign("dot")} `);
  const line = `${titles}   ${style.text(because)}`;
  const lines = width(line) <= style.columns - indent.length - 2 ? [line] : [titles, style.text(because)];
  return lines
    .flatMap((text) => wrap(text, style.columns - indent.length - 2))
    .map((text, index) => `${indent}${index === 0 ? signOf("skip", style) : " "} ${text}`);
}

function nameOf({ kind, namespace, name }: Subject): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

function signOf(status: CheckStatus, style: Style): string {
  return style.paint(LOOKS[status].meaning, style.sign(LOOKS[status].sign));
}
