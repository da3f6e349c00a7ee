import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { SecretView } from "../checks/view/external-secret.ts";
import type { Cluster, KubeObject } from "../kubernetes/cluster.ts";
import { scrub } from "../secret.ts";
import { lastWarning } from "../steps/poke.ts";

/** The newest warning event about an object; undefined where there is none, or events may not be read. */
export async function warningOf(
  cluster: Cluster,
  { apiVersion, kind, metadata }: Pick<KubeObject, "apiVersion" | "kind" | "metadata">,
): Promise<string | undefined> {
  try {
    const text = await lastWarning({ cluster }, { apiVersion, kind, metadata });
    return text && scrub(text);
  } catch (error) {
    if (isBootstrapError(error) && error.code === "ESOB-K104") return undefined;
    throw error;
  }
}

export const warningOfSecret = (cluster: Cluster, { namespace, name }: SecretView) =>
  warningOf(cluster, {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { namespace, name },
  });

const placeOf = ({ namespace, name }: SecretView) => `${namespace}/${name}`;
const describe = ({ namespace, name }: SecretView) =>
  `kubectl describe externalsecret ${name} -n ${namespace}`;

/** ESO tried, and failed. */
export function didNotSync(now: SecretView, reason: string | undefined): BootstrapError {
  return new BootstrapError("ESOB-E302", {
    message: `ExternalSecret ${placeOf(now)} did not sync: ${now.ready?.message ?? "it was deleted"}.`,
    ...(reason !== undefined && { reason }),
    fix: {
      summary: "Mend the cause; doctor says which it is.",
      command: `eso-bootstrap doctor ${placeOf(now)}`,
    },
  });
}

export function isReadOnceError(secret: SecretView): BootstrapError {
  const why =
    secret.refreshPolicy === "CreatedOnce" ? "refreshPolicy is CreatedOnce" : "refreshInterval is 0";
  return new BootstrapError("ESOB-E303", {
    message: `ESO reads ExternalSecret ${placeOf(secret)} only once, and has done so.`,
    reason: why,
    fix: { summary: "Give it a refreshInterval, or delete it to have it made anew." },
  });
}

/** The time is up; `now`: the last known state; `server`: what is wrong with Infisical, as far as it shows from here. */
export function notInTime(
  before: SecretView,
  now: SecretView,
  ms: number,
  server: string | undefined,
): BootstrapError {
  const state = now.ready ? `${now.ready.reason}: ${now.ready.message}` : "ESO has never looked at it";
  return new BootstrapError("ESOB-E304", {
    message: `ExternalSecret ${placeOf(before)} was not synced anew within ${Math.round(ms / 1000)}s.`,
    reason: [server, `last state: ${state}`, `last synced ${now.refreshTime ?? "never"}`]
      .filter(Boolean)
      .join("; "),
    fix:
      server === undefined
        ? {
            summary: "See whether ESO's controller runs and serves it, or give it more --timeout.",
            command: describe(before),
          }
        : {
            summary: "Mend Infisical, or the way to it; then sync again.",
            command: `eso-bootstrap doctor ${placeOf(before)}`,
          },
  });
}

export function lacksKeys(secret: SecretView, missing: readonly string[]): BootstrapError {
  const target = `Secret ${secret.namespace}/${secret.target}`;
  return new BootstrapError("ESOB-E103", {
    message:
      missing.length === 0
        ? `${target} is not there, although ESO says "${secret.ready?.message ?? ""}".`
        : `${target} lacks ${missing.join(", ")}, although ESO says it is synced.`,
    fix: { summary: "Look at the ExternalSecret.", command: describe(secret) },
  });
}
