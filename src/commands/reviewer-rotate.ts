import type { CommandDeps } from "../commands.ts";
import type { ApplyResult } from "../engine/apply.ts";
import { BootstrapError } from "../errors.ts";
import { parseDuration, roughDuration } from "../inputs/durations.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { rotation } from "../steps/rotation.ts";
import { confirmWith } from "./consent.ts";
import { onEachCluster, type ClusterOutcome } from "./each-cluster.ts";
import { planOne } from "./plan.ts";
import { readInputs } from "./read-inputs.ts";
import { exitCodeOf, walkRoad } from "./road.ts";
import { openSession } from "./session.ts";

/** New token → tested → sent → login proved → old one gone and proved dead. The same engine, plan and consent as `apply`. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const olderThan = olderThanOf(invocation);
  const all = await readInputs(invocation, deps);
  return onEachCluster(all, deps, (inputs) => rotateOne(invocation, deps, inputs, olderThan));
}

function olderThanOf({ flags }: Invocation): number {
  const { ifOlderThan } = flags;
  if (typeof ifOlderThan !== "string") return 0;
  const seconds = parseDuration(ifOlderThan, { days: true });
  if (seconds !== undefined) return seconds;
  throw new BootstrapError("ESOB-C104", {
    message: `--if-older-than takes a duration, as 30d or 720h, not "${ifOlderThan}".`,
  });
}

async function rotateOne(
  invocation: Invocation,
  deps: CommandDeps,
  inputs: Inputs,
  olderThan: number,
): Promise<ClusterOutcome> {
  const steps = rotation({ olderThan, visibleOnly: invocation.flags["visibleOnly"] === true });
  if (invocation.flags["dryRun"] === true) return planOne(invocation, deps, inputs, steps);
  const session = await openSession(invocation, deps, inputs);
  try {
    const consent = { confirm: confirmWith(invocation, deps) };
    const result = await walkRoad(session.ports, { ...session.run, steps }, consent);
    const headline = headlineOf(result, inputs, olderThan);
    return {
      result: {
        kind: "ApplyResult",
        result,
        next: lifetimeNote(invocation, result, inputs),
        ...(headline !== undefined && { headline }),
      },
      exitCode: exitCodeOf(result),
    };
  } finally {
    await session.close();
  }
}

/** A lifetime that only a flag says is forgotten by the next run. */
function lifetimeNote({ flags }: Invocation, { applied }: ApplyResult, { file }: Inputs): string[] {
  const { tokenLifetime } = flags;
  if (typeof tokenLifetime !== "string" || applied.length === 0) return [];
  return [
    `Write it down: reviewer.tokenLifetime: ${tokenLifetime} in ${file}, or the next run goes by the file`,
  ];
}

/** What was reached; undefined where something failed, which is told otherwise. */
function headlineOf(result: ApplyResult, { reviewer }: Inputs, olderThan: number): string | undefined {
  if (exitCodeOf(result) !== 0) return undefined;
  if (reviewer.mode === "self")
    return "Nothing to rotate: ESO reviews itself, there is no reviewer token (reviewer.mode: self).";
  const { applied } = result;
  // Its end is written down also where an older version has not done so.
  if (applied.every(({ target }) => target.kind === "Annotation"))
    return `Nothing to rotate: the reviewer token is younger than ${roughDuration(olderThan)}.`;
  const sent = applied.filter(({ target }) => target.kind === "KubernetesAuth").length;
  const identities = sent === 1 ? "1 identity has" : `${sent} identities have`;
  return `Rotated: ${identities} a new reviewer token, with which ESO logs in; the old one is refused.`;
}
