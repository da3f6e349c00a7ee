import { docsAnchor, isBootstrapError, type BootstrapError, type Fix } from "../errors.ts";
import type { Code } from "../codes.ts";
import type { Emit } from "./events.ts";

export type CheckStatus = "pass" | "fail" | "warn" | "skip";

export interface Subject {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** Where a file defines a subject; the line counts from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
}

/** What a check found. A check that could not look says `skip` with the reason or fails: never `pass`. */
export type Finding =
  | { readonly status: "pass"; readonly evidence?: string }
  | { readonly status: "skip"; readonly because: string }
  | { readonly status: "fail" | "warn"; readonly error: BootstrapError; readonly evidence?: string };

/**
 * One check: a record and a function (model: linkerd's `Checker`). `title` is a true statement when it passes;
 * `needs` are ids of checks whose failure makes this one meaningless.
 */
export interface Check<Context> {
  readonly id: string;
  /** The code it fails with when nothing more exact is known. */
  readonly code: Code;
  readonly category: string;
  readonly title: string;
  readonly severity: "error" | "warning";
  /** What it judges may come by itself, as while a rollout goes on: `doctor --wait` looks again. Default: only somebody's deed mends it. */
  readonly retry?: true;
  readonly needs?: readonly string[];
  /** Ids of checks whose failure explains a failure of this one: it is run all the same, and its result names their code. */
  readonly after?: readonly string[];
  readonly subject?: Subject;
  readonly location?: Location;
  run(context: Context): Promise<Finding>;
}

/** One line of a report (product.md section 5, `DoctorReport.checks[]`). */
export interface CheckResult {
  readonly code: Code;
  readonly id: string;
  readonly category: string;
  readonly title: string;
  readonly status: CheckStatus;
  readonly severity: "error" | "warning";
  readonly subject?: Subject;
  readonly location?: Location;
  readonly message?: string;
  readonly cause?: string;
  readonly fix?: Fix;
  readonly docs: string;
  readonly evidence?: string;
  readonly skippedBecause?: string;
  /** The code that this failure follows from: mending that one mends this. */
  readonly follows?: Code;
  readonly durationMs: number;
}

/** Checks under way at once: enough to hide round trips, few enough for Infisical's limits. */
const CONCURRENCY = 24;
/** Checks that have begun or wait for others: tens of thousands at once would hold a promise and a closure each. */
const WINDOW = 256;

/**
 * Runs the checks along their graph, in parallel where it allows; results come in the order of `checks`.
 * A failed or skipped parent marks its children `skip: blocked by <code>`. Bugs (not BootstrapErrors) are thrown on.
 */
export async function runChecks<Context>(
  checks: readonly Check<Context>[],
  context: Context,
  emit: Emit,
  now: () => number = Date.now,
): Promise<CheckResult[]> {
  const slots = createSlots(CONCURRENCY);
  const known = new Map(checks.map((check) => [check.id, check]));

  const judge = once(async (check: Check<Context>): Promise<CheckResult> => {
    const parents = await Promise.all(recordsOf(check.needs).map(judge));
    const blocker = blockerOf(parents);
    const began = now();
    const finding: Finding = blocker
      ? { status: "skip", because: blockedBy(blocker) }
      : await slots(() => runOne(check, context));
    return resultOf(check, finding, now() - began);
  });
  // What may explain a failure runs at the same time: only the words wait for it.
  const finish = once(async (check: Check<Context>): Promise<CheckResult> => {
    const [judged, before, parents] = await Promise.all([
      judge(check),
      Promise.all(recordsOf(check.after).map(finish)),
      Promise.all(recordsOf(check.needs).map(finish)),
    ]);
    const result = explained(judged, before, parents);
    emit({ type: "checked", result, of: checks.length });
    return result;
  });
  const recordsOf = (ids: readonly string[] = []) => ids.flatMap((id) => known.get(id) ?? []);
  const results: CheckResult[] = [];
  const left = checks.entries();
  const worker = async () => {
    for (const [index, check] of left) results[index] = await finish(check);
  };
  await Promise.all(Array.from({ length: Math.min(WINDOW, checks.length) }, worker));
  return toldOnce(results);
}

/** Each record once, whoever asks: the promise is shared. */
function once<Context>(
  work: (check: Check<Context>) => Promise<CheckResult>,
): (check: Check<Context>) => Promise<CheckResult> {
  const pending = new Map<string, Promise<CheckResult>>();
  return (check) => {
    const running = pending.get(check.id) ?? work(check);
    pending.set(check.id, running);
    return running;
  };
}

const blockerOf = (parents: readonly CheckResult[]) =>
  parents.find(({ status }) => status === "fail" || status === "skip");

function blockedBy({ status, code, follows = code, skippedBecause = "not judged" }: CheckResult): string {
  return status === "fail" ? `blocked by ${follows}` : skippedBecause;
}

/** A failure after another one names it, or what that one itself follows from; so does one that was blocked. */
function explained(
  result: CheckResult,
  before: readonly CheckResult[],
  parents: readonly CheckResult[],
): CheckResult {
  const blocker = blockerOf(parents);
  if (blocker) return { ...result, skippedBecause: blockedBy(blocker) };
  const cause = before.find(
    ({ status, code }) => status === "fail" || (status === "warn" && code === result.code),
  );
  if (!cause || (result.status !== "fail" && result.status !== "warn")) return result;
  return { ...result, follows: cause.follows ?? cause.code };
}

/** One failed read that many checks wanted is one cause: the first tells it. */
function toldOnce(results: CheckResult[]): CheckResult[] {
  const told = new Set<string>();
  return results.map((result) => {
    if (result.status !== "fail" || result.follows) return result;
    const words = `${result.code} ${result.message} ${result.cause}`;
    if (told.has(words)) return { ...result, follows: result.code };
    told.add(words);
    return result;
  });
}

async function runOne<Context>(check: Check<Context>, context: Context): Promise<Finding> {
  try {
    return await check.run(context);
  } catch (error) {
    if (isBootstrapError(error)) return { status: "fail", error };
    throw error;
  }
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Field by field: objects that are spread together have a hidden class each, which weighs more than what is in them. */
function resultOf<Context>(check: Check<Context>, finding: Finding, durationMs: number): CheckResult {
  const code = "error" in finding ? finding.error.code : check.code;
  const result: Writable<CheckResult> = {
    code,
    id: check.id,
    category: check.category,
    title: check.title,
    severity: check.severity,
    status: finding.status,
    docs: docsAnchor(code),
    durationMs,
  };
  if (check.subject) result.subject = check.subject;
  if (check.location) result.location = check.location;
  if (finding.status === "skip") result.skippedBecause = finding.because;
  else if (finding.evidence) result.evidence = finding.evidence;
  if ("error" in finding) {
    const { message, fix, reason } = finding.error;
    result.message = message;
    result.fix = fix;
    if (reason) result.cause = reason;
  }
  return result;
}

/** At most `limit` at once. */
function createSlots(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = limit;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
}
