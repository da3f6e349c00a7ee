import type { Prompt } from "./system/system.ts";

/** The same prompt; `announce` is called before each question, so that whatever moves on the screen can stop. */
export function announced(prompt: Prompt, announce: () => void): Prompt {
  const after = <Question, Answer>(ask: (question: Question) => Promise<Answer>) => {
    return (question: Question) => {
      announce();
      return ask(question);
    };
  };
  return {
    interactive: prompt.interactive,
    text: after((question: Parameters<Prompt["text"]>[0]) => prompt.text(question)),
    hidden: after((question: Parameters<Prompt["hidden"]>[0]) => prompt.hidden(question)),
    confirm: after((question: Parameters<Prompt["confirm"]>[0]) => prompt.confirm(question)),
    choose(question) {
      announce();
      return prompt.choose(question);
    },
    chooseMany(question) {
      announce();
      return prompt.chooseMany(question);
    },
  };
}
