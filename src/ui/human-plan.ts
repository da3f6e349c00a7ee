import type { ActionKind, Change, FieldDiff, Plan, Target } from "../engine/plan.ts";
import { isWrite } from "../engine/plan.ts";
import { grouped } from "../grouped.ts";
import type { Meaning, Sign, Style } from "./style.ts";
import { count, ellipsise, pad, width, wrap } from "./text.ts";

/** Steps as a person thinks of them (product.md section 1): several steps may be one group. */
const GROUPS: Readonly<Record<string, string>> = {
  eso: "ESO",
  reviewer: "Reviewer",
  "reviewer-token": "Reviewer",
  "reviewer-users": "Infisical",
  "reviewer-old": "Old token",
  rotator: "Rotation",
  project: "Infisical",
  identity: "Infisical",
  "kubernetes-auth": "Infisical",
  store: "Store",
  "store-objects": "Store",
  crds: "ESO",
  secret: "Secret",
};

const LOOKS: Readonly<Record<ActionKind, { sign: Sign; meaning: Meaning }>> = {
  unchanged: { sign: "unchanged", meaning: "quiet" },
  create: { sign: "create", meaning: "good" },
  update: { sign: "update", meaning: "caution" },
  replace: { sign: "replace", meaning: "caution" },
  delete: { sign: "delete", meaning: "bad" },
  blocked: { sign: "blocked", meaning: "bad" },
};

const TITLE_COLUMNS = 9;
const HEAD_COLUMNS = 40;
const MARGIN = `${" ".repeat(2 + TITLE_COLUMNS)} `;
const MAX_DIFFS = 8;
const MAX_VALUE = 60;
const WAY_ON = "To go on: --adopt takes over a foreign object, --force-conflicts a foreign field.";

/** The plan as a table, one group of steps after the other. `all`: also what stays as it is, and every field. */
export function planLines(plan: Plan, style: Style, all = false): string[] {
  const head = headLines(plan, style);
  if (!all && plan.changes.every(isQuiet)) return head;
  const body = grouped(plan.changes, titleOf).flatMap(([title, changes]) => {
    const lines = groupLines(changes, style, all);
    return lines.map((line, index) => {
      const label =
        index === 0 ? style.paint("strong", pad(title, TITLE_COLUMNS)) : " ".repeat(TITLE_COLUMNS);
      return `  ${label} ${line}`.trimEnd();
    });
  });
  return [...head, ...body, ...wayOn(plan, style)];
}

/** `prod-eu ↔ eu.infisical.com/shop`. */
function whereOf({ cluster, infisical }: Pick<Plan, "cluster" | "infisical">, style: Style): string {
  return `${style.text(cluster)} ${style.sign("both")} ${style.text(infisical.replace(/^https?:\/\//, ""))}`;
}

/** `SecretStore shop/infisical`. */
export function targetName({ kind, namespace, name }: Target, style: Style): string {
  return style.text(`${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`);
}

/** `9 changes, 1 blocked`, or that there is nothing to do. */
function amount({ changes }: Plan): string {
  const writes = changes.filter(isWrite).length;
  const blocked = changes.filter((change) => change.action === "blocked").length;
  if (writes + blocked === 0) return `nothing to change (${count(changes.length, "thing")} looked at)`;
  return [writes > 0 || blocked === 0 ? count(writes, "change") : "", blocked > 0 ? `${blocked} blocked` : ""]
    .filter(Boolean)
    .join(", ");
}

function headLines(plan: Plan, style: Style): string[] {
  const title = "Plan";
  const rest = [whereOf(plan, style), amount(plan)].join(` ${style.sign("dot")} `);
  return wrap(`${style.sign("dot")} ${rest}`, style.columns - title.length - 1).map((line, index) =>
    index === 0 ? `${style.paint("strong", title)} ${line}` : `  ${line}`,
  );
}

function titleOf({ step }: Change): string {
  return GROUPS[step] ?? step.charAt(0).toUpperCase() + step.slice(1);
}

/** Stays as it is, and nobody wonders why. */
const isQuiet = ({ action, reason }: Change) => action === "unchanged" && reason === undefined;

function groupLines(changes: readonly Change[], style: Style, all: boolean): string[] {
  const untouched = changes.filter(isQuiet);
  const folded = all || untouched.length === 0 ? [] : foldedLines(untouched, style);
  const listed = all ? changes : changes.filter((change) => !isQuiet(change));
  return [...folded, ...listed.flatMap((change) => changeLines(change, style, all))];
}

/** `○ project shop · environment prod · folder /shop`. */
function foldedLines(changes: readonly Change[], style: Style): string[] {
  const sign = style.sign("unchanged");
  const dot = style.sign("dot");
  const room = style.columns - MARGIN.length - 2;
  const lines: string[] = [];
  let line = "";
  for (const change of changes) {
    const name = targetName(change.target, style);
    const longer = line === "" ? name : `${line} ${dot} ${name}`;
    if (width(longer) > room && line !== "") {
      lines.push(line);
      line = name;
    } else line = longer;
  }
  return [...lines, line].map((text, index) => style.paint("quiet", `${index === 0 ? sign : " "} ${text}`));
}

function changeLines(change: Change, style: Style, all: boolean): string[] {
  const { sign, meaning } = LOOKS[change.action];
  const head = targetName(change.target, style);
  const room = style.columns - MARGIN.length - 2;
  const summary = style.text(change.summary);
  const first = style.paint(meaning, style.sign(sign));
  const spare = room - width(summary) - 2;
  const lines =
    summary !== "" && width(head) <= spare
      ? [`${first} ${pad(head, Math.min(HEAD_COLUMNS, spare))}  ${style.paint("quiet", summary)}`]
      : [`${first} ${head}`, ...indented(summary, style)];
  return [...lines, ...reasonLines(change, style), ...diffLines(change.diff ?? [], style, all)];
}

function indented(text: string, style: Style): string[] {
  if (text === "") return [];
  return wrap(text, style.columns - MARGIN.length - 4).map((line) => `    ${style.paint("quiet", line)}`);
}

function reasonLines({ action, reason }: Change, style: Style): string[] {
  if (reason === undefined) return [];
  const meaning = action === "blocked" ? "bad" : "quiet";
  return wrap(style.text(reason), style.columns - MARGIN.length - 4).map(
    (line) => `    ${style.paint(meaning, line)}`,
  );
}

function diffLines(diff: readonly FieldDiff[], style: Style, all: boolean): string[] {
  const shown = all ? diff : diff.slice(0, MAX_DIFFS);
  const more = diff.length - shown.length;
  return [
    ...shown.flatMap((field) => fieldLines(field, style)),
    ...(more > 0 ? [style.paint("quiet", `    ${style.sign("ellipsis")} ${more} more, see -v`)] : []),
  ];
}

/** `path: from → to`, or one below the other where that is too long; of lists only the entries that come or go. */
function fieldLines({ path, from, to }: FieldDiff, style: Style): string[] {
  const room = style.columns - MARGIN.length - 4;
  if (Array.isArray(from) && Array.isArray(to)) {
    const entries = [
      ...missingIn(to, from).map((entry) => `${style.sign("delete")} ${valueText(entry, style)}`),
      ...missingIn(from, to).map((entry) => `${style.sign("create")} ${valueText(entry, style)}`),
    ];
    // In another order they are the same entries.
    if (entries.length > 0)
      return [path, ...entries.map((entry) => `  ${entry}`)].map(
        (line) => `    ${ellipsise(line, room, style.sign("ellipsis"))}`,
      );
  }
  const [before, after] = [valueText(from, style), valueText(to, style)];
  const line = `${style.text(path)}: ${before} ${style.sign("arrow")} ${after}`;
  if (width(line) <= room) return [`    ${line}`];
  const cut = (text: string) => ellipsise(text, room - 4, style.sign("ellipsis"));
  return [
    `    ${cut(style.text(path))}:`,
    `      ${cut(before)}`,
    `      ${style.sign("arrow")} ${cut(after)}`,
  ];
}

/** Entries of `others` that a list lacks. */
function missingIn(list: readonly unknown[], others: readonly unknown[]): unknown[] {
  const known = new Set(list.map((entry) => JSON.stringify(entry)));
  return others.filter((entry) => !known.has(JSON.stringify(entry)));
}

/** JSON for all but texts; a `Secret` in it prints as [redacted]. */
function valueText(value: unknown, style: Style): string {
  if (value === undefined || value === null) return "(none)";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return ellipsise(style.text(text), MAX_VALUE, style.sign("ellipsis")).replaceAll("\n", " ");
}

function wayOn(plan: Plan, style: Style): string[] {
  const isForceable = /--(adopt|force-conflicts)\b/;
  if (!plan.changes.some(({ action, reason = "" }) => action === "blocked" && isForceable.test(reason)))
    return [];
  return wrap(WAY_ON, style.columns - 4).map(
    (line, index) => `  ${index === 0 ? style.paint("bad", style.sign("blocked")) : " "} ${line}`,
  );
}
