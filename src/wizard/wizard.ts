import { isBootstrapError } from "../errors.ts";
import { clearDraft, readDraft, saveDraft } from "./draft.ts";
import { createLive } from "./live.ts";
import type { Answers, Asked, Wizard, WizardOptions } from "./question.ts";
import { QUESTIONS } from "./questions.ts";

/**
 * Asks what is missing, in the order of the table, and checks each answer at once against the live systems. Changes nothing.
 * Whatever ends it early, the answers so far are kept (without secrets) and offered the next time.
 */
export async function runWizard({
  given,
  credential,
  ask = "everything",
  deps,
}: WizardOptions): Promise<Answers> {
  const draft = await readDraft(deps);
  let answers: Answers = { values: {}, credential: undefined, firstValues: [] };
  const value = (key: string) => given[key] ?? answers.values[key];
  const known = () => credential ?? answers.credential;
  const wizard: Wizard = {
    deps,
    live: createLive({ deps, value, credential: known }),
    get credential() {
      return known();
    },
    value,
    text: (key) => textOf(value(key)),
    remembered: (key) => textOf(draft.values[key]),
  };
  try {
    for (const question of QUESTIONS) {
      if (ask === "needed" && !question.isNeeded) continue;
      if (question.field === "credential" ? known() : value(question.field) !== undefined) continue;
      if (question.when && !(await question.when(wizard))) continue;
      answers = merged(answers, await question.ask(wizard));
    }
  } catch (error) {
    if (isBootstrapError(error)) await saveDraft(deps, { ...draft.values, ...answers.values });
    throw error;
  }
  if (draft.exists) await clearDraft(deps);
  return answers;
}

function merged(answers: Answers, asked: Asked): Answers {
  const entries = Object.entries({ ...answers.values, ...asked.values });
  return {
    values: Object.fromEntries(entries.filter(([, value]) => value !== undefined)),
    credential: asked.credential ?? answers.credential,
    firstValues: [...answers.firstValues, ...(asked.firstValues ?? [])],
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
