import {
  identitySecretManifest,
  infisicalCaManifest,
  namespaceManifest,
  storeManifest,
} from "../desired/manifests.ts";
import type { DesiredStore } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Action, Step } from "../engine/plan.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { isOlder } from "../semver.ts";
import type { RoadContext } from "./context.ts";
import { versionToBe } from "./eso.ts";
import { mustHaveIdentity } from "./kubernetes-auth.ts";
import { lookAtObject, refOf, rightsFor, targetOf } from "./objects.ts";
import { lastWarning, poke, readyOf } from "./poke.ts";

const STEP = "store";

/** Step 6: the Secret with the identity's id, and the SecretStore or ClusterSecretStore, `Valid`. */
export const storeStep: Step<RoadContext> = {
  id: STEP,
  title: "the stores are Valid",
  async look(context) {
    const perStore = await Promise.all(context.desired.stores.map((store) => lookAtStore(context, store)));
    return onePerTarget(perStore.flat());
  },
};

/** Stores may share a namespace: one line each. */
function onePerTarget(actions: readonly Action[]): Action[] {
  return [...new Map(actions.map((action) => [JSON.stringify(action.change.target), action])).values()];
}

async function lookAtStore(context: RoadContext, store: DesiredStore): Promise<Action[]> {
  const perNamespace = await Promise.all(
    store.namespaces.map((namespace) => lookInNamespace(context, store, namespace)),
  );
  return perNamespace.flat();
}

async function lookInNamespace(
  context: RoadContext,
  store: DesiredStore,
  namespace: string,
): Promise<Action[]> {
  const { desired, facts } = context;
  const { ca } = desired.infisical;
  const identitySecret = async () => {
    const { identity } = await facts.identity(store);
    return identitySecretManifest(store, namespace, identity?.id ?? "");
  };
  /** By then it is there, or nobody makes it: an empty id would be worse than the old one. */
  const rebuild = async () => {
    await mustHaveIdentity(context, store);
    return identitySecret();
  };
  const identityManifest = await identitySecret();
  const look = (manifest: KubeObject, summary: string) =>
    lookAtObject(context, { step: STEP, manifest, summary });
  return Promise.all([
    look(namespaceManifest(namespace), `for ${store.kind} ${store.name}`),
    lookAtObject(context, {
      step: STEP,
      manifest: identityManifest,
      rebuild,
      summary: "identity id, not a secret",
    }),
    ...(ca ? [look(infisicalCaManifest(store, namespace, ca), "CA of Infisical")] : []),
    lookAtStoreObject(context, store, namespace),
  ]);
}

/** `caProvider` came with it (eso.md 1.2): an older CRD has no such field, and the API server refuses the whole store. */
const FIRST_WITH_CA = "1.2.1";

async function tooOldForCa(context: RoadContext, manifest: KubeObject): Promise<Action | undefined> {
  if (!context.desired.infisical.ca) return undefined;
  const version = await versionToBe(context);
  if (!isOlder(version, FIRST_WITH_CA)) return undefined;
  return {
    change: {
      step: STEP,
      action: "blocked",
      target: targetOf(manifest),
      summary: "with the CA of Infisical",
      reason: `ESO ${version} knows no caProvider, which infisical.caFile becomes: it needs eso.version ${FIRST_WITH_CA} or newer (ESOB-H107)`,
    },
  };
}

async function lookAtStoreObject(
  context: RoadContext,
  store: DesiredStore,
  namespace: string,
): Promise<Action> {
  const manifest = storeManifest(store, namespace, context.desired);
  const blocked = await tooOldForCa(context, manifest);
  if (blocked) return blocked;
  return lookAtObject(context, {
    step: STEP,
    manifest,
    summary: `${store.environment}:${store.path} of ${store.project}`,
    settle: () => waitUntilValid(context, manifest, true),
    whenSame: (live) => (readyOf(live)?.ready === false ? revalidate(context, live) : undefined),
  });
}

/** ESO would look at a broken store again only after minutes of back-off. */
function revalidate(context: RoadContext, live: KubeObject): Action {
  return {
    change: {
      step: STEP,
      action: "update",
      target: targetOf(live),
      summary: "not ready: have ESO validate it again",
      diff: [{ path: "status.Ready", from: readyOf(live)?.message ?? "unknown", to: "Valid" }],
    },
    isPoke: true,
    needs: { kubernetes: rightsFor(live, ["patch"]) },
    apply: async () => {
      await poke(context, refOf(live));
      await waitUntilValid(context, live, false);
    },
  };
}

/** How often ESO is asked again while a store is not ready: what it needs may take a moment to be known everywhere. */
const PATIENCE_MS = 4000;

/** Waits for `Valid`; pokes a store that ESO found invalid, until time runs out. */
async function waitUntilValid(context: RoadContext, manifest: KubeObject, fresh: boolean): Promise<void> {
  const { cluster, options, clock, emit } = context;
  const ref = refOf(manifest);
  const until = clock.now() + Math.min(options.timeoutMs, 60_000);
  const what = `${manifest.kind} ${manifest.metadata.name}`;
  let attempt = fresh ? 0 : 1;
  for (;;) {
    const patience = Math.min(PATIENCE_MS, Math.max(0, until - clock.now()));
    const result = await cluster.waitUntil(ref, (object) => readyOf(object)?.ready === true, {
      timeoutMs: patience,
      signal: options.signal,
      onChange: (object) =>
        emit({ type: "waiting", what, state: readyOf(object)?.message ?? "ESO has not looked at it yet" }),
    });
    if (result.done) return;
    if (clock.now() >= until || attempt >= 4) throw await notValid(context, manifest, result.object);
    if (readyOf(result.object)?.ready === false) {
      attempt += 1;
      await poke(context, ref);
    }
  }
}

async function notValid(
  context: RoadContext,
  manifest: KubeObject,
  object: KubeObject | undefined,
): Promise<BootstrapError> {
  const { kind, metadata } = manifest;
  const place = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
  const ready = readyOf(object);
  if (!ready)
    return new BootstrapError("ESOB-S102", {
      message: `ESO has not looked at ${kind} ${place}.`,
      reason: "no controller serves it: is it running, and is its controllerClass the store's?",
      fix: {
        summary: "Look at the controller.",
        command: "kubectl get deployments -A -l app.kubernetes.io/name=external-secrets",
      },
    });
  const reason = await lastWarning(context, manifest);
  return new BootstrapError("ESOB-S101", {
    message: `${kind} ${place} is not valid: ${ready.message}.`,
    ...(reason !== undefined && { reason }),
    fix: {
      summary: "Run it again when the cause is mended: it goes on from here.",
      command: "eso-bootstrap apply",
    },
  });
}
