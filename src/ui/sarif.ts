import { CODES, type Code } from "../codes.ts";
import type { CheckResult } from "../engine/check.ts";
import { docsAnchor } from "../errors.ts";
import type { DocumentFacts, Format } from "./document.ts";
import { pathOf, problemsOf, troubleText, type Failure, type Section } from "./outcome.ts";
import { harmless } from "./text.ts";

/** SARIF 2.1.0 (OASIS), one run per cluster. Only problems are results; what doctor.ignore names is a suppressed one. */
export const sarifDocument: Format = (outcome, facts) =>
  `${JSON.stringify(
    {
      $schema: "https://json.schemastore.org/sarif-2.1.0.json",
      version: "2.1.0",
      runs: outcome.map((section) => runOf(section, facts)),
    },
    undefined,
    2,
  )}\n`;

function runOf({ cluster, checks, failure }: Section, { now, version }: DocumentFacts) {
  const found = [...problemsOf(checks), ...checks.filter(isIgnored)];
  const codes = [...new Set([...found.map(({ code }) => code), ...codesOf(failure)])];
  return {
    tool: { driver: { name: "eso-bootstrap", semanticVersion: version, rules: codes.map(ruleOf) } },
    // GitHub tells the runs of several clusters apart by it.
    ...(cluster !== undefined && { automationDetails: { id: `eso-bootstrap/${cluster}/` } }),
    invocations: [
      {
        executionSuccessful: failure === undefined,
        endTimeUtc: now.toISOString(),
        ...(failure && { exitCode: failure.exitCode, toolExecutionNotifications: [notificationOf(failure)] }),
      },
    ],
    columnKind: "utf16CodeUnits",
    results: found.map((check) => resultOf(check, codes.indexOf(check.code))),
  };
}

/** A skipped check that has a message was judged, and then ignored. */
const isIgnored = ({ status, message }: CheckResult) => status === "skip" && message !== undefined;

const codesOf = (failure: Failure | undefined): Code[] =>
  failure === undefined || failure.code === "BUG" ? [] : [failure.code];

function ruleOf(code: Code) {
  const { title, see, mend } = CODES[code];
  return {
    id: code,
    shortDescription: { text: title },
    help: {
      text: `${title}.\nSee it: ${see}\nMend it: ${mend}\nMore: eso-bootstrap explain ${code}, ${docsAnchor(code)}`,
    },
  };
}

function resultOf(check: CheckResult, ruleIndex: number) {
  const { code, status, severity, skippedBecause } = check;
  const isError = status === "fail" || (status === "skip" && severity === "error");
  return {
    ruleId: code,
    ruleIndex,
    level: isError ? "error" : "warning",
    message: { text: troubleText(check) },
    locations: [locationOf(check)],
    partialFingerprints: { "esoBootstrap/v1": fingerprintOf(check) },
    ...(status === "skip" && {
      suppressions: [{ kind: "external", status: "accepted", justification: harmless(skippedBecause ?? "") }],
    }),
  };
}

function locationOf({ location, subject, category, id }: CheckResult) {
  const logical = subject
    ? { fullyQualifiedName: harmless(pathOf(subject)), name: harmless(subject.name), kind: "resource" }
    : { fullyQualifiedName: harmless(`${category}/${id}`), name: harmless(id) };
  return {
    ...(location && {
      physicalLocation: {
        artifactLocation: { uri: uriOf(location.file) },
        region: { startLine: location.line },
      },
    }),
    logicalLocations: [logical],
  };
}

/** Halves of surrogate pairs, which no URI can hold. */
const LONE = /[\ud800-\udfff]/gu;

/** Paths beside us stay relative, as code scanning wants them. */
function uriOf(file: string): string {
  const path = encodeURI(file.replace(LONE, "\ufffd").replaceAll("\\", "/")).replace(
    /[?#]/g,
    encodeURIComponent,
  );
  if (path.startsWith("/")) return `file://${path}`;
  return /^[a-z]:\//i.test(path) ? `file:///${path}` : path.replace(/^\.\//, "");
}

/** The same finding at the same object is the same alert, whatever its words. */
const fingerprintOf = ({ code, subject, id }: CheckResult) =>
  `${code}:${harmless(subject ? pathOf(subject) : id)}`;

function notificationOf(failure: Failure) {
  const { code } = failure;
  return {
    level: "error",
    message: { text: troubleText(failure) },
    ...(code !== "BUG" && { associatedRule: { id: code } }),
    descriptor: { id: code },
  };
}
