import { asTyped } from "../command-line.ts";
import type { ApplyResult } from "../engine/apply.ts";
import type { Change } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { isRefusal } from "../steps/removal/take.ts";

/**
 * A run that did what it may, as a failure: it names what is left and the rights that are missing, with the command for whoever
 * has them. What stopped the run for another reason stays the failure.
 */
export function withLeft(
  invocation: Invocation,
  result: ApplyResult,
  blocked: readonly Change[],
): ApplyResult {
  const { failed } = result;
  const refused = failed && isRefusal(failed.error) ? [reasoned(failed)] : [];
  const notDone = [...refused, ...result.notDone, ...blocked];
  const [change] = [...refused, ...blocked];
  if (!change || (failed && refused.length === 0)) return { ...result, notDone };
  return { ...result, notDone, failed: { change, error: leftError(invocation, notDone) } };
}

/** Refused by the system itself, where nobody could know before. */
function reasoned({ change, error }: NonNullable<ApplyResult["failed"]>): Change {
  return { ...change, reason: error.reason ?? error.message };
}

/** As many as a person reads; the others stand with what they keep from going. */
const SHOWN = 3;

function leftError(invocation: Invocation, notDone: readonly Change[]): BootstrapError {
  const reasons = [...new Set(notDone.flatMap(({ reason }) => reason ?? []))];
  const more = reasons.length - SHOWN;
  const text = [...reasons.slice(0, SHOWN), ...(more > 0 ? [`${more} more, see the plan`] : [])].join("; ");
  const count = notDone.length;
  return new BootstrapError("ESOB-C203", {
    message: `${count} ${count === 1 ? "thing" : "things"} of ours could not be taken away.`,
    reason: text,
    fix: {
      summary: "With the rights that are missing, the same command takes the rest.",
      command: asTyped(invocation),
    },
  });
}
