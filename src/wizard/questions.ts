import { FIELDS } from "../inputs/fields.ts";
import { messageOf } from "./asking.ts";
import { contextQuestion, kindQuestion, namespaceQuestion } from "./questions-cluster.ts";
import { folderQuestion } from "./questions-folder.ts";
import { environmentQuestion, hostQuestion, loginQuestion, projectQuestion } from "./questions-infisical.ts";
import { intervalQuestion, keysQuestion, nameQuestion } from "./questions-secret.ts";
import type { Question } from "./question.ts";

const { mode } = FIELDS.reviewer;

/** Who reviews ESO's token. Servers of 2024 know one way only, and then nothing is asked (eras: `selfReview`). */
const reviewerQuestion: Question = {
  field: mode.key,
  isNeeded: false,
  when: async ({ live }) => (await (await live.infisical()).traits()).selfReview,
  async ask(wizard) {
    const chosen = await wizard.deps.prompt.choose({
      message: messageOf(mode),
      choices: [
        {
          value: "token",
          name: "a token of its own (recommended)",
          description: 'Infisical keeps a token that may only ask "is this token genuine?".',
        },
        {
          value: "self",
          name: "ESO reviews itself",
          description: "Infisical keeps no token; ESO's own ServiceAccount may review tokens instead.",
        },
      ],
      default: wizard.remembered(mode.key) ?? "token",
    });
    return { values: { [mode.key]: chosen } };
  },
};

/** Every question of `init`, in order: each may use the answers before it. */
export const QUESTIONS: readonly Question[] = [
  contextQuestion,
  hostQuestion,
  loginQuestion,
  projectQuestion,
  environmentQuestion,
  folderQuestion,
  namespaceQuestion,
  kindQuestion,
  keysQuestion,
  nameQuestion,
  intervalQuestion,
  reviewerQuestion,
];
