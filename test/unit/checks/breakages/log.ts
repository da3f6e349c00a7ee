import { loginSays, secretSays, storeSays } from "../../../helpers/doctor-breaks.ts";
import { podOf } from "../../../helpers/doctor-parts.ts";
import type { DoctorWorld } from "../../../helpers/doctor-world.ts";
import type { Breakage } from "./breakage.ts";

const WORDS_ONLY = { withoutCredential: true, trusted: false };

/** A line of ESO's log about an object of shop, as controller-runtime writes it (zap, JSON). */
const line = (kind: string, name: string, error: string, ts: number) =>
  JSON.stringify({
    level: "error",
    ts,
    msg: "Reconciler error",
    controllerKind: kind,
    [kind]: { name, namespace: "shop" },
    namespace: "shop",
    name,
    error,
    stacktrace: "sigs.k8s.io/controller-runtime/pkg/internal/controller",
  });

/** ESO's pods and what they have printed. */
function printed(world: DoctorWorld, logs: Readonly<Record<string, readonly string[]>>): void {
  for (const [pod, lines] of Object.entries(logs)) {
    world.cluster.seed(podOf(pod, { phase: "Running" }));
    world.cluster.logTexts.set(pod, `starting\n${lines.join("\n")}\n`);
  }
}

const NAMESPACE = loginSays(401, "Access denied: K8s namespace not allowed.");
const ACCOUNT = loginSays(401, "Access denied: K8s name not allowed.");

/** The events have expired: ESO's log names the cause. */
export const LOG: readonly Breakage[] = [
  {
    code: "ESOB-R110",
    what: "a store without events: the newest line of the log that names it",
    look: WORDS_ONLY,
    break: (world) => {
      storeSays(world, undefined);
      printed(world, {
        "eso-2": [
          line("SecretStore", "infisical", ACCOUNT, 10),
          line("SecretStore", "infisical", NAMESPACE, 30),
        ],
        "eso-1": [line("SecretStore", "infisical", ACCOUNT, 20), line("SecretStore", "other", ACCOUNT, 40)],
      });
    },
  },
  {
    code: "ESOB-R111",
    what: "a store whose events may not be read: ESO's own line",
    look: WORDS_ONLY,
    break: (world) => {
      world.cluster.deny({ verb: "list", resource: "events" });
      storeSays(world, NAMESPACE);
      const store = { name: "infisical", namespace: "shop" };
      const entry = { logger: "controllers.SecretStore", secretstore: store, error: ACCOUNT };
      printed(world, { "eso-1": [JSON.stringify({ msg: "unable to validate store", ...entry })] });
    },
  },
  {
    code: "ESOB-E205",
    what: "an ExternalSecret without events, and a log for people to read",
    look: WORDS_ONLY,
    break: (world) => {
      secretSays(world, undefined);
      const says = "error processing spec.data[0] (key: K), err: property P does not exist in secret K";
      const entry = JSON.stringify({ ExternalSecret: { name: "shop-db", namespace: "shop" }, error: says });
      printed(world, {
        "eso-1": [`2026-11-28T10:00:00Z\tERROR\tReconciler error\t${entry}`, "\tat x.go:1 {"],
      });
    },
  },
  {
    code: "ESOB-S101",
    what: "a store that neither events nor log name",
    look: WORDS_ONLY,
    break: (world) => {
      storeSays(world, undefined);
      printed(world, { "eso-1": [line("SecretStore", "infisical-2", NAMESPACE, 10), '{"error": '] });
    },
  },
];
