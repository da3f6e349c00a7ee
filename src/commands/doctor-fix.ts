import type { examine } from "../checks/examine.ts";
import type { CommandDeps } from "../commands.ts";
import type { Invocation } from "../invocation.ts";
import { STEPS_OF } from "../steps/index.ts";
import { confirmWith } from "./consent.ts";
import { walkRoad } from "./road.ts";
import type { Session } from "./session.ts";

type Seen = Awaited<ReturnType<typeof examine>>;

/**
 * Restores what is ours and drifted, by the same engine, plan and consent as `apply`; never installs ESO, never makes projects.
 * True when something may have changed.
 */
export async function repair(
  invocation: Invocation,
  deps: CommandDeps,
  { ports, run, desired }: Session,
  { results, context }: Seen,
): Promise<boolean> {
  if (!context.desired || results.every(({ status }) => status !== "fail" && status !== "warn")) return false;
  const result = await walkRoad(
    ports,
    { ...run, desired, steps: STEPS_OF.fix },
    { confirm: confirmWith(invocation, deps) },
  );
  if (result.failed) throw result.failed.error;
  return result.writes > 0;
}
