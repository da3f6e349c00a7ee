import { at, isRecord, recordOf } from "../data.ts";
import { BootstrapError } from "../errors.ts";
import type { Action, ActionKind, Change, FieldDiff, Target } from "../engine/plan.ts";
import {
  MANAGED_BY_LABEL,
  MANAGER,
  type AccessQuery,
  type ApplyOutcome,
  type KubeObject,
} from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";

/** How one manifest gets into the cluster. */
export interface ObjectPlan {
  readonly step: string;
  readonly manifest: KubeObject;
  readonly summary: string;
  /** Runs after the object was written: waits until it works. */
  readonly settle?: () => Promise<void>;
  /** Given an object of ours that is as it should be: something else to do with it, as having ESO look at it again. */
  readonly whenSame?: (live: KubeObject) => Action | undefined;
  /** Builds the manifest anew right before writing, where parts were not known at plan time. */
  readonly rebuild?: () => Promise<KubeObject>;
}

/**
 * Compares a manifest with the cluster and says what must be done. Foreign objects (without our mark) are blocked until
 * `--adopt`; fields of other managers until `--force-conflicts`. What was changed by hand with kubectl is put right (ADR 0004).
 */
export async function lookAtObject(context: RoadContext, plan: ObjectPlan): Promise<Action> {
  const { cluster, options } = context;
  const { manifest } = plan;
  const live = await cluster.get(refOf(manifest));
  if (!live) return write(context, plan, "create");
  if (live.metadata.deletionTimestamp) return blocked(plan, "it is being deleted; wait until it is gone");
  if (!isOurs(live)) {
    if (manifest.kind === "Namespace") return same(plan);
    if (!options.adopt) return blocked(plan, "somebody else made it; --adopt takes it over");
    const provider = foreignProvider(live, manifest);
    if (provider) return replace(context, plan, live, provider);
  }
  const replaced = immutableDiff(live, manifest);
  if (replaced) return replace(context, plan, live, replaced);
  const force = options.forceConflicts || options.adopt;
  let dry = await cluster.apply(manifest, { dryRun: true, force });
  if (dry.outcome === "conflict" && dry.owners.every(isByHand))
    dry = await cluster.apply(manifest, { dryRun: true, force: true });
  if (dry.outcome === "conflict") return blocked(plan, conflictText(dry));
  const diff = diffOf(live, dry.object);
  if (diff.length > 0) return write(context, plan, "update", diff);
  return plan.whenSame?.(live) ?? same(plan);
}

/** Carries our mark (product.md section 1). */
export function isOurs(object: KubeObject): boolean {
  return object.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER;
}

/** Field managers of a person at a keyboard, as kubectl names itself: what they changed by hand is put right. */
function isByHand(manager: string): boolean {
  return manager.startsWith("kubectl");
}

function conflictText({ owners, fields }: Extract<ApplyOutcome, { outcome: "conflict" }>): string {
  return `${owners.join(", ")} owns ${fields.join(", ")}; --force-conflicts takes over`;
}

export function refOf({ apiVersion, kind, metadata }: KubeObject) {
  return {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  };
}

export function targetOf({ kind, metadata }: KubeObject): Target {
  return {
    system: "kubernetes",
    kind,
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  };
}

const change = (plan: ObjectPlan, action: ActionKind, more: Partial<Change> = {}): Change => ({
  step: plan.step,
  action,
  target: targetOf(plan.manifest),
  summary: plan.summary,
  ...more,
});

const same = (plan: ObjectPlan): Action => ({ change: change(plan, "unchanged") });
const blocked = (plan: ObjectPlan, reason: string): Action => ({
  change: change(plan, "blocked", { reason }),
});

function write(
  context: RoadContext,
  plan: ObjectPlan,
  action: "create" | "update",
  diff?: FieldDiff[],
): Action {
  return {
    change: change(plan, action, diff ? { diff } : {}),
    needs: { kubernetes: rightsFor(plan.manifest, action === "create" ? ["create", "patch"] : ["patch"]) },
    apply: async () => {
      const manifest = (await plan.rebuild?.()) ?? plan.manifest;
      await put(context, manifest);
      await plan.settle?.();
    },
  };
}

/** The plan was confirmed: fields that a person changed by hand are ours again; others were blocked before. */
async function put({ cluster, options }: RoadContext, manifest: KubeObject): Promise<void> {
  const outcome = await cluster.apply(manifest, { force: options.forceConflicts || options.adopt });
  if (outcome.outcome === "applied") return;
  if (outcome.owners.every(isByHand)) await cluster.apply(manifest, { force: true });
  else
    throw new BootstrapError("ESOB-C201", {
      message: `${manifest.kind} ${manifest.metadata.name} was taken over by ${outcome.owners.join(", ")} meanwhile.`,
      reason: conflictText(outcome),
      fix: { summary: "Look at the plan again.", command: "eso-bootstrap plan" },
    });
}

function replace(context: RoadContext, plan: ObjectPlan, live: KubeObject, diff: FieldDiff[]): Action {
  return {
    change: change(plan, "replace", { diff }),
    needs: { kubernetes: rightsFor(plan.manifest, ["create", "patch", "delete"]) },
    apply: async () => {
      await context.cluster.delete(refOf(live), { uid: live.metadata.uid ?? "" });
      await put(context, plan.manifest);
      await plan.settle?.();
    },
  };
}

/**
 * Somebody's store keeps its provider and its other login when ours is merged into it: two providers are refused, and with two
 * logins ESO takes the other (eso.md 1.2). No Secret hangs on a store, so it can be made anew.
 */
function foreignProvider(live: KubeObject, manifest: KubeObject): FieldDiff[] | undefined {
  if (!["SecretStore", "ClusterSecretStore"].includes(manifest.kind)) return undefined;
  const names = ({ spec }: KubeObject) => Object.keys(recordOf(at(spec, "provider"))).join(", ");
  return [{ path: "spec.provider", from: names(live), to: names(manifest) }];
}

/** Fields that the API server never lets anybody change: the object has to be made anew. */
function immutableDiff(live: KubeObject, manifest: KubeObject): FieldDiff[] | undefined {
  const fields: Record<string, string> = { ClusterRoleBinding: "roleRef", Secret: "type" };
  const field = fields[manifest.kind];
  if (!field || JSON.stringify(sorted(live[field])) === JSON.stringify(sorted(manifest[field])))
    return undefined;
  return [{ path: field, from: live[field], to: manifest[field] }];
}

/** Plural names of what we write; the right to write them is asked for by these. */
const PLURALS: Record<string, string> = {
  Namespace: "namespaces",
  Secret: "secrets",
  ConfigMap: "configmaps",
  ServiceAccount: "serviceaccounts",
  ClusterRole: "clusterroles",
  ClusterRoleBinding: "clusterrolebindings",
  SecretStore: "secretstores",
  ClusterSecretStore: "clustersecretstores",
  ExternalSecret: "externalsecrets",
  Deployment: "deployments",
  StatefulSet: "statefulsets",
  DaemonSet: "daemonsets",
  Rollout: "rollouts",
  Lease: "leases",
};

export function rightsFor(
  { apiVersion, kind, metadata }: KubeObject,
  verbs: readonly string[],
): AccessQuery[] {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  const resource = PLURALS[kind] ?? `${kind.toLowerCase()}s`;
  return verbs.map((verb) => ({
    verb,
    group,
    resource,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
    // The API server asks for a Namespace in that namespace itself, so that its owner may have the right.
    ...(kind === "Namespace" && verb !== "create" && { namespace: metadata.name }),
    // `create` cannot be granted by name.
    ...(verb !== "create" && { name: metadata.name }),
  }));
}

/** Server-owned fields say nothing about what we want. */
const VOLATILE = new Set([
  "managedFields",
  "resourceVersion",
  "generation",
  "uid",
  "creationTimestamp",
  "selfLink",
]);

/** What an apply would change, field by field. Data of Secrets is never shown. */
export function diffOf(live: KubeObject, wanted: KubeObject): FieldDiff[] {
  const secret = live.kind === "Secret";
  return compare(strip(live), strip(wanted), []).map(({ path, from, to }) =>
    secret && path.startsWith("data") ? { path, from: mask(from), to: mask(to) } : { path, from, to },
  );
}

const mask = (value: unknown) => (value === undefined ? undefined : "[redacted]");

function strip(object: KubeObject): Record<string, unknown> {
  const { metadata, status: _status, ...rest } = object;
  return {
    ...rest,
    metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !VOLATILE.has(key))),
  };
}

function compare(from: unknown, to: unknown, path: readonly string[]): FieldDiff[] {
  if (isRecord(from) && isRecord(to)) {
    const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
    return [...keys].flatMap((key) => compare(from[key], to[key], [...path, key]));
  }
  return JSON.stringify(sorted(from)) === JSON.stringify(sorted(to))
    ? []
    : [{ path: path.join("."), from, to }];
}

/** The same value with keys in order, so that texts can be compared. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

/** Deep equality of plain data, whatever the order of keys. */
export function sameData(left: unknown, right: unknown): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}
