import { fileURLToPath } from "node:url";
import { fixed } from "./fixed.ts";
import { drawn, type Row, textOf } from "./screen.ts";
import { svgOf } from "./svg.ts";
import { COLUMNS, spawnOnTerminal } from "./terminal.ts";

/** A part of what `play.ts` plays: from the first line that fits until another, or until the end. */
interface Scene {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly from: RegExp;
  readonly until?: RegExp;
}

const SCENES: readonly Scene[] = [
  {
    name: "init",
    title: "eso-bootstrap init",
    about:
      "The plan of what changes in Helm, Kubernetes and Infisical, each change as it is done, and the proof.",
    from: /^\$ eso-bootstrap init/,
    until: /^ {2}The shop/,
  },
  {
    name: "doctor",
    title: "eso-bootstrap doctor, all is well",
    about: "All checks passed.",
    from: /^\$ eso-bootstrap doctor/,
    until: /^ {2}Now something breaks/,
  },
  {
    name: "doctor-broken",
    title: "eso-bootstrap doctor, the reviewer's binding is gone",
    about: "One cause with the command that mends it, and what follows from it.",
    from: /^ {2}Now something breaks/,
    until: /^\$ eso-bootstrap reviewer/,
  },
  {
    name: "doctor-mended",
    title: "The command that doctor printed, and doctor again",
    about: "The binding is made again, and all checks pass.",
    from: /^\$ eso-bootstrap reviewer/,
    until: /^ {2}It stays up/,
  },
  {
    name: "status",
    title: "eso-bootstrap status",
    about: "A store and an ExternalSecret, each in a line of a table.",
    from: /^\$ eso-bootstrap status/,
    until: /^\$ eso-bootstrap add-secret/,
  },
  {
    name: "add-secret",
    title: "eso-bootstrap add-secret API_KEY",
    about: "The line that comes into the file, the plan, and the proof that the Secret has the key.",
    from: /^\$ eso-bootstrap add-secret/,
  },
];

/** Each picture as a file that follows from the code; they are all of one run, made when the first is asked for. */
export const PICTURES = SCENES.map((scene) => ({
  path: `docs/pictures/${scene.name}.svg`,
  content: async () => svgOf(rowsOf(scene, await screen()), scene),
}));

let played: Promise<Row[]> | undefined;
const screen = () => (played ??= play());

/** All that was on the screen in the end, with what varies in a fixed form. */
async function play(): Promise<Row[]> {
  const { PATH = "", TMPDIR } = process.env;
  const child = spawnOnTerminal(["--import", "tsx", "scripts/pictures/play.ts"], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { PATH, HOME: "/nowhere", LANG: "C.UTF-8", ...(TMPDIR !== undefined && { TMPDIR }) },
  });
  let raw = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (raw += chunk));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  const rows = drawn(raw, COLUMNS);
  if (code !== 0) throw new Error(`it ended with ${code}; the screen:\n${plain(rows)}`);
  return fixed(rows);
}

function rowsOf({ name, from, until }: Scene, rows: readonly Row[]): Row[] {
  const first = rows.findIndex((row) => from.test(textOf(row)));
  const after = rows.findIndex((row, index) => index > first && until?.test(textOf(row)));
  const found = rows.slice(first, after < 0 ? undefined : after);
  if (first < 0 || (until && after < 0)) throw new Error(`${name} is not on the screen:\n${plain(rows)}`);
  return found.slice(0, found.findLastIndex((row) => textOf(row) !== "") + 1);
}

const plain = (rows: readonly Row[]) => rows.map(textOf).join("\n");
