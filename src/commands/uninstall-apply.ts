import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { asTyped } from "../command-line.ts";
import type { CommandDeps } from "../commands.ts";
import { applySteps, type ApplyResult } from "../engine/apply.ts";
import { targetKey, type Plan, type Step } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import { holdLease, LEASE_RIGHTS, type HeldLease } from "../kubernetes/lease.ts";
import type { RemovalContext } from "../steps/removal/context.ts";
import { REMOVAL } from "../steps/removal/index.ts";
import { CLEARED_BY_HAND } from "../steps/removal/secrets.ts";
import { isRefusal } from "../steps/removal/take.ts";
import { confirmWith } from "./consent.ts";
import type { ClusterOutcome } from "./each-cluster.ts";
import { exitCodeOf } from "./road.ts";
import type { Session } from "./session.ts";
import { withLeft } from "./uninstall-left.ts";

interface Removal {
  readonly context: RemovalContext;
  readonly session: Session;
  readonly plan: Plan;
}

/** Consent → Lease → apply. What was blocked in the plan is passed over and told as not done. */
export async function takeAway(
  invocation: Invocation,
  deps: CommandDeps,
  { context, session, plan }: Removal,
): Promise<ClusterOutcome> {
  await agreeToClearing(invocation, deps, context, plan);
  await confirmWith(invocation, deps)(plan);
  const lease = await leaseIfAllowed(context);
  try {
    const forget = () => {
      context.facts.forget();
      context.survey.forget();
    };
    forget();
    const signals = [context.options.signal, ...(lease ? [lease.lost] : [])];
    const outcome = await applySteps(passingOver(REMOVAL, plan), context, plan, {
      emit: context.emit,
      forget,
      isPassable: isRefusal,
      signal: AbortSignal.any(signals),
    });
    const blocked = plan.changes.filter(({ action }) => action === "blocked");
    const result = { ...plan, ...outcome, checks: [], writes: session.run.writes() };
    return outcomeOf(invocation, context, withLeft(invocation, result, blocked));
  } finally {
    await lease?.release();
  }
}

/** Clearing another's finalizer is more than deleting: `--yes` alone does not mean it. */
async function agreeToClearing(
  invocation: Invocation,
  deps: CommandDeps,
  { removal }: RemovalContext,
  plan: Plan,
): Promise<void> {
  const count = plan.changes.filter(({ summary }) => summary === CLEARED_BY_HAND).length;
  if (count === 0 || removal.clearFinalizers) return;
  const what = `the finalizers of ${count} ExternalSecret${count === 1 ? "" : "s"}`;
  if (invocation.flags["yes"] === true || !deps.interactive)
    throw new BootstrapError("ESOB-C403", {
      message: `No ESO controller runs, so ${what} would have to be cleared by hand.`,
      reason: "nothing was changed; --yes alone does not agree to that",
      fix: {
        summary: "Start ESO again, or agree to it.",
        command: asTyped(invocation, "--clear-finalizers", "--yes"),
      },
    });
  const prompt = await deps.prompt();
  if (await prompt.confirm({ message: `No ESO runs. Clear ${what} by hand?`, default: false })) return;
  throw new BootstrapError("ESOB-C205", { message: "The plan was declined.", reason: "nothing was changed" });
}

/** Who may only work in a namespace cannot hold the Lease: that must not keep them from cleaning up there. */
async function leaseIfAllowed({
  cluster,
  clock,
  options,
  emit,
}: RemovalContext): Promise<HeldLease | undefined> {
  if ((await cluster.missingRights(LEASE_RIGHTS)).length > 0) {
    emit({
      type: "warning",
      text: "The Lease in kube-system may not be held here: make sure that no other run is at work.",
    });
    return undefined;
  }
  return holdLease(cluster, clock, {
    holder: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
    timeoutMs: options.timeoutMs,
    signal: options.signal,
    onWait: (holder) => emit({ type: "waiting", what: "another run", state: `held by ${holder}` }),
  });
}

/** The engine stops at a change that is blocked; here the plan has said so, and the rest goes on. */
function passingOver(steps: readonly Step<RemovalContext>[], plan: Plan): Step<RemovalContext>[] {
  const known = new Set(
    plan.changes.filter(({ action }) => action === "blocked").map(({ target }) => targetKey(target)),
  );
  return steps.map((step) => ({
    ...step,
    look: async (context) =>
      (await step.look(context)).filter(
        ({ change }) => change.action !== "blocked" || !known.has(targetKey(change.target)),
      ),
  }));
}

function outcomeOf(invocation: Invocation, { removal }: RemovalContext, result: ApplyResult): ClusterOutcome {
  const deleted = result.applied.filter(({ action }) => action === "delete").length;
  const more = [...(removal.infisical ? [] : ["--infisical"]), ...(removal.eso ? [] : ["--eso", "--crds"])];
  const next = result.failed || more.length === 0 ? [] : [`Take more: ${asTyped(invocation, ...more)}`];
  const headline = `Taken away: ${deleted} ${deleted === 1 ? "thing" : "things"}.`;
  return {
    result: { kind: "ApplyResult", result, next, ...(!result.failed && { headline }) },
    exitCode: exitCodeOf(result),
  };
}
