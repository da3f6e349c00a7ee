import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { proofOf } from "../checks/proof/proof.ts";
import type { Desired } from "../desired/desired.ts";
import { applySteps, samePlan, type ApplyResult } from "../engine/apply.ts";
import { runChecks, type CheckResult } from "../engine/check.ts";
import type { Emit } from "../engine/events.ts";
import { hasChanges, isWrite, lookAtAll, planOf, type Action, type Plan, type Step } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import { holdLease } from "../kubernetes/lease.ts";
import type { Ports, RoadContext, RoadOptions } from "../steps/context.ts";
import { createFacts } from "../steps/facts.ts";
import { assertRights } from "../steps/rights.ts";

/** What a run of the road is given besides the ports. */
export interface RoadRun {
  readonly desired: Desired;
  readonly steps: readonly Step<RoadContext>[];
  readonly options: RoadOptions;
  readonly emit: Emit;
  /** Requests so far that changed a system. */
  readonly writes: () => number;
  /** False: whoever walks it looks at everything afterwards. */
  readonly isProved?: boolean;
}

/** How a run that has changes is allowed to go on. */
export interface Consent {
  /** Asks, or answers for `--yes`; throws ESOB-C107 / C205. */
  confirm(plan: Plan): Promise<void>;
  /** A plan file that must still hold (`apply --plan`). */
  readonly expected?: Plan;
  /** Runs once after the consent and before the first write. */
  readonly beforeFirstWrite?: () => Promise<void>;
}

/** The road as far as the plan. Reads only. */
export async function planRoad(
  ports: Ports,
  run: RoadRun,
): Promise<{ plan: Plan; actions: Action[]; context: RoadContext }> {
  const facts = createFacts(ports, run.desired);
  const context: RoadContext = {
    ...ports,
    desired: run.desired,
    facts,
    emit: run.emit,
    options: run.options,
  };
  run.emit({ type: "looking", what: `${run.desired.cluster.name} and ${hostLabel(run.desired)}` });
  // Its own word first: of what steps in parallel hear of a broken way in, helm would say the least telling.
  await ports.cluster.version();
  const actions = await lookAtAll(run.steps, context);
  const plan = planOf(actions, { cluster: run.desired.cluster.name, infisical: hostLabel(run.desired) });
  run.emit({ type: "planned", plan });
  return { plan, actions, context };
}

/** `eu.infisical.com/shop`: what the plan is about. */
export function hostLabel({ infisical, stores }: Desired): string {
  const projects = [...new Set(stores.map(({ project }) => project))];
  const host = infisical.host.replace(/^https?:\/\//, "");
  return projects.length > 0 ? `${host}/${projects.join(",")}` : host;
}

/** The whole road: plan → consent → Lease → apply → proof. A run without changes goes straight to the proof and writes nothing. */
export async function walkRoad(ports: Ports, run: RoadRun, consent: Consent): Promise<ApplyResult> {
  const { plan, actions, context } = await planRoad(ports, run);
  if (consent.expected && !samePlan(consent.expected, plan)) throw planIsOld();
  const stopped = { applied: [], notDone: plan.changes.filter(isWrite), checks: [], writes: 0 };
  const blocked = plan.changes.find(({ action }) => action === "blocked");
  if (blocked) return { ...plan, ...stopped, failed: { change: blocked, error: blockedError(plan) } };
  if (!hasChanges(plan)) {
    await consent.beforeFirstWrite?.();
    return { ...plan, ...stopped, checks: await prove(context, run) };
  }
  await assertRights(context, actions);
  await consent.confirm(plan);
  await consent.beforeFirstWrite?.();
  return applyHolding(context, run, plan);
}

async function applyHolding(context: RoadContext, run: RoadRun, plan: Plan): Promise<ApplyResult> {
  const { cluster, clock, options, facts, emit } = context;
  const lease = await holdLease(cluster, clock, {
    holder: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
    timeoutMs: options.timeoutMs,
    signal: options.signal,
    onWait: (holder) => emit({ type: "waiting", what: "another run", state: `held by ${holder}` }),
  });
  try {
    facts.forget();
    const signal = AbortSignal.any([options.signal, lease.lost]);
    const outcome = await applySteps(run.steps, context, plan, {
      emit,
      forget: () => facts.forget(),
      signal,
    });
    const checks = outcome.failed ? [] : await prove(context, run);
    return { ...plan, ...outcome, checks, writes: run.writes() };
  } finally {
    await lease.release();
  }
}

async function prove(context: RoadContext, run: RoadRun): Promise<CheckResult[]> {
  if (run.isProved === false) return [];
  context.facts.forget();
  const checks = proofOf(
    context,
    run.steps.map(({ id }) => id),
  );
  return runChecks(checks, context, run.emit);
}

function planIsOld(): BootstrapError {
  return new BootstrapError("ESOB-C201", {
    message: "The plan file does not fit the world any more.",
    reason: "something changed in the cluster, at Infisical or in the configuration since it was made",
    fix: { summary: "Make it again and look at it.", command: "eso-bootstrap plan --output-file plan.json" },
  });
}

function blockedError(plan: Plan): BootstrapError {
  const blocked = plan.changes.filter(({ action }) => action === "blocked");
  return new BootstrapError("ESOB-C203", {
    message: `${blocked.length} ${blocked.length === 1 ? "change is" : "changes are"} blocked.`,
    reason: `${blocked[0]?.target.kind} ${blocked[0]?.target.name}: ${blocked[0]?.reason}`,
  });
}

/** Exit code of a walked road (product.md section 4): 0, 1, or the code of what failed. */
export function exitCodeOf(result: ApplyResult): number {
  if (result.failed) return result.failed.error.exitCode === 124 ? 124 : 1;
  return result.checks.some(({ status }) => status === "fail") ? 1 : 0;
}
