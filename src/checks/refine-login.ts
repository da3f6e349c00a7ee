import type { Code } from "../codes.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { Identity } from "../infisical/infisical.ts";
import type { Probe } from "../system/system.ts";
import type { RoadContext } from "../steps/context.ts";

/** At which step of reaching the API server our own probe stopped, and what that means for Infisical. */
const CODE_OF: Record<Extract<Probe, { reached: false }>["at"], Code> = {
  resolve: "ESOB-R107",
  connect: "ESOB-R108",
  timeout: "ESOB-R109",
  tls: "ESOB-R106",
};

/**
 * A server of 2024 folds every network, DNS and TLS cause into `500 Something went wrong` (infisical-api.md 10.3). We look
 * ourselves, with the host and CA that Infisical has stored. Always throws.
 */
export async function refineLogin(context: RoadContext, identity: Identity, error: unknown): Promise<never> {
  if (!isBootstrapError(error) || error.code !== "ESOB-R115") throw error;
  const auth = await context.infisical.findKubernetesAuth(identity.id);
  if (!auth) throw error;
  const probe = await context.net.probe(auth.host, auth.ca || undefined);
  if (probe.reached) throw error;
  throw new BootstrapError(CODE_OF[probe.at], {
    message: `Infisical cannot reach the API server at ${auth.host}.`,
    reason: `seen from this machine: ${probe.reason}`,
    cause: error,
  });
}
