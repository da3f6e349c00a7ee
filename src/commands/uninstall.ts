import type { CommandDeps } from "../commands.ts";
import { hasChanges, lookAtAll, planOf, type Plan } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { createFacts } from "../steps/facts.ts";
import type { RemovalContext, RemovalOptions } from "../steps/removal/context.ts";
import { REMOVAL } from "../steps/removal/index.ts";
import { judge } from "../steps/removal/judge.ts";
import { removalScope } from "../steps/removal/scope.ts";
import { createSurvey, type Survey } from "../steps/removal/survey.ts";
import { onEachCluster, type ClusterOutcome } from "./each-cluster.ts";
import { planExitCode } from "./plan.ts";
import { readInputs } from "./read-inputs.ts";
import { exitCodeOf, hostLabel } from "./road.ts";
import { openSession, type Session } from "./session.ts";
import { takeAway } from "./uninstall-apply.ts";
import { withLeft } from "./uninstall-left.ts";

/** Takes away what is ours: plan, consent, then in safe order. Exit 1: some of it may not be, and is still there. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const removal = readFlags(invocation);
  return onEachCluster(await readInputs(invocation, deps), deps, (inputs) =>
    uninstallOne(invocation, deps, inputs, removal),
  );
}

function readFlags({ flags }: Invocation): RemovalOptions {
  const has = (name: string) => flags[name] === true;
  const misfit = (message: string) => new BootstrapError("ESOB-C401", { message });
  if (has("keepSecrets") && has("deleteSecrets"))
    throw misfit("--keep-secrets and --delete-secrets contradict each other.");
  if (has("crds") && !has("eso")) throw misfit("--crds without --eso would leave an ESO that cannot work.");
  return {
    keepSecrets: !has("deleteSecrets"),
    infisical: has("infisical"),
    eso: has("eso"),
    crds: has("crds"),
    clearFinalizers: has("clearFinalizers"),
  };
}

async function uninstallOne(
  invocation: Invocation,
  deps: CommandDeps,
  inputs: Inputs,
  removal: RemovalOptions,
): Promise<ClusterOutcome> {
  const isAll = invocation.flags["allNamespaces"] === true;
  if (!isAll && !inputs.fileExists && invocation.global.namespace === undefined) throw nothingMeant();
  const session = await openSession(invocation, deps, inputs);
  try {
    const context = contextOf(session, removal, {
      all: isAll,
      namespace: invocation.global.namespace,
      isDescribed: inputs.fileExists,
    });
    const plan = await planRemoval(context);
    if (invocation.flags["dryRun"] === true)
      return { result: { kind: "Plan", plan }, exitCode: planExitCode(plan) };
    if (hasChanges(plan)) return await takeAway(invocation, deps, { context, session, plan });
    const nothing = { ...plan, applied: [], notDone: [], checks: [], writes: 0 };
    const blocked = plan.changes.filter(({ action }) => action === "blocked");
    const result = withLeft(invocation, nothing, blocked);
    return { result: { kind: "ApplyResult", result, next: [] }, exitCode: exitCodeOf(result) };
  } finally {
    await session.close();
  }
}

function nothingMeant(): BootstrapError {
  return new BootstrapError("ESOB-C402", {
    message: "There is no eso-bootstrap.yaml here, so it is not clear what to take away.",
    fix: {
      summary: "Name the file with -f, a namespace with -n, or everything of ours with -A.",
      command: "eso-bootstrap uninstall -A --dry-run",
    },
  });
}

function contextOf(
  { ports, desired, run }: Session,
  removal: RemovalOptions,
  meant: Parameters<typeof removalScope>[1],
): RemovalContext {
  const scope = removalScope(desired, meant);
  const facts = createFacts(ports, desired);
  const base = { ...ports, desired, facts, emit: run.emit, options: run.options, removal, scope };
  const survey: Survey = createSurvey(ports.cluster, scope.namespaces, async () =>
    judge(base, await survey.world()),
  );
  return { ...base, survey };
}

async function planRemoval(context: RemovalContext): Promise<Plan> {
  const { desired, cluster, emit } = context;
  emit({ type: "looking", what: desired.cluster.name });
  // Its own word first: of what steps in parallel hear of a broken way in, helm would say the least telling.
  await cluster.version();
  const actions = await lookAtAll(REMOVAL, context);
  const plan = planOf(actions, { cluster: desired.cluster.name, infisical: hostLabel(desired) });
  emit({ type: "planned", plan });
  return plan;
}
