import type { CommandDeps } from "../commands.ts";
import { asTyped } from "../command-line.ts";
import type { Plan } from "../engine/plan.ts";
import { isWrite } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";

/** `--yes`, or a question; without either nothing is changed (promise 1). */
export function confirmWith(invocation: Invocation, deps: CommandDeps): (plan: Plan) => Promise<void> {
  return async (plan) => {
    if (invocation.flags["yes"] === true) return;
    const count = plan.changes.filter(isWrite).length;
    const changes = count === 1 ? "this change" : `these ${count} changes`;
    if (!deps.interactive)
      throw new BootstrapError("ESOB-C107", {
        message: `The plan has ${count} ${count === 1 ? "change" : "changes"}, and there is no terminal to confirm it in.`,
        reason: "nothing was changed",
        fix: {
          summary: "Look at the plan, then run it with --yes.",
          command: asTyped(invocation, "--yes"),
        },
      });
    const prompt = await deps.prompt();
    if (await prompt.confirm({ message: `Apply ${changes}?`, default: false })) return;
    throw new BootstrapError("ESOB-C205", {
      message: "The plan was declined.",
      reason: "nothing was changed",
    });
  };
}
