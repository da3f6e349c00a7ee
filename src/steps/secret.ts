import { at, textOf } from "../data.ts";
import { externalSecretManifest, namespaceManifest } from "../desired/manifests.ts";
import type { DesiredSecret } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import { isWrite, type Action, type Step } from "../engine/plan.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";
import { missingKeys, wantedScopes } from "./keys.ts";
import { lookAtObject, refOf, rightsFor, targetOf } from "./objects.ts";
import { lastWarning, poke, readyOf } from "./poke.ts";
import { lookAtRestarts, type Restarting } from "./restart.ts";
import { whyForeignTarget } from "./secret-target.ts";

const STEP = "secret";

/** Step 7: ExternalSecrets, synced, and the Secrets with every key. An empty folder is no dead end: nothing is asked of ESO yet. */
export const secretStep: Step<RoadContext> = {
  id: STEP,
  title: "the Secrets are there, with every key",
  async look(context) {
    const looks = await Promise.all(context.desired.secrets.map((secret) => lookAtSecret(context, secret)));
    const actions = looks.flat().map(({ actions }) => actions);
    const restarts = await lookAtRestarts(
      context,
      looks.flat().flatMap(({ restarting }) => restarting ?? []),
    );
    return [...actions.flat(), ...restarts];
  },
};

/** What must be done in one namespace; `restarting`: unless it is blocked, its users may have to be restarted. */
interface Look {
  readonly actions: readonly Action[];
  readonly restarting?: Restarting;
}

async function lookAtSecret(context: RoadContext, secret: DesiredSecret): Promise<Look[]> {
  const missing = await missingKeys(context, secret);
  if (missing.folderIsEmpty) {
    context.emit({ type: "note", text: emptyNote(secret) });
    return [];
  }
  return Promise.all(
    secret.namespaces.map(async (namespace) => {
      const manifest = externalSecretManifest(secret, namespace);
      const foreign =
        missing.keys.length > 0
          ? missingText(secret, missing)
          : await whyForeignTarget(context, secret, namespace);
      if (foreign !== undefined) return { actions: [blockedBy(manifest, secret, foreign)] };
      const action = await lookAtObject(context, {
        step: STEP,
        manifest,
        summary: summaryOf(secret),
        settle: () => waitUntilSynced(context, manifest, secret),
        whenSame: (live) => (readyOf(live)?.ready === false ? resync(context, live, secret) : undefined),
      });
      const { target, restart } = secret;
      return {
        actions: [...(await lookAtNamespace(context, secret, namespace)), action],
        restarting: { target, restart, namespace, isChanging: isWrite(action.change) },
      };
    }),
  );
}

/** The namespaces of the stores are made with the stores; a ClusterSecretStore's users may have others. */
async function lookAtNamespace(
  context: RoadContext,
  secret: DesiredSecret,
  namespace: string,
): Promise<Action[]> {
  if (secret.store.namespaces.includes(namespace)) return [];
  return [
    await lookAtObject(context, {
      step: STEP,
      manifest: namespaceManifest(namespace),
      summary: `for ExternalSecret ${secret.name}`,
    }),
  ];
}

const summaryOf = ({ keys, refreshInterval }: DesiredSecret) =>
  `${keys === "all" ? "all keys" : `${keys.length} ${keys.length === 1 ? "key" : "keys"}`}, every ${refreshInterval}`;

function emptyNote({ name, store }: DesiredSecret): string {
  return `${store.environment}:${store.path} of ${store.project} holds no secrets yet, so ExternalSecret ${name} waits. Add one: eso-bootstrap add-secret KEY --to ${name}`;
}

function missingText(
  secret: DesiredSecret,
  { keys, exist }: { keys: readonly string[]; exist: readonly string[] },
): string {
  return `not in ${wantedScopes(secret)}: ${keys.join(", ")}; there are ${exist.toSorted().join(", ") || "none"} (ESOB-E105)`;
}

function blockedBy(manifest: KubeObject, secret: DesiredSecret, reason: string): Action {
  return {
    change: { step: STEP, action: "blocked", target: targetOf(manifest), summary: summaryOf(secret), reason },
  };
}

function resync(context: RoadContext, live: KubeObject, secret: DesiredSecret): Action {
  return {
    change: {
      step: STEP,
      action: "update",
      target: targetOf(live),
      summary: "not synced: have ESO sync it again",
      diff: [{ path: "status.Ready", from: readyOf(live)?.message ?? "unknown", to: "secret synced" }],
    },
    isPoke: true,
    needs: { kubernetes: rightsFor(live, ["patch"]) },
    apply: async () => {
      await poke(context, refOf(live));
      await waitUntilSynced(context, live, secret);
    },
  };
}

const PATIENCE_MS = 5000;

/** Waits for this generation to be synced, then for the Secret: `Ready=True` alone does not mean it is there (eso.md 3.2). */
async function waitUntilSynced(
  context: RoadContext,
  manifest: KubeObject,
  secret: DesiredSecret,
): Promise<void> {
  const { cluster, options, clock, emit } = context;
  const ref = refOf(manifest);
  const until = clock.now() + Math.min(options.timeoutMs, 90_000);
  const what = `ExternalSecret ${manifest.metadata.namespace}/${manifest.metadata.name}`;
  for (let attempt = 0; ; attempt += 1) {
    const result = await cluster.waitUntil(ref, isSynced, {
      timeoutMs: Math.min(PATIENCE_MS, Math.max(0, until - clock.now())),
      signal: options.signal,
      onChange: (object) =>
        emit({ type: "waiting", what, state: readyOf(object)?.message ?? "ESO has not looked at it yet" }),
    });
    if (result.done) break;
    if (clock.now() >= until || attempt >= 4) throw await notSynced(context, manifest, result.object);
    if (readyOf(result.object)?.ready === false) await poke(context, ref);
  }
  await waitForSecret(context, manifest, secret);
}

/** Synced, and of this generation: `syncedResourceVersion` begins with it (there is no observedGeneration, eso.md 3.2). */
function isSynced(object: KubeObject | undefined): boolean {
  const synced = textOf(at(object?.["status"], "syncedResourceVersion")) ?? "";
  return readyOf(object)?.ready === true && synced.split("-")[0] === String(object?.metadata.generation);
}

async function notSynced(
  context: RoadContext,
  manifest: KubeObject,
  object: KubeObject | undefined,
): Promise<BootstrapError> {
  const place = `${manifest.metadata.namespace}/${manifest.metadata.name}`;
  const ready = readyOf(object);
  if (!ready)
    return new BootstrapError("ESOB-E102", {
      message: `ESO has not looked at ExternalSecret ${place}.`,
      reason: "no controller serves its store",
      fix: {
        summary: "Look at the controller.",
        command: "kubectl get deployments -A -l app.kubernetes.io/name=external-secrets",
      },
    });
  const reason = await lastWarning(context, manifest);
  return new BootstrapError("ESOB-E101", {
    message: `ExternalSecret ${place} did not sync: ${ready.message}.`,
    ...(reason !== undefined && { reason }),
    fix: {
      summary: "Run it again when the cause is mended: it goes on from here.",
      command: "eso-bootstrap apply",
    },
  });
}

async function waitForSecret(
  { cluster, options }: RoadContext,
  manifest: KubeObject,
  secret: DesiredSecret,
): Promise<void> {
  const ref = {
    apiVersion: "v1",
    kind: "Secret",
    name: secret.target,
    ...(manifest.metadata.namespace && { namespace: manifest.metadata.namespace }),
  };
  if (secret.creationPolicy === "None") return;
  const keys = secret.keys === "all" ? [] : secret.keys.map(({ as }) => as);
  const complete = (object: KubeObject | undefined) =>
    object !== undefined && keys.every((key) => at(object["data"], key) !== undefined);
  const result = await cluster.waitUntil(ref, complete, { timeoutMs: 15_000, signal: options.signal });
  if (result.done) return;
  throw new BootstrapError("ESOB-E103", {
    message: `Secret ${ref.namespace}/${ref.name} is ${result.object ? "not complete" : "not there"}, although ESO says it is synced.`,
    fix: {
      summary: "Look at the ExternalSecret.",
      command: `kubectl describe externalsecret ${manifest.metadata.name} -n ${ref.namespace}`,
    },
  });
}
