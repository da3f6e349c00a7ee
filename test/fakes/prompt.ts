import { isDeepStrictEqual } from "node:util";
import { BootstrapError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import type { Choice, Prompt, Validate } from "../../src/system/system.ts";

/** As an answer: the person presses Ctrl-C there. */
export const CTRL_C = Symbol("Ctrl-C");

/**
 * Scripted answers by the start of the question's message; a list is given one after the other (to the same question asked
 * again, after it was refused too). A choice is named by its value or by the start of its name.
 */
export type Script = Readonly<Record<string, unknown>>;

export interface FakePrompt extends Prompt {
  /** What was on the screen: questions, answers, refusals. Hidden answers are `********`. */
  readonly screen: readonly string[];
  /** Answers that nobody asked for; a finished test has none. */
  unused(): string[];
}

/** A person who answers from a script. A question that is not in it fails the test. */
export function createFakePrompt(script: Script): FakePrompt {
  const left = new Map(
    Object.entries(script).map(([message, answer]) => [
      message,
      Array.isArray(answer) ? [...answer] : [answer],
    ]),
  );
  const screen: string[] = [];

  const next = (message: string): unknown => {
    const key = [...left.keys()].filter((start) => message.startsWith(start)).toSorted(byLength)[0];
    const answers = key === undefined ? undefined : left.get(key);
    if (!answers || answers.length === 0) throw new Error(`unexpected question: ${message}`);
    const answer: unknown = answers.shift();
    if (answer !== CTRL_C) return answer;
    screen.push(`? ${message} ^C`);
    throw new BootstrapError("ESOB-C205", { message: "The run was interrupted." });
  };

  const typed = async (message: string, preset: string, validate: Validate | undefined, mask?: string) => {
    for (;;) {
      const answer = next(message);
      const text = answer === undefined ? preset : textOf(answer, message);
      const verdict = (await validate?.(text)) ?? true;
      screen.push(`? ${message} ${mask ?? text}`);
      if (verdict === true) return text;
      screen.push(`  > ${verdict}`);
    }
  };

  return {
    interactive: true,
    screen,
    unused: () => [...left].filter(([, answers]) => answers.length > 0).map(([message]) => message),
    text: ({ message, default: preset = "", validate }) => typed(message, preset, validate),
    hidden: async ({ message, validate }) => new Secret(await typed(message, "", validate, "********")),
    choose: async ({ message, choices, default: preset }) => {
      const answer = next(message);
      const choice = pick(choices, answer === undefined ? preset : answer, message);
      screen.push(`? ${message} ${choice.name}`);
      return choice.value;
    },
    chooseMany: async ({ message, choices, checked = [] }) => {
      const answer = next(message);
      const wanted = answer === undefined ? checked : Array.isArray(answer) ? answer : [answer];
      const chosen = wanted.map((one: unknown) => pick(choices, one, message));
      screen.push(`? ${message} ${chosen.map(({ name }) => name).join(", ")}`);
      return chosen.map(({ value }) => value);
    },
    confirm: async ({ message, default: preset = false }) => {
      const answer = next(message) ?? preset;
      screen.push(`? ${message} ${answer === true ? "yes" : "no"}`);
      return answer === true;
    },
  };
}

function byLength(left: string, right: string): number {
  return right.length - left.length;
}

function textOf(answer: unknown, message: string): string {
  if (typeof answer !== "string") throw new Error(`the script's answer to "${message}" is not a text`);
  return answer;
}

function pick<T>(choices: readonly Choice<T>[], wanted: unknown, message: string): Choice<T> {
  const found =
    choices.find(({ value }) => isDeepStrictEqual(value, wanted)) ??
    choices.find(({ name }) => typeof wanted === "string" && name.startsWith(wanted));
  if (found) return found;
  const names = choices.map(({ name }) => name).join(" | ");
  throw new Error(`"${message}" has no choice ${JSON.stringify(wanted)}, but ${names}`);
}
