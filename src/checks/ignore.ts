import type { Code } from "../codes.ts";
import type { CheckResult, Location } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { IgnoreInput } from "../inputs/inputs.ts";

export interface SuppressOptions {
  /** Everything was looked at, so that an entry without a finding is a leftover. */
  readonly isComplete?: boolean;
  /** Where entry number `index` stands. */
  readonly locate?: (index: number) => Location | undefined;
}

/**
 * Findings that `doctor.ignore` names become skipped, with the reason; they keep their message. Entries that have ended
 * (ESOB-C109) or that nothing matches (ESOB-C110) are warnings of their own. `now`: milliseconds since 1970.
 */
export function suppress(
  results: readonly CheckResult[],
  ignores: readonly IgnoreInput[],
  now: number,
  { isComplete = true, locate }: SuppressOptions = {},
): CheckResult[] {
  const active = ignores.filter((ignore) => !hasEnded(ignore, now));
  const kept = results.map((result) => {
    const ignore = isFinding(result) ? active.find((entry) => matches(entry, result)) : undefined;
    return ignore ? ignored(result, ignore) : result;
  });
  const leftovers = ignores.flatMap((ignore, index) => {
    const error = hasEnded(ignore, now)
      ? ended(ignore, index)
      : isComplete && !results.some((result) => mayMatch(ignore, result))
        ? unmatched(ignore, index)
        : undefined;
    return error ? [warningOf(error, index, locate?.(index))] : [];
  });
  return [...withoutLostCauses(kept), ...leftovers];
}

const isFinding = ({ status }: CheckResult) => status === "fail" || status === "warn";

/** The last day counts in full, in UTC. */
function hasEnded({ until }: IgnoreInput, now: number): boolean {
  return until !== undefined && new Date(now).toISOString().slice(0, 10) > until;
}

function matches({ code, resource }: IgnoreInput, { code: found, subject }: CheckResult): boolean {
  if (code !== found) return false;
  return resource === undefined || isAt(resource, subject);
}

/** A name without a namespace is any object of this name. */
function isAt(resource: string, subject: CheckResult["subject"]): boolean {
  if (!subject) return false;
  const { namespace, name } = subject;
  return resource === name || resource === `${namespace}/${name}`;
}

/** A check that could not judge might have found it: its code is only known afterwards. */
function mayMatch(ignore: IgnoreInput, result: CheckResult): boolean {
  if (isFinding(result)) return matches(ignore, result);
  return result.status === "skip" && (ignore.resource === undefined || isAt(ignore.resource, result.subject));
}

function ignored(result: CheckResult, { reason, until }: IgnoreInput): CheckResult {
  const how = until === undefined ? "ignored" : `ignored until ${until}`;
  return { ...result, status: "skip", skippedBecause: `${how}: ${reason}` };
}

/** What follows from a cause that is told no more is told in full. */
function withoutLostCauses(results: readonly CheckResult[]): CheckResult[] {
  const causes = new Set(results.filter(isFinding).map(({ code }) => code));
  return results.map((result) => {
    const { follows, ...own } = result;
    return follows !== undefined && isFinding(result) && !causes.has(follows) ? own : result;
  });
}

const named = ({ code, resource, reason }: IgnoreInput, index: number) =>
  `doctor.ignore[${index}] (${code}${resource === undefined ? "" : ` at ${resource}`}: ${reason})`;

const ended = (ignore: IgnoreInput, index: number) =>
  new BootstrapError("ESOB-C109", { message: `${named(ignore, index)} ended on ${ignore.until}.` });

const unmatched = (ignore: IgnoreInput, index: number) =>
  new BootstrapError("ESOB-C110", { message: `${named(ignore, index)} matches nothing that was found.` });

function warningOf(error: BootstrapError, index: number, location: Location | undefined): CheckResult {
  const code: Code = error.code;
  return {
    code,
    id: `ignore ${index}`,
    category: "configuration",
    title: `doctor.ignore[${index}] is needed`,
    status: "warn",
    severity: "warning",
    message: error.message,
    fix: error.fix,
    docs: error.docs,
    durationMs: 0,
    ...(location && { location }),
  };
}
