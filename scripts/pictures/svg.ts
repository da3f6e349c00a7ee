import { COLUMNS } from "./terminal.ts";
import type { Row } from "./screen.ts";

/** One character, and the room around all of them. */
const CELL = { width: 8.4, height: 19, font: 14 };
const EDGE = 16;
const BAR = 36;
const WIDTH = Math.round(COLUMNS * CELL.width + 2 * EDGE);

/** By what it fills: the window, its line and its dots; text, and text in each look that `style.ts` has. */
type Palette = Readonly<Record<(typeof FILLED)[number], string>>;
const FILLED = ["window", "line", "text", "bold", "dim", "red", "green", "yellow", "cyan"] as const;

export const PALETTES: Readonly<Record<"dark" | "light", Palette>> = {
  dark: {
    window: "#0d1117",
    line: "#30363d",
    text: "#d1d7e0",
    bold: "#f0f6fc",
    dim: "#9198a1",
    red: "#ff7b72",
    green: "#3fb950",
    yellow: "#d29922",
    cyan: "#39c5cf",
  },
  light: {
    window: "#ffffff",
    line: "#d1d9e0",
    text: "#1f2328",
    bold: "#010409",
    dim: "#59636e",
    red: "#c21f2b",
    green: "#1a7f37",
    yellow: "#875e00",
    cyan: "#1b7c83",
  },
};

const STYLE = [
  `text{font:${CELL.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;white-space:pre}`,
  ".bold{font-weight:bold}",
  rulesOf(PALETTES.dark),
  `@media (prefers-color-scheme:light){${rulesOf(PALETTES.light)}}`,
].join("\n");

function rulesOf(palette: Palette): string {
  const rules = FILLED.map((name) => `${name === "text" ? "text" : `.${name}`}{fill:${palette[name]}}`);
  return [...rules, `.window{stroke:${palette.line}}`].join("");
}

/** A window of a terminal with these rows; the text is text, to be read aloud, searched and copied. */
export function svgOf(rows: readonly Row[], { title, about }: { title: string; about: string }): string {
  const height = BAR + rows.length * CELL.height + EDGE;
  const baseline = (row: number) => BAR + row * CELL.height + CELL.font;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped(about)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="window" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    ...[0, 1, 2].map((nth) => `<circle class="line" cx="${EDGE + 6 + nth * 20}" cy="18" r="6"/>`),
    ...rows.flatMap((row, index) =>
      row.length === 0 ? [] : [`<text y="${baseline(index)}" xml:space="preserve">${spansOf(row)}</text>`],
    ),
    "</svg>\n",
  ].join("\n");
}

interface Run {
  readonly look: string;
  /** Where it begins, and how many columns it takes. */
  readonly at: number;
  columns: number;
  text: string;
}

/**
 * One look after the other, each with its place and length: so columns stay columns whatever font the reader has, and a sign
 * that comes from another font moves nothing.
 */
function spansOf(row: Row): string {
  return runsOf(row)
    .map(({ look, at, columns, text }) => {
      const place = `x="${rounded(EDGE + at * CELL.width)}" textLength="${rounded(columns * CELL.width)}"`;
      return `<tspan ${place}${look && ` class="${look}"`}>${escaped(text)}</tspan>`;
    })
    .join("");
}

/** A blank has no look of its own. */
function runsOf(row: Row): Run[] {
  const runs: Run[] = [];
  row.forEach(({ text, look }, at) => {
    const last = runs.at(-1);
    if (last && (last.look === look || text === " ")) {
      last.text += text;
      last.columns += 1;
    } else runs.push({ look: text === " " ? "" : look, at, columns: 1, text });
  });
  return runs;
}

const rounded = (value: number) => Number(value.toFixed(1));

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
