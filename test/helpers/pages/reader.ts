import { BootstrapError } from "../../../src/errors.ts";
import type { Choice, Prompt } from "../../../src/system/system.ts";

/** What a reader of the pages answers where enter alone does not do; by the start of the question, then by the start of a choice. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  Environment: ["prod"],
  Keys: ["DB_"],
  Which: ["DB_"],
  "Name of the Secret": ["shop-db"],
  Folder: ["/shop  (", "/shop →"],
};

/** A reader who follows a page: takes what is proposed, says yes, picks every key by name. Typed secrets are refused. */
export function createReader(): Prompt {
  const asked = (message: string) =>
    new BootstrapError("ESOB-C107", { message: `The reader of a page was asked "${message}".` });
  return {
    interactive: true,
    text: async ({ message, default: preset, validate }) => {
      const answer = startsOf(message)[0] ?? preset ?? "";
      const verdict = (await validate?.(answer)) ?? true;
      if (verdict !== true) throw asked(`${message} (${verdict})`);
      return answer;
    },
    hidden: async ({ message }) => {
      throw asked(message);
    },
    choose: async ({ message, choices, default: preset }) =>
      (wanted(message, choices) ?? proposed(choices, preset) ?? first(message, choices)).value,
    chooseMany: async ({ message, choices }) => {
      const given = choices.filter(({ value }) => typeof value === "string");
      const liked = given.filter(({ name }) => startsOf(message).some((start) => name.startsWith(start)));
      return (liked.length > 0 ? liked : given).map(({ value }) => value);
    },
    confirm: async () => true,
  };
}

const startsOf = (message: string) =>
  Object.entries(ANSWERS).find(([start]) => message.startsWith(start))?.[1] ?? [];

function wanted<T>(message: string, choices: readonly Choice<T>[]): Choice<T> | undefined {
  return startsOf(message).flatMap((start) => choices.filter(({ name }) => name.startsWith(start)))[0];
}

const proposed = <T>(choices: readonly Choice<T>[], preset: T | undefined) =>
  preset === undefined ? undefined : choices.find(({ value }) => value === preset);

function first<T>(message: string, [choice]: readonly Choice<T>[]): Choice<T> {
  if (!choice) throw new Error(`"${message}" has no choices`);
  return choice;
}
