import { fileURLToPath } from "node:url";
import { drawn, textOf } from "../../scripts/pictures/screen.ts";
import { COLUMNS, spawnOnTerminal } from "../../scripts/pictures/terminal.ts";
import { until } from "../e2e/stack/poll.ts";

/** A person at a terminal: what is on the screen, and keys. */
export interface Session {
  /** Everything on the screen and above it, as a person would copy it. */
  screen(): string;
  /** Every byte that the terminal got. */
  raw(): string;
  /** Waits for the question that is open now. */
  asks(question: string): Promise<void>;
  sees(text: string | RegExp): Promise<void>;
  type(keys: string): void;
  /** Goes down a list to the first row that fits, without taking it. */
  pointAt(row: string | RegExp): Promise<void>;
  /** Points and takes. */
  choose(question: string, row: string | RegExp): Promise<void>;
  answer(question: string, text: string): Promise<void>;
  readonly ended: Promise<number | null>;
  kill(): void;
}

export const KEYS = { enter: "\r", down: "\u001b[B", space: " ", ctrlC: "\u0003" };
const BIN = fileURLToPath(new URL("../../bin/eso-bootstrap.js", import.meta.url));

/** Runs the built package in a real pseudo-terminal; `program`: something else of Node's, as the sources. */
export function startSession({
  args,
  cwd,
  env,
  program = [BIN],
}: {
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  program?: readonly string[];
}): Session {
  const child = spawnOnTerminal([...program, ...args], { cwd, env });
  let raw = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (raw += chunk));
  let over = false;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      over = true;
      resolve(code);
    });
  });

  const screen = () => drawn(raw, COLUMNS).map(textOf).join("\n").trimEnd();
  const wait = (what: string, probe: () => boolean) =>
    until(what, probe, {
      everyMs: 10,
      timeoutMs: 30_000,
      explain: () => `the screen:\n${screen()}`,
    });
  const open = () =>
    /^\? (.*)$/m.exec(
      screen()
        .split(/\n(?=\? )/)
        .at(-1) ?? "",
    )?.[1] ?? "";
  const pointed = () =>
    /^\s*❯(.*)$/m
      .exec(
        screen()
          .split(/\n(?=\? )/)
          .at(-1) ?? "",
      )?.[1]
      ?.trim();
  const answered = () => screen().match(/^✔ /gm)?.length ?? 0;
  /** The next question may have the same words: it is another one when this one is ticked. */
  const give = async (keys: string) => {
    const before = answered();
    session.type(keys);
    await wait("the answer to be taken", () => over || answered() > before);
  };
  const session: Session = {
    screen,
    raw: () => raw,
    asks: async (question) =>
      void (await wait(`the question ${question}`, () => open().startsWith(question))),
    sees: async (text) =>
      void (await wait(`${text}`, () =>
        typeof text === "string" ? screen().includes(text) : text.test(screen()),
      )),
    type: (keys) => void (over || child.stdin.write(keys)),
    async pointAt(row) {
      const fits = (at = "") => (typeof row === "string" ? at.includes(row) : row.test(at));
      for (let step = 0; step < 30; step += 1) {
        const here = pointed();
        if (fits(here)) return;
        session.type(KEYS.down);
        // At the end of a list nothing moves any more.
        await wait(`a row after ${here}`, () => pointed() !== here);
      }
      throw new Error(`there is no row ${row} on the screen:\n${screen()}`);
    },
    async choose(question, row) {
      await session.asks(question);
      await session.pointAt(row);
      await give(KEYS.enter);
    },
    async answer(question, text) {
      await session.asks(question);
      await give(text + KEYS.enter);
    },
    ended,
    kill: () => void child.kill("SIGKILL"),
  };
  return session;
}
