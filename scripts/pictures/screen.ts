/** One place of a screen: a character, and how it looks as names of `LOOKS`, like `bold green`. */
export interface Cell {
  readonly text: string;
  readonly look: string;
}

export type Row = readonly Cell[];

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

interface Look {
  readonly weight?: string | undefined;
  readonly colour?: string | undefined;
}

/** What "Select Graphic Rendition" does to a look (ECMA-48, 8.3.117); what is not here changes nothing that is drawn. */
const LOOKS: Readonly<Record<number, Look>> = {
  0: { weight: undefined, colour: undefined },
  1: { weight: "bold" },
  2: { weight: "dim" },
  22: { weight: undefined },
  39: { colour: undefined },
  ...Object.fromEntries(
    COLOURS.flatMap((colour, index) => [
      [30 + index, { colour }],
      [90 + index, { colour }],
    ]),
  ),
};

const BLANK: Cell = { text: " ", look: "" };

// oxlint-disable-next-line no-control-regex -- terminals are steered by control characters
const TOKENS = /\u001b\[\??([\d;]*)([A-Za-z])|\u001b\][^\u0007]*\u0007|\u001b[^[\]]|([^])/gu;

/** What an xterm makes of the bytes that inquirer and we send: a screen without an upper end. */
export function drawn(raw: string, columns: number): Row[] {
  const rows: Cell[][] = [[]];
  let [row, column] = [0, 0];
  let look: Look = {};
  const line = () => {
    while (rows.length <= row) rows.push([]);
    return rows[row] ?? [];
  };
  const moves: Record<string, (count: number) => void> = {
    A: (count) => (row = Math.max(0, row - Math.max(1, count))),
    B: (count) => (row += Math.max(1, count)),
    C: (count) => (column += Math.max(1, count)),
    D: (count) => (column = Math.max(0, column - Math.max(1, count))),
    G: (count) => (column = Math.max(1, count) - 1),
    K: (mode) => (mode === 2 ? line().splice(0) : mode === 0 ? line().splice(column) : undefined),
    J: (mode) => {
      if (mode !== 0) return;
      line().splice(column);
      rows.splice(row + 1);
    },
  };
  const put = (character: string) => {
    if (column >= columns) [row, column] = [row + 1, 0];
    const cells = line();
    while (cells.length < column) cells.push(BLANK);
    cells[column] = { text: character, look: [look.weight, look.colour].filter(Boolean).join(" ") };
    column += 1;
  };
  const single: Record<string, () => void> = {
    "\n": () => (row += 1),
    "\r": () => (column = 0),
    "\b": () => (column = Math.max(0, column - 1)),
    "\u0007": () => undefined,
  };
  for (const [, numbers = "", move, character] of raw.matchAll(TOKENS)) {
    if (move === "m") for (const code of numbers.split(";")) look = { ...look, ...LOOKS[Number(code)] };
    else if (move !== undefined) moves[move]?.(Number.parseInt(numbers, 10) || 0);
    else if (character !== undefined) (single[character] ?? (() => put(character)))();
  }
  return rows;
}

/** As a person would copy it. */
export const textOf = (row: Row): string =>
  row
    .map(({ text }) => text)
    .join("")
    .trimEnd();
