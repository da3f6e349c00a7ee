import type { Change } from "../engine/plan.ts";
import type { BootstrapError } from "../errors.ts";
import { grouped } from "../grouped.ts";
import { hasChanges } from "../engine/plan.ts";
import { proofLines, timed } from "./human-checks.ts";
import { clusterTable } from "./human-clusters.ts";
import { errorLines, troubleLines, withCode } from "./human-error.ts";
import { planLines, targetName } from "./human-plan.ts";
import { reportLines } from "./human-report.ts";
import type { SyncedSecret } from "../sync/result.ts";
import type { ClusterResult, CommandResult } from "./reporter.ts";
import { statusLines } from "./human-status.ts";
import type { Style } from "./style.ts";
import { count, pad, width, wrap } from "./text.ts";

type ApplyEnd = Extract<CommandResult, { kind: "ApplyResult" }>;

/** What is known besides the result: how long things took, how much to tell, and whether the plan is on the screen. */
export interface Telling {
  readonly all: boolean;
  /** Only what is wrong. */
  readonly quiet: boolean;
  readonly planShown: boolean;
  readonly totalMs?: number | undefined;
  readonly proofMs?: number | undefined;
}

/** The end of a command, for people. `Text` comes here only as one of several clusters. */
export function resultLines(end: CommandResult, style: Style, telling: Telling): string[] {
  switch (end.kind) {
    case "Plan":
      return telling.planShown ? [] : planLines(end.plan, style, telling.all);
    case "ApplyResult":
      return applyLines(end, style, telling);
    case "DoctorReport":
      return [
        ...(end.headline === undefined || telling.quiet
          ? []
          : [...withTime(end.headline, telling.totalMs, style), ""]),
        ...reportLines(end.report.checks, style, { ...telling, exitCode: end.exitCode }),
      ];
    case "SyncResult":
      return syncLines(end.result.secrets, style);
    case "Status":
      return statusLines(end.report, style);
    case "Text":
      return end.text.split("\n");
    case "List":
      return [
        ...end.items.flatMap((item) => clusterLines(item, style, telling)),
        ...clusterTable(end.items, style),
      ];
  }
}

function applyLines({ result, next, headline }: ApplyEnd, style: Style, telling: Telling): string[] {
  const proof = proofLines(result.checks, style, { durationMs: telling.proofMs, all: telling.all });
  const { failed } = result;
  if (failed) return [...proof, ...errorLines(failed.error, style), ...unfinishedLines(result, style)];
  const broken = result.checks.some((check) => check.status === "fail");
  const said = headline ?? (hasChanges(result) ? defaultHeadline(result, broken) : undefined);
  return [
    ...proof,
    ...(said === undefined ? [] : saidLines(said, telling.totalMs, style)),
    ...(next.length === 0 ? [] : ["", ...nextLines(next, style)]),
  ];
}

/** In bold, with its time behind the last line. */
const saidLines = (text: string, totalMs: number | undefined, style: Style) =>
  withTime(text, totalMs, style, (line) => style.paint("strong", line));

/** Wrapped before the time, which stands behind the last line. */
function withTime(
  text: string,
  totalMs: number | undefined,
  style: Style,
  paint = (line: string) => line,
): string[] {
  const lines = wrap(style.text(text), style.columns - (totalMs === undefined ? 2 : 12)).map(paint);
  return [...lines.slice(0, -1), timed(lines.at(-1) ?? "", totalMs, style)];
}

function defaultHeadline({ applied }: { applied: readonly Change[] }, broken: boolean): string {
  return `Applied ${count(applied.length, "change")}${broken ? ", but the proof failed" : ""}.`;
}

/** What was done and what was not, when a change failed (product.md section 4, exit 1). */
function unfinishedLines(
  { applied, notDone }: { applied: readonly Change[]; notDone: readonly Change[] },
  style: Style,
): string[] {
  const list = (label: string, changes: readonly Change[]) => {
    const names = changes.map((change) => targetName(change.target, style)).join(", ");
    return wrap(names === "" ? "nothing" : names, style.columns - 14).map(
      (line, index) => `  ${pad(index === 0 ? label : "", 9)} ${line}`,
    );
  };
  return [
    "",
    ...list("Done", applied),
    ...list("Not done", notDone),
    "  Run it again when the cause is mended: it goes on from there.",
  ];
}

/** What is before the first colon is a label; labels are aligned. */
function nextLines(next: readonly string[], style: Style): string[] {
  const rows = next.map((line) => {
    const [, label, text] = /^([^:]{1,40}):\s+(.*)$/s.exec(style.text(line)) ?? [];
    return label !== undefined && text !== undefined
      ? { label: `${label}:`, text }
      : { label: "", text: style.text(line) };
  });
  const columns = Math.max(0, ...rows.map(({ label }) => width(label)).filter((length) => length <= 14));
  return rows.map(({ label, text }) => (label === "" ? text : `${pad(label, columns)}  ${text}`));
}

const SYNCED = {
  changed: { sign: "done", meaning: "good", text: "changed" },
  unchanged: { sign: "unchanged", meaning: "quiet", text: "up to date" },
  failed: { sign: "failed", meaning: "bad", text: "failed" },
} as const;

/** What went well, then each cause once with all that failed from it, then how many of each. */
function syncLines(secrets: readonly SyncedSecret[], style: Style): string[] {
  const failed = secrets.flatMap((secret) => (secret.error ? [{ secret, error: secret.error }] : []));
  const perCause = grouped(failed, ({ secret, error }) => causeOf(secret, error));
  const amount = (of: SyncedSecret["result"]) => secrets.filter(({ result }) => result === of).length;
  const total = (["changed", "unchanged", "failed"] as const)
    .filter((result) => amount(result) > 0)
    .map((result) => `${amount(result)} ${SYNCED[result].text}`);
  return [
    ...secrets.filter(({ error }) => !error).map((secret) => syncedLine(secret, style)),
    ...perCause.flatMap(([, same]) => failedLines(same, style)),
    ...(secrets.length > 1 ? [`${count(secrets.length, "ExternalSecret")}: ${total.join(", ")}`] : []),
  ];
}

const placeOf = ({ namespace, name }: SyncedSecret) => `${namespace}/${name}`;

/** The same but for the name that it is told of, and for times. */
function causeOf(secret: SyncedSecret, { code, message, reason = "" }: BootstrapError): string {
  return [code, message, reason]
    .map((text) => text.replaceAll(placeOf(secret), "").replaceAll(TIME, ""))
    .join("\n");
}

const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** As many names as a person reads. */
const NAMED = 12;

function failedLines(
  same: readonly { secret: SyncedSecret; error: BootstrapError }[],
  style: Style,
): string[] {
  const [first, ...others] = same;
  if (!first) return [];
  const { secret, error } = first;
  const mark = style.paint(SYNCED.failed.meaning, style.sign(SYNCED.failed.sign));
  const places = same.map((one) => placeOf(one.secret));
  const who =
    others.length === 0 ? placeOf(secret) : `${count(same.length, "ExternalSecret")}, for one cause`;
  const what = others.length === 0 ? error.message : error.message.replaceAll(placeOf(secret), "…");
  const more = places.length - NAMED;
  const names = `${places.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return [
    ...withCode(mark, style.text(`${who}: ${what}`), error.code, style),
    ...(others.length === 0 ? [] : wrap(style.text(names), style.columns - 4).map((line) => `    ${line}`)),
    ...troubleLines(error, style, "  "),
  ];
}

function syncedLine(secret: SyncedSecret, style: Style): string {
  const { sign, meaning, text } = SYNCED[secret.result];
  const name = style.text(placeOf(secret));
  const mark = style.paint(meaning, style.sign(sign));
  const restarted = secret.restarted.length > 0 ? `   restarted ${secret.restarted.join(", ")}` : "";
  return `${mark} ${pad(name, 32)} ${text}, ${count(secret.keys, "key")}${style.text(restarted)}`;
}

function clusterLines({ cluster, result }: ClusterResult, style: Style, telling: Telling): string[] {
  const head = style.paint("strong", `${style.sign("dot")} ${style.text(cluster)}`);
  // One terminal, several clusters: each is told in full, times are those of the whole run and not shown.
  const each = { all: telling.all, quiet: telling.quiet, planShown: telling.planShown };
  const lines = result.kind === "Error" ? errorLines(result.error, style) : resultLines(result, style, each);
  return [head, ...lines, ""];
}
