import type { CommandDeps } from "../commands.ts";
import { hasChanges, type Plan } from "../engine/plan.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { STEPS_OF } from "../steps/index.ts";
import { planText } from "./plan-file.ts";
import { onEachCluster, type ClusterOutcome } from "./each-cluster.ts";
import { readInputs } from "./read-inputs.ts";
import { planRoad, type RoadRun } from "./road.ts";
import { openSession } from "./session.ts";

/** The same plan as apply's, and nothing else. Exit 6: there are changes; 1: some are blocked. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  return onEachCluster(await readInputs(invocation, deps), deps, (inputs) =>
    planOne(invocation, deps, inputs),
  );
}

/** One cluster as far as the plan. */
export async function planOne(
  invocation: Invocation,
  deps: CommandDeps,
  inputs: Inputs,
  steps: RoadRun["steps"] = STEPS_OF.plan,
): Promise<ClusterOutcome> {
  const session = await openSession(invocation, deps, inputs);
  try {
    const { plan } = await planRoad(session.ports, { ...session.run, steps });
    const { outputFile } = invocation.flags;
    if (typeof outputFile === "string") await (await deps.files()).write(outputFile, planText(plan));
    return { result: { kind: "Plan", plan }, exitCode: planExitCode(plan) };
  } finally {
    await session.close();
  }
}

export function planExitCode(plan: Plan): number {
  if (plan.summary.blocked > 0) return 1;
  return hasChanges(plan) ? 6 : 0;
}
