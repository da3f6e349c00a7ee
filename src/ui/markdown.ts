import type { CheckResult, CheckStatus } from "../engine/check.ts";
import type { Format } from "./document.ts";
import { grouped } from "../grouped.ts";
import { pathOf, problemsOf, tally, titleOf, type Failure, type Section } from "./outcome.ts";
import { clamp, harmless, oneLine } from "./text.ts";

/** GitHub takes comments of 65,536 characters. */
const LIMIT = 65_000;
/** Of one foreign text. */
const TEXT_LIMIT = 1500;
/** By it a CI job finds the comment of its last run. */
const MARK = "<!-- eso-bootstrap doctor -->";
const CUT = "\n_More did not fit here: run `eso-bootstrap doctor` to see all._\n";

/** For a comment or a step summary: a table of what is wrong, each problem with cause and fix, what passed folded away. */
export const markdownDocument: Format = (outcome) => {
  let text = `${MARK}\n`;
  for (const block of outcome.flatMap(blocksOf)) {
    if (text.length + block.length + CUT.length > LIMIT) return text + CUT;
    text += block;
  }
  return text;
};

/** Whole pieces, so that a cut leaves no table or fold open. */
function blocksOf({ cluster, checks, failure }: Section): string[] {
  const name = cluster === undefined ? "" : ` · ${escaped(cluster)}`;
  if (failure)
    return [
      `## ✖ eso-bootstrap doctor${name} could not judge\n\n`,
      troubleBlock(failure),
      ...(checks.length > 0 ? blocksOf({ cluster, checks, failure: undefined }) : []),
    ];
  const problems = problemsOf(checks);
  const sign = problems.length === 0 ? "✔" : problems.some(({ status }) => status === "fail") ? "✖" : "⚠";
  return [
    `## ${sign} eso-bootstrap doctor${name}: ${tally(checks).join(", ")}\n\n`,
    problems.length === 0
      ? ""
      : `| | Code | Where | What |\n|---|---|---|---|\n${fitted(problems.map(rowOf), "| | | | … |\n")}\n`,
    ...problems.filter(({ follows }) => !follows).map(troubleBlock),
    ...folded(
      "skipped",
      checks.filter(({ status }) => status === "skip"),
    ),
    ...folded(
      "passed",
      checks.filter(({ status }) => status === "pass"),
    ),
  ];
}

function rowOf(check: CheckResult): string {
  const { status, code, subject, message, title, follows } = check;
  const what = escaped(clamp(oneLine(message ?? title), 300)) + (follows ? ` (follows from ${follows})` : "");
  return `| ${SIGNS[status]} | ${code} | ${subject ? codeSpan(pathOf(subject)) : ""} | ${what} |\n`;
}

const SIGNS: Readonly<Record<CheckStatus, string>> = { pass: "✔", fail: "✖", warn: "⚠", skip: "↷" };

function troubleBlock(trouble: CheckResult | Failure): string {
  const { code, cause, fix } = trouble;
  const check = "status" in trouble ? trouble : undefined;
  const subject = check?.subject;
  return [
    `### ${code}${subject ? ` ${codeSpan(pathOf(subject))}` : ""}\n\n`,
    `${escaped(trouble.message ?? check?.title ?? "")}\n`,
    cause === undefined ? "" : `\n${paragraphs(cause)}\n`,
    fix ? `\n**Fix:** ${escaped(fix.summary)}\n` : "",
    fix?.command === undefined ? "" : fenced(fix.command),
    `\nMore: \`eso-bootstrap explain ${code}\`\n\n`,
  ].join("");
}

function folded(word: string, checks: readonly CheckResult[]): string[] {
  if (checks.length === 0) return [];
  const items = grouped(checks, ({ category }) => category).flatMap(([category, group]) => [
    `\n**${escaped(category)}**\n\n`,
    ...group.map(itemOf),
  ]);
  const amount = `${checks.length} ${checks.length === 1 ? "check" : "checks"} ${word}`;
  return [`<details><summary>${amount}</summary>\n${fitted(items, "- …\n")}\n</details>\n\n`];
}

/** Tables and folds are one block each: one that is large by itself is cut inside. */
function fitted(items: readonly string[], more: string): string {
  let text = "";
  for (const item of items) {
    if (text.length + item.length > LIMIT / 4) return text + more;
    text += item;
  }
  return text;
}

function itemOf(check: CheckResult): string {
  const { status, evidence, skippedBecause } = check;
  const detail = skippedBecause ?? evidence;
  return `- ${SIGNS[status]} ${escaped(titleOf(check))}${detail === undefined ? "" : ` · ${escaped(detail)}`}\n`;
}

const paragraphs = (text: string) =>
  harmless(clamp(text, TEXT_LIMIT)).split("\n").map(escaped).join("<br>\n");

/**
 * Foreign text as text: what Markdown or HTML would obey is escaped, and a character of no width keeps `@name` and `#1` from
 * calling people and linking issues (GitHub looks for both after the escapes are gone).
 */
function escaped(text: string): string {
  return clamp(oneLine(text), TEXT_LIMIT)
    .replaceAll("&", "&amp;")
    .replace(/[\\`*_[\]<>|~!$]|^[-+=]|(?<=^\d+)[.)]/g, "\\$&")
    .replace(/[@#]/g, "$&\u200b");
}

/** Literal also in a table, where a pipe would end the cell even in a code span. */
function codeSpan(text: string): string {
  const literal = clamp(oneLine(text), TEXT_LIMIT).replace(
    /[^\w ./-]/gu,
    (character) => `&#${character.codePointAt(0)};`,
  );
  return `<code>${literal.replaceAll("_", "&#95;")}</code>`;
}

/** A block that no run of backticks in the text can end. */
function fenced(command: string): string {
  const text = harmless(clamp(command, TEXT_LIMIT));
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return `\n${fence}sh\n${text}\n${fence}\n`;
}
