import type { CommandDeps } from "../commands.ts";
import type { ApplyResult } from "../engine/apply.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { STEPS_OF, type RoadCommand } from "../steps/index.ts";
import { confirmWith } from "./consent.ts";
import { onEachCluster, type ClusterOutcome } from "./each-cluster.ts";
import { headlineOf, nextSteps } from "./next-steps.ts";
import { readPlan } from "./plan-file.ts";
import { readAll } from "./read-inputs.ts";
import { exitCodeOf, walkRoad } from "./road.ts";
import { fileFor, saveIfPossible } from "./save-file.ts";
import { openSession, type Opened } from "./session.ts";
import { writeBack } from "./write-back.ts";

/**
 * `apply`, and the commands that take one part of the road: the same engine, plan and consent. What a flag says otherwise than the
 * file goes into the file, as with `init`: the next run must not take it back.
 */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const { options, all } = await readAll(invocation, deps);
  const beforeFirstWrite = saveIfPossible(deps, all[0]?.fileExists ? fileFor(options, all) : undefined);
  return onEachCluster(all, deps, (inputs) =>
    applyOne(invocation, deps, inputs, { isOnly: all.length === 1, beforeFirstWrite }),
  );
}

/** What `init` brings along besides. */
export interface ApplyExtras extends Opened {
  readonly beforeFirstWrite?: () => Promise<void>;
  /** One identity serves one cluster: with several its id is not written into the file. */
  readonly isOnly: boolean;
}

/** One cluster from the plan to the proof. */
export async function applyOne(
  invocation: Invocation,
  deps: CommandDeps,
  inputs: Inputs,
  extras: ApplyExtras,
): Promise<ClusterOutcome> {
  const session = await openSession(invocation, deps, inputs, extras);
  try {
    const planFile = invocation.flags["plan"];
    const steps = STEPS_OF[invocation.command as RoadCommand];
    const result = await walkRoad(
      session.ports,
      { ...session.run, steps },
      {
        confirm: confirmWith(invocation, deps),
        ...(typeof planFile === "string" && { expected: await readPlan(await deps.files(), planFile) }),
        ...(extras.beforeFirstWrite && { beforeFirstWrite: extras.beforeFirstWrite }),
      },
    );
    if (extras.isOnly) await writeBack(deps, inputs, session, result);
    return outcomeOf(result, inputs, session.desired);
  } finally {
    await session.close();
  }
}

function outcomeOf(
  result: ApplyResult,
  inputs: Inputs,
  desired: Parameters<typeof headlineOf>[1],
): ClusterOutcome {
  const headline = headlineOf(result, desired);
  const next = nextSteps(result, inputs, desired);
  return {
    result: { kind: "ApplyResult", result, next, ...(headline !== undefined && { headline }) },
    exitCode: exitCodeOf(result),
  };
}
