import type { Cell, Row } from "./screen.ts";
import { textOf } from "./screen.ts";

/** Something that is another one in each run, and what is drawn for it. */
interface Varying {
  readonly what: string;
  readonly pattern: RegExp;
  /** `nth`: how many others were seen before this one. */
  readonly drawn: (nth: number) => string;
  /** Where the blanks go when the text is longer or shorter; else the line is. */
  readonly blanks?: "before" | "after";
}

/** All that differs between two runs with one seed. */
const VARYING: readonly Varying[] = [
  {
    what: "time of a step",
    pattern: /(?<=^ {2}.*) {2,}(\d+m )?\d+(\.\d)?s$/,
    drawn: () => "0.1s",
    blanks: "before",
  },
  {
    what: "time of a whole",
    pattern: /(?<=^\S.*) {2,}(\d+m )?\d+(\.\d)?s$/,
    drawn: () => "1.0s",
    blanks: "before",
  },
  {
    what: "address of a server",
    pattern: /127\.0\.0\.1:\d+/,
    drawn: (nth) => `127.0.0.1:${40_001 + nth}`,
  },
  { what: "age in a table", pattern: /\b\d+[smhd] ago( +|$)/, drawn: () => "2s ago", blanks: "after" },
  { what: "age of a token", pattern: /(?<=token )\d+[smhd](?= old)/, drawn: () => "2s" },
];

/** The same rows with what varies in a fixed form. */
export function fixed(rows: readonly Row[]): Row[] {
  return VARYING.reduce<Row[]>(fixOne, [...rows]);
}

function fixOne(rows: Row[], { pattern, drawn, blanks }: Varying): Row[] {
  const seen: string[] = [];
  const drawnFor = (found: string) => {
    if (!seen.includes(found.trim())) seen.push(found.trim());
    const text = drawn(seen.indexOf(found.trim()));
    if (blanks === undefined) return text;
    return blanks === "before" ? text.padStart(found.length) : text.padEnd(found.length);
  };
  return rows.map((row) => replaced(row, new RegExp(pattern, "g"), drawnFor));
}

/** What comes in looks as the first character of what goes. */
function replaced(row: Row, pattern: RegExp, drawnFor: (found: string) => string): Row {
  let at = 0;
  const parts: Cell[] = [];
  for (const { 0: found, index } of textOf(row).matchAll(pattern)) {
    const start = index + found.length - found.trimStart().length;
    const look = row[start]?.look ?? "";
    parts.push(...row.slice(at, index), ...cellsOf(drawnFor(found), look));
    at = index + found.length;
  }
  return [...parts, ...row.slice(at)];
}

const cellsOf = (text: string, look: string): Cell[] => Array.from(text, (one) => ({ text: one, look }));
