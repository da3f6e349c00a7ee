import { styleText } from "node:util";
import type { Terminal } from "./terminal.ts";
import { harmless } from "./text.ts";

/** Every sign on the screen, with the twin for terminals without UTF-8. All statuses are one column wide in both. */
const SIGNS = {
  done: ["✔", "v"],
  failed: ["✖", "x"],
  warning: ["⚠", "!"],
  unchanged: ["○", "o"],
  create: ["+", "+"],
  update: ["~", "~"],
  replace: ["±", "%"],
  delete: ["-", "-"],
  blocked: ["⊘", "#"],
  skipped: ["↷", ">"],
  dot: ["·", "-"],
  arrow: ["→", "->"],
  both: ["↔", "<->"],
  ellipsis: ["…", "..."],
} as const;

export type Sign = keyof typeof SIGNS;

const SPINNER = { unicode: "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏".split(""), ascii: "-\\|/".split("") };

/** What a text means; colours are chosen here and nowhere else. */
const COLOURS = {
  good: "green",
  bad: "red",
  caution: "yellow",
  quiet: "dim",
  strong: "bold",
  accent: "cyan",
} as const;

export type Meaning = keyof typeof COLOURS;

/** Signs of others that have an ASCII twin; what has none stays as it is. */
const TWINS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.values(SIGNS)),
  "←": "<-",
  "–": "-",
  "—": "-",
  "“": '"',
  "”": '"',
  "’": "'",
  "≤": "<=",
  "≥": ">=",
};

/** How things look on one terminal. */
export interface Style {
  readonly columns: number;
  readonly spinner: readonly string[];
  sign(sign: Sign): string;
  paint(meaning: Meaning, text: string): string;
  /** Text of others, made harmless and fit for this terminal. Every foreign text passes here before it is laid out. */
  readonly text: (foreign: string) => string;
}

export function createStyle({
  columns,
  colour,
  unicode,
}: Pick<Terminal, "columns" | "colour" | "unicode">): Style {
  const twin = unicode ? 0 : 1;
  return {
    columns,
    spinner: unicode ? SPINNER.unicode : SPINNER.ascii,
    sign: (sign) => SIGNS[sign][twin],
    // `detectTerminal` has decided already; styleText must not decide again by looking at process.stdout.
    paint: (meaning, text) =>
      colour && text !== "" ? styleText(COLOURS[meaning], text, { validateStream: false }) : text,
    text: (foreign) => {
      const clean = harmless(foreign);
      return unicode ? clean : clean.replace(/[^\n -~]/gu, (character) => TWINS[character] ?? character);
    },
  };
}
