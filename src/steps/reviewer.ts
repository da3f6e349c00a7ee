import { namespaceManifest, reviewerManifests, selfReviewManifests } from "../desired/manifests.ts";
import { BootstrapError } from "../errors.ts";
import type { Action, Step } from "../engine/plan.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";
import { lookAtObject, refOf } from "./objects.ts";
import { currentSecret, tokenIn } from "./reviewer-fact.ts";

const STEP = "reviewer";

/** Step 2: who may ask the API server whether a token is genuine: a reviewer of its own, or ESO itself. */
export const reviewerStep: Step<RoadContext> = {
  id: STEP,
  title: "the reviewer may review tokens",
  async look(context) {
    const manifests = await manifestsOf(context);
    const actions = await Promise.all(
      manifests.map((manifest) =>
        lookAtObject(context, { step: STEP, manifest, summary: summaryOf(context, manifest) }),
      ),
    );
    return context.desired.reviewer.mode === "self" ? actions : [...actions, await lookAtToken(context)];
  },
};

async function manifestsOf({ desired, facts }: RoadContext): Promise<KubeObject[]> {
  const { reviewer, eso } = desired;
  if (reviewer.mode === "self") return selfReviewManifests(desired, (await facts.eso()).serviceAccount);
  const { controller } = await facts.eso();
  // Step 1 makes ESO's namespace only where it installs ESO; where ESO runs the namespace is there.
  const isUsed = !eso.manage || (controller !== undefined && controller.namespace !== reviewer.namespace);
  const elsewhere = reviewer.namespace !== eso.namespace || isUsed;
  return [...(elsewhere ? [namespaceManifest(reviewer.namespace)] : []), ...reviewerManifests(desired)];
}

function summaryOf({ desired }: RoadContext, manifest: KubeObject): string {
  const { reviewer } = desired;
  const texts: Record<string, string> = {
    Namespace: "for the reviewer",
    ServiceAccount: "whose token Infisical keeps to ask: is this token genuine?",
    ClusterRole: "may create tokenreviews, nothing else",
    ClusterRoleBinding:
      reviewer.clusterRole === "tokenreview-only" ? "→ our narrow ClusterRole" : `→ ${reviewer.clusterRole}`,
  };
  return texts[manifest.kind] ?? "";
}

async function lookAtToken(context: RoadContext): Promise<Action> {
  const { desired, facts } = context;
  const bound = desired.reviewer.tokenLifetime !== undefined;
  const manifest = currentSecret(desired, await facts.reviewerSecrets());
  return lookAtObject(context, {
    step: STEP,
    manifest,
    summary: bound ? "tokens with an expiry hang on it" : "holds the reviewer's token",
    ...(!bound && { settle: () => waitForToken(context, manifest) }),
  });
}

/** Until kube-controller-manager has filled the Secret; ESOB-R101 when it does not. */
export async function waitForToken({ cluster, options }: RoadContext, manifest: KubeObject): Promise<void> {
  const filled = (secret: KubeObject | undefined) => tokenIn(secret) !== undefined;
  const { timeoutMs, signal } = options;
  const result = await cluster.waitUntil(refOf(manifest), filled, {
    timeoutMs: Math.min(timeoutMs, 60_000),
    signal,
  });
  if (result.done) return;
  throw new BootstrapError("ESOB-R101", {
    message: `The Secret ${manifest.metadata.namespace}/${manifest.metadata.name} was not given a token.`,
    reason: result.object
      ? "kube-controller-manager fills it, and did not"
      : "it vanished: its ServiceAccount is gone",
    fix: {
      summary: "Check that kube-controller-manager runs, then run it again.",
      command: "kubectl get pods -n kube-system",
    },
  });
}
