import type { AccessQuery } from "../kubernetes/cluster.ts";

export type ActionKind = "unchanged" | "create" | "update" | "replace" | "delete" | "blocked";
export type SystemName = "kubernetes" | "infisical" | "helm";

export interface Target {
  readonly system: SystemName;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** One field that changes. Secrets appear as `[redacted]` or by fingerprint. `path` is dotted, as `spec.provider`. */
export interface FieldDiff {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** One change, plain data (product.md section 5). */
export interface Change {
  readonly step: string;
  readonly action: ActionKind;
  readonly target: Target;
  /** One line for people: what this is for. */
  readonly summary: string;
  readonly diff?: readonly FieldDiff[];
  /** Why it is blocked. */
  readonly reason?: string;
}

export type PlanSummary = Record<ActionKind, number>;

/** What would be done, in order; the JSON of `plan -o json` and of a plan file. */
export interface Plan {
  readonly cluster: string;
  readonly infisical: string;
  readonly changes: readonly Change[];
  readonly summary: PlanSummary;
}

/** A right at Infisical that an action needs, as `create` on `role` in the project. */
export interface InfisicalRight {
  readonly scope: "org" | "project";
  readonly action: string;
  readonly subject: string;
}

/** What the first write waits for: every right that the plan's writes need. */
export interface Needs {
  readonly kubernetes?: readonly AccessQuery[];
  readonly infisical?: readonly InfisicalRight[];
}

/** A change and how it is done. `apply` is the only place that writes; absent for `unchanged` and `blocked`. */
export interface Action {
  readonly change: Change;
  readonly needs?: Needs;
  readonly apply?: () => Promise<void>;
  /** It only has somebody look again at what is there: an earlier write of the same run may call for it (docs/adr/0007). */
  readonly isPoke?: true;
}

/**
 * One part of the road. `look` reads (through facts that are shared with the other steps) and answers with the actions
 * that the difference between what is and what must be calls for; it never writes. The engine calls it for the plan,
 * and again just before the step's turn, when earlier steps have left behind what this one needs.
 */
export interface Step<Context> {
  readonly id: string;
  /** A state, as "ESO runs". */
  readonly title: string;
  look(context: Context): Promise<readonly Action[]>;
}

/** Looks with all steps at once; the plan has their order, not that of the answers. Throws what a step throws. */
export async function lookAtAll<Context>(
  steps: readonly Step<Context>[],
  context: Context,
): Promise<Action[]> {
  const found = await Promise.allSettled(steps.map((step) => step.look(context)));
  const failed = found.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return found.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
}

/** The plan of actions: data only. */
export function planOf(actions: readonly Action[], where: { cluster: string; infisical: string }): Plan {
  const changes = madeOnce(actions.map((action) => action.change));
  const summary: PlanSummary = { unchanged: 0, create: 0, update: 0, replace: 0, delete: 0, blocked: 0 };
  for (const change of changes) summary[change.action] += 1;
  return { ...where, changes, summary };
}

/** Two steps may need the same namespace: the first makes it, and then the other finds it there. */
function madeOnce(changes: readonly Change[]): Change[] {
  const made = new Set<string>();
  return changes.filter(({ action, target }) => {
    if (action !== "create") return true;
    const isFirst = !made.has(targetKey(target));
    made.add(targetKey(target));
    return isFirst;
  });
}

/** True for actions that write. */
export function isWrite(change: Change): boolean {
  return change.action !== "unchanged" && change.action !== "blocked";
}

export function hasChanges(plan: Plan): boolean {
  return plan.changes.some(isWrite);
}

/** Names a change's object, so that plans can be compared: `kubernetes/SecretStore/shop/infisical`. */
export function targetKey({ system, kind, namespace, name }: Target): string {
  return [system, kind, namespace ?? "-", name].join("/");
}
