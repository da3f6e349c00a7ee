import { BootstrapError } from "../../errors.ts";
import type { Action, Step } from "../../engine/plan.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { rightsFor } from "../objects.ts";
import type { RemovalContext } from "./context.ts";
import { goes } from "./judge.ts";
import { isOwnedBy, letGo, secretRef, unmark } from "./let-go.ts";
import type { LiveSecret } from "./survey.ts";
import { asObject, blocked, changeOf, foreign, permitted, removing, staying, waitGone } from "./take.ts";

const STEP = "secret";
/** ESO's own, since 0.20 (eso.md 3.2); others' finalizers are never touched. */
const ESO_FINALIZER = "externalsecrets.external-secrets.io/";

/** First of all, while a controller runs: ExternalSecrets, and what becomes of their Secrets. */
export const removeSecrets: Step<RemovalContext> = {
  id: STEP,
  title: "no ExternalSecret of ours is left",
  async look(context) {
    const { secrets } = await context.survey.judged();
    const each = await Promise.all(
      secrets.map(async (verdict) => {
        const { item, stays, blocked: why } = verdict;
        const candidate = { step: STEP, ref: item.ref, summary: `target Secret ${item.view.target}` };
        if (stays !== undefined) return [foreign(candidate)];
        if (why !== undefined) return [blocked(candidate, why)];
        return goes(verdict) ? lookAtSecret(context, item) : [];
      }),
    );
    return permitted(context, [...each.flat(), ...(await lookAtLeftovers(context))]);
  },
};

async function lookAtSecret(context: RemovalContext, secret: LiveSecret): Promise<Action[]> {
  const target = await context.cluster.get(secretRef(secret));
  const isOwned = isOwnedBy(target, secret);
  const { keepSecrets } = context.removal;
  const deletion = await deleteSecret(context, secret, keepSecrets || !isOwned);
  if (!target || secret.view.creationPolicy === "None") return [deletion];
  const candidate = { step: STEP, ref: secretRef(secret), uid: target.metadata.uid ?? "" };
  if (keepSecrets) return isOwned ? [release(context, secret, target), deletion] : [deletion];
  if (isOwned)
    return [deletion, removing(context, { ...candidate, summary: "goes with its ExternalSecret" })];
  const command = `kubectl delete secret ${candidate.ref.name} -n ${candidate.ref.namespace}`;
  return [
    deletion,
    staying({ ...candidate, summary: "" }, `its ExternalSecret does not own it; to remove it: ${command}`),
  ];
}

function release(context: RemovalContext, secret: LiveSecret, target: KubeObject): Action {
  const candidate = { step: STEP, ref: secretRef(secret), summary: "stays: ESO lets go of it first" };
  return {
    change: changeOf(candidate, "update"),
    needs: { kubernetes: rightsFor(target, ["patch"]) },
    apply: () => letGo(context, secret, target),
  };
}

/** The finalizer is the controller's to take off; without one it would hold the ExternalSecret, and its namespace, for ever. */
async function deleteSecret(
  context: RemovalContext,
  secret: LiveSecret,
  targetStays: boolean,
): Promise<Action> {
  const { cluster, removal } = context;
  const isHeld = secret.view.finalizers.some((one) => one.startsWith(ESO_FINALIZER));
  const byHand = isHeld && (await noController(context));
  const summary = byHand ? CLEARED_BY_HAND : "";
  return {
    change: changeOf({ step: STEP, ref: secret.ref, summary }, "delete"),
    needs: { kubernetes: rightsFor(asObject(secret.ref), byHand ? ["delete", "patch"] : ["delete"]) },
    apply: async () => {
      await cluster.delete(secret.ref, { uid: secret.uid });
      if (byHand || removal.clearFinalizers) await clearFinalizer(context, secret);
      await gone(context, secret);
      if (targetStays) await unmark(context, secretRef(secret));
    },
  };
}

/** The plan says it with these words; consent looks for them. */
export const CLEARED_BY_HAND = "no ESO controller runs: its finalizer is cleared by hand";

async function noController({ survey }: RemovalContext): Promise<boolean> {
  const controllers = await survey.controllers();
  return controllers !== undefined && !controllers.some(({ available }) => available);
}

/** How long a controller that runs gets before `--clear-finalizers` means it, too. */
const GRACE_MS = 5000;

async function clearFinalizer(context: RemovalContext, { ref, uid }: LiveSecret): Promise<void> {
  const { cluster, options } = context;
  const timeoutMs = (await noController(context)) ? 0 : GRACE_MS;
  const isGone = (live: KubeObject | undefined) => live?.metadata.uid !== uid;
  if (timeoutMs > 0) await cluster.waitUntil(ref, isGone, { timeoutMs, signal: options.signal });
  const live = await cluster.get(ref);
  const finalizers = live?.metadata.finalizers ?? [];
  const others = finalizers.filter((one) => !one.startsWith(ESO_FINALIZER));
  if (isGone(live) || others.length === finalizers.length) return;
  await cluster.patch(ref, [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: "/metadata/finalizers", value: finalizers },
    { op: "replace", path: "/metadata/finalizers", value: others },
  ]);
}

async function gone(context: RemovalContext, { ref, uid, view }: LiveSecret): Promise<void> {
  const held = view.finalizers.some((one) => one.startsWith(ESO_FINALIZER));
  try {
    await waitGone(context, ref, uid);
  } catch (error) {
    if (!(error instanceof BootstrapError) || !held) throw error;
    throw new BootstrapError("ESOB-K303", {
      message: `ESO does not let go of ExternalSecret ${ref.namespace}/${ref.name}.`,
      reason: "its Deployment is available, but nothing takes the finalizer off",
      fix: {
        summary: "See that ESO works, or have the finalizers cleared by hand.",
        command: "eso-bootstrap uninstall --clear-finalizers",
      },
    });
  }
}

/** A run that was killed between the two: the ExternalSecret is gone, and its Secret still carries our mark. */
async function lookAtLeftovers(context: RemovalContext): Promise<Action[]> {
  const [{ secrets }, marked] = await Promise.all([context.survey.world(), context.survey.markedSecrets()]);
  const targets = new Set(secrets.map((secret) => `${secret.view.namespace}/${secret.view.target}`));
  const left = marked.filter(
    ({ ref, isTarget, owned }) =>
      isTarget &&
      !owned &&
      context.scope.hasNamespace(ref.namespace ?? "") &&
      !targets.has(`${ref.namespace}/${ref.name}`),
  );
  return left.map(({ ref }) => ({
    change: changeOf({ step: STEP, ref, summary: "stays: our mark comes off" }, "update"),
    needs: { kubernetes: rightsFor(asObject(ref), ["patch"]) },
    apply: () => unmark(context, ref),
  }));
}
