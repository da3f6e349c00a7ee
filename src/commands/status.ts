import { scopeOf } from "../checks/scope.ts";
import type { CommandDeps } from "../commands.ts";
import { BootstrapError } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { readStatus, type StatusGround } from "../status/read.ts";
import { watchStatus } from "../status/watch.ts";
import { onEachCluster, type ClusterOutcome } from "./each-cluster.ts";
import { readInputs } from "./read-inputs.ts";
import { openSession, type Session } from "./session.ts";

/** Stores, ExternalSecrets, reviewer and ESO at a glance. It tells and does not judge: exit 0 also when things are broken. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const all = await readInputs(invocation, deps);
  if (invocation.flags["watch"] !== true)
    return onEachCluster(all, deps, (inputs) => statusOne(invocation, deps, inputs));
  const [only] = all;
  if (!only || all.length > 1 || invocation.global.output !== "human") throw notWatchable();
  return watchOne(invocation, deps, only);
}

function notWatchable(): BootstrapError {
  return new BootstrapError("ESOB-C404", {
    message: "--watch shows one cluster, to people.",
    reason: "with -o json there is one document, and several clusters have one table each",
    fix: { summary: "Leave out -o json, and choose one cluster.", command: "eso-bootstrap status --watch" },
  });
}

async function statusOne(invocation: Invocation, deps: CommandDeps, inputs: Inputs): Promise<ClusterOutcome> {
  const session = await openSession(invocation, deps, inputs);
  try {
    const report = await readStatus(await groundOf(invocation, deps, inputs, session));
    return { result: { kind: "Status", report }, exitCode: 0 };
  } finally {
    await session.close();
  }
}

/** Until it is interrupted, which is how a watch ends. */
async function watchOne(invocation: Invocation, deps: CommandDeps, inputs: Inputs): Promise<number> {
  const session = await openSession(invocation, deps, inputs);
  try {
    await watchStatus(await groundOf(invocation, deps, inputs, session), {
      show: (report) => deps.reporter.redraw(report),
      emit: session.run.emit,
      clock: session.ports.clock,
      signal: deps.signal,
    });
  } catch (error) {
    if (!deps.signal.aborted) throw error;
  } finally {
    await session.close();
  }
  return 130;
}

async function groundOf(
  { flags, global }: Invocation,
  deps: CommandDeps,
  inputs: Inputs,
  { ports, desired }: Session,
): Promise<StatusGround> {
  const described = inputs.fileExists ? desired : undefined;
  const all = flags["allNamespaces"] === true;
  const clock = await deps.clock();
  return {
    cluster: ports.cluster,
    scope: scopeOf({ all, namespace: global.namespace, names: [] }, described),
    desired: described,
    now: () => clock.now(),
  };
}
