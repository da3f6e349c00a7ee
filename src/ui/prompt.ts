import { styleText } from "node:util";
import inquirer from "inquirer";
import { BootstrapError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { Choice, Prompt, Validate } from "../system/system.ts";
import { createStyle } from "./style.ts";

/** The terminal in which a person answers. Questions go to stderr: stdout is data. */
export interface PromptStreams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly isTTY: boolean;
  /** false: signs have their ASCII twins. */
  readonly unicode?: boolean;
}

/** Lists longer than this can be searched instead of scrolled. */
const SEARCH_FROM = 12;
const PAGE = 12;
/** Always the same, so that not even the length of a secret is on the screen. */
const MASK = "********";
/** Words that must be read are bold on light and on dark; inquirer's cyan is faint on white. */
const bold = (text: string) => styleText("bold", text);
const THEME = { answer: bold, highlight: bold };

/** The only door to inquirer. `deps.ts` imports this file when there is a first question: inquirer takes 50 ms to load. */
export function createPrompt({ stdin, stderr, isTTY, unicode = true }: PromptStreams): Prompt {
  // Names and reasons come from servers: they must not steer the terminal.
  const { text: fit } = createStyle({ columns: 0, colour: false, unicode });
  const ask = async (question: { type: string; message: string } & Record<string, unknown>) => {
    if (!isTTY) throw noTerminal(question.message);
    return untilClosed(stdin, async (signal) => {
      const prompt = inquirer.createPromptModule({ input: stdin, output: stderr, signal });
      const theme = { style: THEME };
      const shown = { theme, ...question, message: fit(question.message), name: "answer" };
      const answers = await prompt<Record<string, unknown>>([shown]);
      return answers["answer"];
    });
  };

  const checked = (validate: Validate) => async (answer: unknown) => {
    const verdict = await validate(asText(answer));
    return verdict === true || fit(verdict);
  };
  const rowsOf = (choices: readonly Choice<unknown>[]) =>
    choices.map(({ name, description }, value) => ({
      value,
      name: fit(name),
      ...(description !== undefined && { description: fit(description) }),
    }));

  return {
    interactive: isTTY,
    async text({ message, default: preset, validate = () => true }) {
      const trimmed: Validate = (answer) => validate(answer.trim());
      const question = { type: "input", message, validate: checked(trimmed) };
      const answer = await ask(preset === undefined ? question : { ...question, default: preset });
      return asText(answer).trim();
    },
    async hidden({ message, validate = () => true }) {
      const theme = { style: { ...THEME, maskedText: "[hidden]", answer: () => MASK } };
      // `toggleMask` would let Ctrl-T put the secret on the screen.
      const question = { type: "password", message, toggleMask: false, theme, validate: checked(validate) };
      return new Secret(asText(await ask(question)));
    },
    async choose({ message, choices, default: preset }) {
      const rows = rowsOf(choices);
      const first = choices.findIndex(({ value }) => value === preset);
      const question = {
        message,
        pageSize: PAGE,
        ...(first >= 0 && { default: first }),
        ...(rows.length < SEARCH_FROM
          ? { type: "select", choices: rows, loop: false }
          : {
              type: "search",
              source: (term = "") =>
                rows.filter(({ name }) => name.toLowerCase().includes(term.toLowerCase())),
            }),
      };
      return picked(choices, await ask(question));
    },
    async chooseMany({ message, choices, checked: before = [], required = false }) {
      const isChecked = (index: number) =>
        choices.some(({ value }, at) => at === index && before.includes(value));
      const rows = rowsOf(choices).map((row) => ({ ...row, checked: isChecked(row.value) }));
      const question = { type: "checkbox", message, choices: rows, required, loop: false, pageSize: PAGE };
      const answer = await ask(question);
      return Array.isArray(answer) ? answer.map((index) => picked(choices, index)) : [];
    },
    confirm: async ({ message, default: preset = false }) =>
      (await ask({ type: "confirm", message, default: preset })) === true,
  };
}

/** ESOB-C107: nobody can answer. */
function noTerminal(question: string): BootstrapError {
  return new BootstrapError("ESOB-C107", {
    message: `There is no terminal in which to ask "${question}".`,
    reason: "stdin and stderr are not both a terminal, as in CI",
    fix: { summary: "Give the value by flag, variable or file, and confirm with --yes." },
  });
}

/** ESOB-C205: Ctrl-C, Ctrl-D, or the terminal went away. */
function interrupted(cause?: unknown): BootstrapError {
  return new BootstrapError("ESOB-C205", { message: "The run was interrupted.", cause });
}

/**
 * Runs one question. On Ctrl-D and when the terminal goes away readline closes and inquirer 14 waits for ever (Node then
 * ends with exit code 13), so that the pause that readline leaves behind ends the question here.
 */
async function untilClosed<T>(
  stdin: NodeJS.ReadableStream,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const closed = new AbortController();
  const close = () => closed.abort();
  for (const event of ["pause", "end", "close"]) stdin.once(event, close);
  try {
    return await ask(closed.signal);
  } catch (error) {
    throw isInterrupt(error) ? interrupted(error) : error;
  } finally {
    for (const event of ["pause", "end", "close"]) stdin.removeListener(event, close);
  }
}

/** Inquirer's own errors for Ctrl-C and for our abort, by name: its classes are not exported by `inquirer`. */
function isInterrupt(error: unknown): boolean {
  return error instanceof Error && ["ExitPromptError", "AbortPromptError"].includes(error.name);
}

function asText(answer: unknown): string {
  return typeof answer === "string" ? answer : "";
}

function picked<T>(choices: readonly { value: T }[], index: unknown): T {
  const choice = typeof index === "number" ? choices[index] : undefined;
  if (!choice) throw new TypeError(`inquirer answered with ${typeof index}, not with one of the choices`);
  return choice.value;
}
