import { scopeOf, type Scope } from "../checks/scope.ts";
import type { CommandDeps } from "../commands.ts";
import { desiredOf } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { restartUsers } from "../sync/restarts.ts";
import type { SyncedSecret } from "../sync/result.ts";
import { syncSecrets, type SyncContext } from "../sync/sync.ts";
import { findTargets } from "../sync/targets.ts";
import { count } from "../ui/text.ts";
import { onEachCluster, WORST_FIRST, type ClusterOutcome } from "./each-cluster.ts";
import { readInputs } from "./read-inputs.ts";
import { resolveNamespaces } from "./session.ts";
import { serverAsker } from "./sync-server.ts";

/** Forces a sync and proves it newer. Needs the cluster only; a poke is an annotation, and all that it writes but restarts. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const all = await readInputs(invocation, deps);
  return onEachCluster(all, deps, (inputs) => syncCluster(invocation, deps, inputs));
}

async function syncCluster(
  { args, flags, global }: Invocation,
  deps: CommandDeps,
  inputs: Inputs,
): Promise<ClusterOutcome> {
  const { context } = inputs.cluster;
  const emit = deps.reporter.event.bind(deps.reporter);
  const cluster = await deps.openCluster({
    ...(global.kubeconfig !== undefined && { kubeconfig: global.kubeconfig }),
    ...(context !== undefined && { context }),
  });
  emit({ type: "looking", what: cluster.info.context });
  const scope = await scopeFor(cluster, inputs, {
    all: flags["allNamespaces"] === true,
    namespace: global.namespace,
    names: args,
  });
  const targets = await findTargets(cluster, scope);
  if (targets.length === 0 && global.namespace !== undefined)
    throw new BootstrapError("ESOB-E301", {
      message: `No ExternalSecret of namespace ${global.namespace} reads from Infisical.`,
      fix: { summary: "See where there are some.", command: "kubectl get externalsecrets -A" },
    });
  const what =
    targets.length === 0
      ? "Nothing to sync"
      : `Asking ESO to sync ${count(targets.length, "ExternalSecret")}`;
  emit({ type: "note", text: `${what}.` });
  const sync: SyncContext = { cluster, clock: await deps.clock(), emit, signal: deps.signal };
  const { timeoutMs } = global;
  const synced = await syncSecrets(
    sync,
    targets.map(({ secret }) => secret),
    // Who gives a time means all of it; the default is for one wait.
    { timeoutMs, isStrict: flags["timeout"] !== undefined, askServer: serverAsker(deps, cluster, inputs) },
  );
  const secrets =
    flags["restart"] === true
      ? await restartUsers(sync, synced, targets, timeoutMs)
      : synced.map(({ result }) => result);
  return { result: { kind: "SyncResult", result: { secrets } }, exitCode: exitCodeOf(secrets) };
}

/** What the file names; without one, or with -A, what is there: in the namespace of the context unless another is given. */
async function scopeFor(
  cluster: Cluster,
  inputs: Inputs,
  flags: Parameters<typeof scopeOf>[0],
): Promise<Scope> {
  if (flags.all || inputs.secrets.length === 0) return liveScope(cluster, flags);
  const namespaces = await resolveNamespaces(cluster, inputs);
  const desired = desiredOf(inputs, {
    context: cluster.info.context,
    namespaces: (setting) => namespaces.get(setting) ?? [],
    infisicalCa: undefined,
    clusterCa: undefined,
    firstValues: [],
  });
  return scopeOf(flags, desired);
}

/** Names may say their namespaces: `shop/shop-db`. */
function liveScope(cluster: Cluster, flags: Parameters<typeof scopeOf>[0]): Scope {
  const own = flags.namespace ?? cluster.info.namespace;
  const scope = scopeOf({ ...flags, namespace: own }, undefined);
  if (flags.all || flags.names.length === 0) return scope;
  const places = flags.names.map((name) => (name.includes("/") ? (name.split("/")[0] ?? own) : own));
  return { ...scope, namespaces: [...new Set(places)] };
}

function exitCodeOf(secrets: readonly SyncedSecret[]): number {
  const codes = secrets.map(({ error }) => error?.exitCode ?? 0);
  return WORST_FIRST.find((code) => codes.includes(code)) ?? 0;
}
