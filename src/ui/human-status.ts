import type { SecretStatus, StatusReport, StoreStatus } from "../status/report.ts";
import type { Meaning, Sign, Style } from "./style.ts";
import { ellipsise, pad, wrap } from "./text.ts";

type Row = StoreStatus | SecretStatus;

/** One column: its title, how wide it is where the screen is too narrow for all of them, and what stands in it. */
interface Column<Item> {
  readonly title: string;
  readonly most: number;
  readonly text: (item: Item) => string;
}

const GAP = "  ";

const STORE_COLUMNS: readonly Column<StoreStatus>[] = [
  { title: "STORE", most: 24, text: placeOf },
  { title: "STATE", most: 12, text: ({ ready, state }) => (ready ? state : "") },
  { title: "IDENTITY", most: 24, text: ({ identity }) => identity ?? "-" },
  { title: "SCOPE", most: 20, text: ({ scope }) => scope },
  { title: "SECRETS", most: 7, text: ({ secrets }) => String(secrets) },
  { title: "BY", most: 10, text: managerOf },
];

const SECRET_COLUMNS: readonly Column<SecretStatus>[] = [
  { title: "SECRET", most: 28, text: placeOf },
  { title: "KEYS", most: 7, text: keysText },
  { title: "LAST SYNC", most: 15, text: lastText },
  { title: "EVERY", most: 7, text: ({ refreshInterval }) => shortened(refreshInterval) },
  { title: "BY", most: 10, text: managerOf },
  { title: "TARGET", most: 24, text: ({ target }) => target },
];

/** Stores and ExternalSecrets as tables, the trouble of each below it (screens.md, `status`). */
export function statusLines(report: StatusReport, style: Style): string[] {
  const head = [`CLUSTER  ${report.cluster}`, ...surroundings(report)].map(style.text).join("   ");
  const hidden = `not shown, because it may not be read: ${report.hidden.join(", ")}`;
  return [
    ...wrap(head, style.columns),
    ...(report.stale === undefined ? [] : staleLines(report.stale, style)),
    ...expiryLines(report, style),
    ...table(report.stores, STORE_COLUMNS, "no stores", style),
    ...table(report.secrets, SECRET_COLUMNS, "no ExternalSecrets", style),
    ...(report.hidden.length > 0
      ? wrap(`${style.sign("warning")} ${style.text(hidden)}`, style.columns)
      : []),
    ...([...report.stores, ...report.secrets].some((row) => !row.ready || isLate(row))
      ? ["", "Why, and what mends it:  eso-bootstrap doctor"]
      : []),
  ];
}

const staleLines = (reason: string, style: Style) =>
  wrap(style.text(`${reason} What is shown may be old.`), style.columns - 2).map(
    (line, index) => `${index === 0 ? style.paint("caution", style.sign("warning")) : " "} ${line}`,
  );

/** One line for each thing that is not as it was. */
export function statusChanges(before: StatusReport, after: StatusReport, style: Style): string[] {
  const [known, now] = [new Map(named(before)), new Map(named(after))];
  const changed = [...now].flatMap(([name, row]) => {
    const old = known.get(name);
    const [was, is] = [old && stateText(old), stateText(row)];
    if (was === is) return [];
    const from = was === undefined ? "" : `${style.text(was)} ${style.sign("arrow")} `;
    return [`${style.text(name)}  ${from}${style.text(is)}`];
  });
  const gone = [...known.keys()].filter((name) => !now.has(name));
  return [...changed, ...gone.map((name) => `${style.text(name)}  gone`)];
}

function named({ stores, secrets }: StatusReport): [string, Row][] {
  return [
    ...stores.map((store): [string, Row] => [`${store.kind} ${placeOf(store)}`, store]),
    ...secrets.map((secret): [string, Row] => [`ExternalSecret ${placeOf(secret)}`, secret]),
  ];
}

/** A sync that brought nothing new is no change; to be late, or no longer, is one. */
function stateText(row: Row): string {
  return `${row.state}${row.message === undefined ? "" : `: ${row.message}`}${isLate(row) ? ", late" : ""}`;
}

const isLate = (row: Row) => row.ready && "late" in row && row.late;

function surroundings({ eso, reviewers }: StatusReport): string[] {
  const controllers = eso.map(
    ({ version, available }) => `ESO ${version ?? "?"}${available ? "" : " (not available)"}`,
  );
  const tokens = reviewers.map(({ ageSeconds, expiresAt, expiresInSeconds, token }) => {
    const age = ageSeconds === undefined ? "" : ` ${roughly(ageSeconds)} old`;
    const open = token === "bound" ? "its end is not known here (reviewer show)" : "no expiry";
    return `reviewer token${age}, ${expiresAt === undefined ? open : endText(expiresAt, expiresInSeconds)}`;
  });
  return [...(controllers.length > 0 ? controllers : ["ESO not found"]), ...tokens];
}

const dayOf = (iso: string) => iso.slice(0, 10);

/** By the day, or where that says too little by the hour. */
function endText(iso: string, seconds = Number.POSITIVE_INFINITY): string {
  if (seconds <= 0) return `ended ${dayOf(iso)}`;
  return seconds < HOURS_BELOW ? `expires in ${roughly(seconds)}` : `expires ${dayOf(iso)}`;
}

const HOURS_BELOW = 2 * 86_400;

/** A token that ends while nobody looks stops every login. */
function expiryLines({ reviewers }: StatusReport, style: Style): string[] {
  return reviewers.flatMap(({ namespace, serviceAccount, expiresAt, expiresInSeconds = 0, expiresSoon }) => {
    if (expiresAt === undefined || expiresSoon !== true) return [];
    const isOver = expiresInSeconds <= 0;
    const text = isOver
      ? `has ended ${dayOf(expiresAt)}: ESO cannot log in`
      : `ends in ${roughly(expiresInSeconds)}`;
    const [meaning, sign] = isOver ? (["bad", "failed"] as const) : (["caution", "warning"] as const);
    const lines = wrap(
      style.text(`The reviewer token of ${namespace}/${serviceAccount} ${text}.`),
      style.columns - 2,
    );
    return [...lines, "Renew it:  eso-bootstrap reviewer rotate"].map(
      (line, index) => `${index === 0 ? style.paint(meaning, style.sign(sign)) : " "} ${line}`,
    );
  });
}

function table<Item extends Row>(
  rows: readonly Item[],
  columns: readonly Column<Item>[],
  empty: string,
  style: Style,
): string[] {
  if (rows.length === 0) return [style.paint("quiet", empty)];
  const cells = rows.map((row) => columns.map(({ text }) => style.text(text(row))));
  const widths = widthsOf(columns, cells, style.columns - GAP.length);
  const line = (texts: readonly string[]) => lineOf(texts, widths, style);
  return [
    style.paint("strong", `${GAP}${line(columns.map(({ title }) => title))}`),
    ...rows.flatMap((row, index) => [
      `${markOf(row, style)} ${line(cells[index] ?? [])}`,
      ...troubleOf(row, style),
    ]),
  ];
}

/** As wide as what stands in it; where that is too much, as narrow as each may be, and the rest of the room is the names'. */
function widthsOf(
  columns: readonly { readonly title: string; readonly most: number }[],
  cells: readonly (readonly string[])[],
  room: number,
): number[] {
  const whole = columns.map(({ title }, index) => Math.max(title.length, ...rangeOf(cells, index)));
  const gaps = GAP.length * (columns.length - 1);
  const total = (widths: readonly number[]) => widths.reduce((sum, one) => sum + one, gaps);
  if (total(whole) <= room) return whole;
  const [names = 0, ...others] = columns.map(({ most }, index) => Math.min(most, whole[index] ?? 0));
  const spare = Math.max(0, room - total([names, ...others]));
  return [Math.min(whole[0] ?? 0, names + spare), ...others];
}

/** The longest text of a column; ten thousand arguments are too many for Math.max at once. */
function rangeOf(cells: readonly (readonly string[])[], index: number): number[] {
  return [cells.reduce((most, row) => Math.max(most, row[index]?.length ?? 0), 0)];
}

/** Cut to the screen: what is redrawn in place must not wrap. */
function lineOf(texts: readonly string[], widths: readonly number[], style: Style): string {
  let room = style.columns - GAP.length;
  const parts = texts.map((text, index) => {
    const columns = Math.max(0, Math.min(widths[index] ?? 0, room));
    room -= columns + GAP.length;
    const cut = index === 0 ? cutInside : ellipsise;
    return pad(cut(text, columns, style.sign("ellipsis")), columns);
  });
  return parts.join(GAP).trimEnd();
}

/** Names differ at their ends, so that it is the middle that goes. */
function cutInside(text: string, columns: number, mark: string): string {
  if (text.length <= columns) return text;
  const kept = Math.max(0, columns - mark.length);
  const tail = Math.floor(kept / 2);
  return `${text.slice(0, kept - tail)}${mark}${tail === 0 ? "" : text.slice(-tail)}`;
}

function markOf(row: Row, style: Style): string {
  const [meaning, sign]: [Meaning, Sign] = isLate(row)
    ? ["caution", "warning"]
    : row.ready
      ? ["good", "done"]
      : ["bad", "failed"];
  return style.paint(meaning, style.sign(sign));
}

function troubleOf(row: Row, style: Style): string[] {
  if (row.ready) return [];
  const text = row.message === undefined ? row.state : `${row.state}: ${row.message}`;
  return wrap(style.text(text), style.columns - 6).map((line) => `    ${line}`);
}

function placeOf({ namespace, name }: { readonly namespace?: string; readonly name: string }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function managerOf({ managedBy }: Row): string {
  return managedBy === "eso-bootstrap" ? "us" : (managedBy ?? "-");
}

/** `3/3`, or how many there should be where the Secret was not read; `all` with dataFrom. */
function keysText({ keys: { wanted, present } }: SecretStatus): string {
  if (wanted === undefined) return present === undefined ? "all" : String(present);
  return present === undefined ? String(wanted) : `${present}/${wanted}`;
}

function lastText(row: SecretStatus): string {
  const { ageSeconds } = row;
  return ageSeconds === undefined ? "never" : `${roughly(ageSeconds)} ago${isLate(row) ? " (late)" : ""}`;
}

/** Go writes an hour as `1h0m0s`. */
function shortened(interval: string): string {
  return interval.replace(/(?<=[hm])0[ms]/g, "");
}

const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "m"],
] as const;

/** The largest unit of which there are two: `41d`, `3h`, `90m`, `12s`. */
function roughly(seconds: number): string {
  const [size, unit] = UNITS.find(([length]) => seconds >= 2 * length) ?? [1, "s"];
  return `${Math.floor(seconds / size)}${unit}`;
}
