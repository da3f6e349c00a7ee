import type { CheckResult, CheckStatus, Subject } from "../engine/check.ts";
import type { Code } from "../codes.ts";
import { grouped } from "../grouped.ts";
import { troubleLines, withCode } from "./human-error.ts";
import { isNamedIn } from "./outcome.ts";
import type { Meaning, Sign, Style } from "./style.ts";
import { count, duration, pad, width, wrap } from "./text.ts";

const LOOKS: Readonly<Record<CheckStatus, { sign: Sign; meaning: Meaning }>> = {
  pass: { sign: "done", meaning: "good" },
  fail: { sign: "failed", meaning: "bad" },
  warn: { sign: "warning", meaning: "caution" },
  skip: { sign: "skipped", meaning: "quiet" },
};

/** What `doctor --fix` does as well. It forces no conflict: that is for a person to say. */
const RESTORED_BY = /^eso-bootstrap (apply|reviewer)$/;

const TITLE_COLUMNS = 32;
const NAME_COLUMNS = 24;
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

/** A line with its time at the right; without a time the line as it is. */
export function timed(line: string, ms: number | undefined, style: Style): string {
  if (ms === undefined) return line;
  const time = duration(ms);
  const edge = Math.min(TIME_COLUMNS, style.columns - 4);
  return `${pad(line, edge - time.length - 2)}  ${style.paint("quiet", time)}`;
}

function resultLines(result: CheckResult, style: Style, indent: string): string[] {
  const unnamed = result.subject && !isNamedIn(result.title, result.subject) ? result.subject : undefined;
  const subject = unnamed ? style.text(nameOf(unnamed)) : "";
  const title = style.text(result.title);
  const sign = signOf(result.status, style);
  if (result.status === "pass") {
    // A title may name the subject without its kind: once is enough where all is well.
    const named = unnamed !== undefined && title.split(" ").includes(style.text(unnamed.name));
    const details = [named ? "" : subject, style.text(result.evidence ?? "")].filter(Boolean);
    return passedLines(title, details, style.columns - indent.length - 2).map(
      (line, index) => `${indent}${index === 0 ? sign : " "} ${line}`,
    );
  }
  if (result.follows) return consequenceLines(result, result.follows, style, indent, sign);
  const trouble = {
    code: result.code,
    message: result.message ?? title,
    reason: result.cause,
    fix: result.fix,
    orElse: RESTORED_BY.test(result.fix?.command ?? "") ? "doctor --fix" : undefined,
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

/** On one line what fits there; the rest stands below, deeper. */
function passedLines(title: string, details: readonly string[], room: number): string[] {
  const lines = wrap(title, room);
  for (const detail of details) {
    const longer = `${pad(lines.at(-1) ?? "", TITLE_COLUMNS)}  ${detail}`;
    if (width(longer) <= room) lines.splice(-1, 1, longer);
    else lines.push(...wrap(detail, room - 2).map((line) => `  ${line}`));
  }
  return lines;
}

/** What follows from something that is told elsewhere: no cause, no fix. */
function consequenceLines(
  { title, message = title, subject }: CheckResult,
  follows: Code,
  style: Style,
  indent: string,
  sign: string,
): string[] {
  const what = style.text(message).replace(/\.$/, "");
  const name = style.text(subject ? placeOf(subject) : title);
  const room = style.columns - indent.length - 2;
  const end = `${what}: follows from ${follows}`;
  // A column of names, where it leaves the sentence on its line.
  const aligned = `${pad(name, NAME_COLUMNS)} ${end}`;
  const text = what.includes(name) ? end : width(aligned) <= room ? aligned : `${name}  ${end}`;
  return wrap(text, room).map((line, index) => `${indent}${index === 0 ? sign : " "} ${line}`);
}

/** Titles of checks that were skipped for one reason; more than these are counted. */
const MOST_TITLES = 6;

function skippedLines(
  because: string,
  group: readonly CheckResult[],
  style: Style,
  indent: string,
): string[] {
  const shown = group.length > MOST_TITLES ? group.slice(0, MOST_TITLES / 2) : group;
  const titles = [
    ...shown.map(({ title }) => style.text(title)),
    ...(shown.length < group.length ? [`${group.length - shown.length} others`] : []),
  ].join(` ${style.sign("dot")} `);
  const line = `${titles}   ${style.text(because)}`;
  const lines = width(line) <= style.columns - indent.length - 2 ? [line] : [titles, style.text(because)];
  return lines
    .flatMap((text) => wrap(text, style.columns - indent.length - 2))
    .map((text, index) => `${indent}${index === 0 ? signOf("skip", style) : " "} ${text}`);
}

const nameOf = (subject: Subject) => `${subject.kind} ${placeOf(subject)}`;

const placeOf = ({ namespace, name }: Subject) => (namespace === undefined ? name : `${namespace}/${name}`);

/** Its sign in its colour. */
export function signOf(status: CheckStatus, style: Style): string {
  return style.paint(LOOKS[status].meaning, style.sign(LOOKS[status].sign));
}
