import type { CommandDeps } from "../commands.ts";
import type { Invocation } from "../invocation.ts";
import { rotatorStep } from "../steps/rotator.ts";
import { confirmWith } from "./consent.ts";
import { onEachCluster } from "./each-cluster.ts";
import { planOne } from "./plan.ts";
import { readInputs } from "./read-inputs.ts";
import { exitCodeOf, walkRoad } from "./road.ts";
import { openSession } from "./session.ts";

/** Makes the identity that the rotation CronJob is at Infisical; the CronJob itself comes from `render --rotation-cronjob`. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const all = await readInputs(invocation, deps);
  return onEachCluster(all, deps, async (inputs) => {
    if (invocation.flags["dryRun"] === true) return planOne(invocation, deps, inputs, [rotatorStep]);
    const session = await openSession(invocation, deps, inputs);
    try {
      const consent = { confirm: confirmWith(invocation, deps) };
      const result = await walkRoad(session.ports, { ...session.run, steps: [rotatorStep] }, consent);
      const exitCode = exitCodeOf(result);
      const next =
        exitCode === 0 && result.applied.length > 0
          ? ["CronJob: eso-bootstrap render --rotation-cronjob --image IMAGE | kubectl apply -f -"]
          : [];
      return { result: { kind: "ApplyResult", result, next }, exitCode };
    } finally {
      await session.close();
    }
  });
}
