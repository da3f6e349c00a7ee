import type { Prompt } from "../system/system.ts";
import type { PromptStreams } from "./prompt.ts";

/** A prompt that loads inquirer with the first question, so that runs without questions do not pay for it. */
export function createLazyPrompt(streams: PromptStreams): Prompt {
  let loaded: Promise<Prompt> | undefined;
  const load = () => (loaded ??= import("./prompt.ts").then(({ createPrompt }) => createPrompt(streams)));
  return {
    interactive: streams.isTTY,
    text: async (question) => (await load()).text(question),
    hidden: async (question) => (await load()).hidden(question),
    choose: async (question) => (await load()).choose(question),
    chooseMany: async (question) => (await load()).chooseMany(question),
    confirm: async (question) => (await load()).confirm(question),
  };
}
