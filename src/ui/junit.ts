import type { CheckResult } from "../engine/check.ts";
import type { DocumentFacts, Format } from "./document.ts";
import { grouped } from "../grouped.ts";
import { pathOf, titleOf, troubleText, type Failure, type Section } from "./outcome.ts";
import { harmless, oneLine } from "./text.ts";

/**
 * JUnit as the Ant schema has it (Windy Road's junit.xsd, which Jenkins, GitLab and others read): one suite per category. What
 * failed before a check could run is a test case with an error. JUnit knows no warnings: they pass, and stand in system-out.
 */
export const junitDocument: Format = (outcome, facts) => {
  const suites = outcome.flatMap(suitesOf).map((suite, id) => suiteText(suite, id, facts));
  return ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", ...suites, "</testsuites>", ""].join(
    "\n",
  );
};

interface Suite {
  readonly name: string;
  readonly package: string;
  readonly checks: readonly CheckResult[];
  readonly failure?: Failure;
}

function suitesOf({ cluster, checks, failure }: Section): Suite[] {
  const within = cluster === undefined ? "eso-bootstrap" : `eso-bootstrap.${cluster}`;
  return [
    ...(failure ? [{ name: "set-up", package: within, checks: [], failure }] : []),
    ...grouped(checks, ({ category }) => category).map(([name, group]) => ({
      name,
      package: within,
      checks: group,
    })),
  ];
}

function suiteText(
  { name, package: within, checks, failure }: Suite,
  id: number,
  { now }: DocumentFacts,
): string {
  const amount = (status: CheckResult["status"]) => checks.filter((check) => check.status === status).length;
  const head = attributes({
    name,
    package: within,
    id,
    timestamp: now.toISOString().slice(0, 19),
    hostname: "localhost",
    tests: checks.length + (failure ? 1 : 0),
    failures: amount("fail"),
    errors: failure ? 1 : 0,
    skipped: amount("skip"),
    time: seconds(checks.reduce((sum, { durationMs }) => sum + durationMs, 0)),
  });
  const warnings = checks.filter(({ status }) => status === "warn");
  return [
    `  <testsuite ${head}>`,
    "    <properties/>",
    ...(failure ? [errorCase(failure, within)] : []),
    ...checks.map((check) => caseText(check, `${within}.${name}`)),
    `    <system-out>${content(warnings.map(warningText).join("\n"))}</system-out>`,
    "    <system-err/>",
    "  </testsuite>",
  ].join("\n");
}

function caseText(check: CheckResult, classname: string): string {
  const { title, durationMs, status, code, message, skippedBecause } = check;
  const head = `    <testcase ${attributes({ name: titleOf(check), classname, time: seconds(durationMs) })}`;
  if (status === "fail")
    return `${head}>\n      <failure ${attributes({ message: message ?? title, type: code })}>${content(troubleText(check))}</failure>\n    </testcase>`;
  if (status === "skip")
    return `${head}>\n      <skipped ${attributes({ message: skippedBecause ?? "not judged" })}/>\n    </testcase>`;
  return `${head}/>`;
}

function errorCase(failure: Failure, classname: string): string {
  const { message, code } = failure;
  return [
    `    <testcase ${attributes({ name: "doctor could look", classname: `${classname}.set-up`, time: seconds(0) })}>`,
    `      <error ${attributes({ message, type: code })}>${content(troubleText(failure))}</error>`,
    "    </testcase>",
  ].join("\n");
}

const warningText = ({ code, subject, message, title }: CheckResult) =>
  `warning ${code} ${subject ? `${pathOf(subject)} ` : ""}${oneLine(message ?? title)}`;

/** As xs:decimal: never with an exponent. */
const seconds = (ms: number) => (ms / 1000).toFixed(3);

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${content(oneLine(String(value)) || "-")}"`)
    .join(" ");
}

/** What XML 1.0 has no way to write (section 2.2), not even escaped, besides control characters: halves of pairs, non-characters. */
const IMPOSSIBLE = /[\ud800-\udfff\ufffe\uffff]/gu;
const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function content(text: string): string {
  return harmless(text)
    .replace(IMPOSSIBLE, "\ufffd")
    .replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);
}
