import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { CheckResult } from "./check.ts";
import type { Emit } from "./events.ts";
import { isWrite, targetKey, type Action, type Change, type Plan, type Step } from "./plan.ts";

/** What an apply did and what it did not (product.md section 5). Always given, also when a change failed. */
export interface ApplyResult extends Plan {
  readonly applied: readonly Change[];
  readonly failed?: { readonly change: Change; readonly error: BootstrapError };
  readonly notDone: readonly Change[];
  readonly checks: readonly CheckResult[];
  /** Requests that changed a system. */
  readonly writes: number;
}

export type Outcome = Pick<ApplyResult, "applied" | "failed" | "notDone">;

interface Applying {
  readonly emit: Emit;
  readonly forget: () => void;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  /** A change that fails so is passed over, and the others are done all the same; the first of them is told as `failed`. */
  readonly isPassable?: (error: BootstrapError) => boolean;
}

/**
 * Walks the steps. Before each change its step looks again, so that what earlier steps left behind is known and nothing is
 * written that the confirmed plan did not show: a change that is not in it ends the run with ESOB-C201.
 */
export async function applySteps<Context>(
  steps: readonly Step<Context>[],
  context: Context,
  confirmed: Plan,
  run: Applying,
): Promise<Outcome> {
  const now = run.now ?? Date.now;
  const refused: NonNullable<Outcome["failed"]>[] = [];
  const open = new Map(confirmed.changes.filter(isWrite).map((change) => [targetKey(change.target), change]));
  const applied: Change[] = [];
  for (const step of steps) {
    let current: Change | undefined;
    try {
      const actions = await step.look(context);
      forgetNeedless(open, step.id, actions, refused.length > 0);
      for (const action of actions) {
        const planned = open.get(targetKey(action.change.target));
        if (!isWrite(action.change) && action.change.action !== "blocked") continue;
        if (action.change.action === "blocked" && planned && refused.length > 0) continue;
        current = action.change;
        run.signal?.throwIfAborted();
        if (!(action.isPoke && applied.length > 0)) assertShown(action, planned);
        run.emit({ type: "change-started", change: action.change });
        const began = now();
        const refusal = await applyUnlessRefused(action, run);
        run.forget();
        open.delete(targetKey(action.change.target));
        if (refusal) {
          refused.push(refusal);
          run.emit({ type: "change-failed", ...refusal });
          continue;
        }
        applied.push(action.change);
        run.emit({ type: "change-finished", change: action.change, durationMs: now() - began });
      }
    } catch (error) {
      if (run.signal?.aborted) throw error;
      if (!isBootstrapError(error)) throw error;
      const change = current ?? [...open.values()].find((planned) => planned.step === step.id);
      if (!change) throw error;
      open.delete(targetKey(change.target));
      run.emit({ type: "change-failed", change, error });
      return { applied, failed: { change, error }, notDone: notDone(confirmed, open) };
    }
  }
  const [failed, ...others] = refused;
  if (!failed) return { applied, notDone: [] };
  return { applied, failed, notDone: [...others.map(({ change }) => change), ...notDone(confirmed, open)] };
}

/** Undefined when it was applied. */
async function applyUnlessRefused(
  { change, apply }: Action,
  { isPassable = () => false, signal }: Applying,
): Promise<Outcome["failed"]> {
  try {
    await apply?.();
    return undefined;
  } catch (error) {
    if (signal?.aborted || !isBootstrapError(error) || !isPassable(error)) throw error;
    return { change, error };
  }
}

/**
 * What the step no longer calls for has been done by somebody else: neither applied nor left undone. Where something was refused
 * before, what stays has stayed because of that.
 */
function forgetNeedless(
  open: Map<string, Change>,
  step: string,
  actions: readonly Action[],
  wasRefused: boolean,
): void {
  const called = new Set(
    actions
      .filter(({ change }) => change.action !== "unchanged" || (wasRefused && change.reason !== undefined))
      .map(({ change }) => targetKey(change.target)),
  );
  for (const [key, planned] of open) if (planned.step === step && !called.has(key)) open.delete(key);
}

/** Planned changes that have become unnecessary are fine; new ones, or other ones, were never shown. */
function assertShown(action: Action, planned: Change | undefined): void {
  const { change } = action;
  if (planned && change.action !== "blocked") return;
  throw new BootstrapError("ESOB-C201", {
    message: `${change.target.kind} ${change.target.name} has changed since the plan was made.`,
    reason: change.reason ?? `it now calls for "${change.action}", which the plan did not show`,
    fix: { summary: "Make the plan again and look at it.", command: "eso-bootstrap plan" },
  });
}

function notDone(confirmed: Plan, open: ReadonlyMap<string, Change>): Change[] {
  return confirmed.changes.filter((change) => open.has(targetKey(change.target)));
}

/** True when two plans would do the same things to the same objects. */
export function samePlan(left: Plan, right: Plan): boolean {
  const essence = (plan: Plan) =>
    JSON.stringify(plan.changes.map(({ action, target, diff }) => [action, targetKey(target), diff ?? []]));
  return (
    left.cluster === right.cluster && left.infisical === right.infisical && essence(left) === essence(right)
  );
}
