import type { Check } from "../engine/check.ts";
import { isBootstrapError } from "../errors.ts";
import type { CheckContext } from "./context.ts";

/** A check whose reads are not allowed is skipped, naming the right that would allow it; every other failed read fails it. */
export function ifAllowed(check: Check<CheckContext>): Check<CheckContext> {
  return {
    ...check,
    run: async (context) => {
      try {
        return await check.run(context);
      } catch (error) {
        if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
        const right = error.facts["Right"];
        return {
          status: "skip",
          because: right === undefined ? error.message : `not allowed here: needs the right to ${right}`,
        };
      }
    },
  };
}
