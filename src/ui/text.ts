import { stripVTControlCharacters } from "node:util";

const graphemes = new Intl.Segmenter();
/** East Asian wide ranges and emoji: two columns in every terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
/** Everything that could move the cursor or change the terminal; line feeds are the layout's business. */
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One column a character: almost everything that is ever measured. */
const PLAIN = /^[ -~]*$/;
/** Intl.Segmenter takes minutes for a word of a megabyte (Node 20): nothing that long is laid out to the column anyway. */
const LONG = 5000;

/** Columns that a text takes on the screen; colours take none. */
export function width(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (PLAIN.test(plain) || plain.length > LONG) return plain.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(plain)) {
    columns += WIDE.test(segment) ? 2 : 1;
  }
  return columns;
}

/** Text of others (names, server messages) made harmless: no escape sequences, no control characters, no direction marks. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, " ");
}

/** The same on one line, without blanks at the ends. */
export function oneLine(text: string): string {
  return harmless(text).replace(/\s+/g, " ").trim();
}

/** At most `most` characters, the end cut off; never half of a surrogate pair. */
export function clamp(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Fills up with spaces to `columns`; longer texts stay. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)));
}

/** Cuts at the end so that it fits, and shows that it was cut. Plain text only. */
export function ellipsise(text: string, columns: number, mark = "…"): string {
  if (width(text) <= columns) return text;
  let kept = "";
  for (const { segment } of graphemes.segment(text)) {
    if (width(kept + segment) + width(mark) > columns) break;
    kept += segment;
  }
  return kept.trimEnd() + mark;
}

/** Breaks at spaces; a word that is longer than the line stays whole (commands must be copyable). Plain text only. */
export function wrap(text: string, columns: number): string[] {
  return text.split("\n").flatMap((paragraph) => wrapParagraph(paragraph, columns));
}

/** Measures each word once: a foreign text of a megabyte must not cost its square. */
function wrapParagraph(paragraph: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const word of paragraph.trimEnd().split(" ")) {
    const wide = width(word);
    const isFirst = line === "";
    if (isFirst || used + 1 + wide <= columns || isBlank(line)) {
      line = isFirst ? word : `${line} ${word}`;
      used += wide + (isFirst ? 0 : 1);
      continue;
    }
    lines.push(line.trimEnd());
    line = word;
    used = wide;
  }
  return [...lines, line];
}

/** True for an indent: the first word may then be longer than the line. */
const isBlank = (line: string) => line.length < 40 && line.trim() === "";

/** `0.8s`, `34s`, `2m 05s`: as exact as a person wants it. */
export function duration(ms: number): string {
  if (ms < 9950) return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, "0")}s`;
}

/** `1 change`, `2 changes`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}
