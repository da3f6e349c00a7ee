import { isBootstrapError, type BootstrapError } from "../errors.ts";
import type { Code } from "../codes.ts";
import type { Field } from "../inputs/field.ts";
import type { ValueType } from "../inputs/value.ts";
import type { Validate } from "../system/system.ts";
import type { Wizard } from "./question.ts";

/** The question of the fields table. */
export function messageOf({ question, key }: Pick<Field, "question" | "key">): string {
  return question ?? key;
}

/** The rule of the fields table as a prompt takes it. */
export function accepts(type: ValueType<unknown>): (answer: string) => true | string {
  return (answer) => {
    const read = type.read(answer);
    return "value" in read || (read.flaws[0]?.text ?? "that is not a valid value");
  };
}

/** One rule after the other; the first that refuses says why. */
export function both(first: Validate, second: Validate): Validate {
  return async (answer) => {
    const verdict = await first(answer);
    return verdict === true ? second(answer) : verdict;
  };
}

/** Asks and checks until the check holds. Failures with one of the codes are told and asked again; others end the wizard. */
export async function untilAccepted<T>(
  { deps }: Pick<Wizard, "deps">,
  mend: (code: Code) => boolean,
  askAndCheck: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await askAndCheck();
    } catch (error) {
      if (!isBootstrapError(error) || !mend(error.code)) throw error;
      deps.emit({ type: "warning", text: refusal(error) });
    }
  }
}

/** What happened and why, in one line. */
function refusal({ message, reason }: BootstrapError): string {
  return reason === undefined ? message : `${message} ${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
}
