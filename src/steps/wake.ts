import type { Subject } from "../engine/check.ts";
import type { Action, Step } from "../engine/plan.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";
import { isOurs, refOf, rightsFor, targetOf } from "./objects.ts";
import { poke, readyOf } from "./poke.ts";

const STEP = "wake";
const KINDS = ["SecretStore", "ClusterSecretStore", "ExternalSecret"];
/** A store is Valid at once, or what it waits for is not there yet. */
const PATIENCE_MS = 5_000;

/** ESO looks again at these, without waiting for its back-off: stores first, which their ExternalSecrets wait for. */
export function wakeStep(subjects: readonly Subject[]): Step<RoadContext> {
  const ordered = KINDS.flatMap((kind) => subjects.filter((subject) => subject.kind === kind));
  return {
    id: STEP,
    title: "ESO looks again",
    look: async (context) => {
      const actions = await Promise.all(ordered.map((subject) => lookAt(context, subject)));
      return actions.flat();
    },
  };
}

async function lookAt(context: RoadContext, subject: Subject): Promise<Action[]> {
  const live = await context.cluster.get({ apiVersion: "external-secrets.io/v1", ...subject });
  if (!live || !isOurs(live)) return [];
  return [
    {
      change: { step: STEP, action: "update", target: targetOf(live), summary: "have ESO look at it now" },
      isPoke: true,
      needs: { kubernetes: rightsFor(live, ["patch"]) },
      apply: async () => {
        const ref = refOf(live);
        await poke(context, ref);
        if (live.kind === "ExternalSecret") return;
        const { signal } = context.options;
        const isReady = (object: KubeObject | undefined) => readyOf(object)?.ready === true;
        await context.cluster.waitUntil(ref, isReady, { timeoutMs: PATIENCE_MS, signal });
      },
    },
  ];
}
