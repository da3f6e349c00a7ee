import type { Code } from "../../codes.ts";
import { BootstrapError, isBootstrapError } from "../../errors.ts";
import type { KubernetesAuth } from "../../infisical/infisical.ts";
import { CLOUD_HOSTS, isCloud } from "../../inputs/host.ts";
import type { Probe } from "../../system/system.ts";
import type { CheckContext } from "../context.ts";
import { kubernetesAuthAt } from "../identity/seen.ts";
import { restore, restoreAtInfisical } from "../mending.ts";
import { subjectOf, titleOf } from "../subject.ts";
import type { Chain } from "./chain.ts";

interface Tried {
  readonly id: string;
  readonly host: string;
}

/** A failed login, said more exactly. Always throws. */
export async function refine(
  context: CheckContext,
  chain: Chain,
  tried: Tried,
  error: unknown,
): Promise<never> {
  if (!isBootstrapError(error)) throw error;
  if (error.code === "ESOB-R113") throw otherRegion(context, chain, tried.host) ?? error;
  const seen = error.code === "ESOB-R115" ? await lookOurselves(context, tried) : undefined;
  const { code, message, reason } = seen ?? error;
  if (!code.startsWith("ESOB-R")) throw error;
  throw new BootstrapError(code, {
    message,
    ...(reason !== undefined && { reason }),
    fix: restoreAtInfisical(context, code),
    cause: error,
  });
}

/** An identity lives in one region; Infisical Cloud US is what a store means that names none (eso.md 1.6). */
function otherRegion(context: CheckContext, { store }: Chain, host: string): BootstrapError | undefined {
  const file = context.desired?.infisical.hostForEso;
  if (!isCloud(host) || (file !== undefined && file === host)) return undefined;
  const other = file ?? Object.values(CLOUD_HOSTS).find((one) => one !== host);
  return new BootstrapError("ESOB-R221", {
    message: `The identity of ${titleOf(store)} is not known at ${host}.`,
    reason: file === undefined ? `the other region is ${other}` : `eso-bootstrap.yaml names ${other}`,
    fix: restore(context, "ESOB-R221", subjectOf(store)),
  });
}

/** At which step of reaching the API server our own probe stopped, and what that means for Infisical. */
const CODE_OF: Record<Extract<Probe, { reached: false }>["at"], Code> = {
  resolve: "ESOB-R107",
  connect: "ESOB-R108",
  timeout: "ESOB-R109",
  tls: "ESOB-R106",
};

/**
 * A server of 2024 folds every network, DNS and TLS cause into `500 Something went wrong` (infisical-api.md 10.3). With the
 * operator's credential we know which host and CA it has stored, and look from here.
 */
async function lookOurselves(
  context: CheckContext,
  { id, host }: Tried,
): Promise<BootstrapError | undefined> {
  const auth = await storedAuth(context, id, host);
  if (!auth) return undefined;
  const message = `Infisical cannot ask the API server at ${auth.host}.`;
  const probe = await context.net.probe(auth.host, auth.ca || undefined);
  if (!probe.reached)
    return new BootstrapError(CODE_OF[probe.at], {
      message,
      reason: `seen from this machine: ${probe.reason}`,
    });
  if (await isKubernetes(context, auth)) return undefined;
  return new BootstrapError("ESOB-R116", { message, reason: "what answers there is no API server" });
}

/** Kubernetes Auth as the operator sees it: only of the server that the operator is logged in at. */
export async function storedAuth(
  context: CheckContext,
  id: string,
  host: string,
): Promise<KubernetesAuth | undefined> {
  const { infisical, desired } = context;
  if (!infisical || ![infisical.host, desired?.infisical.hostForEso].includes(host)) return undefined;
  return kubernetesAuthAt(context, id).catch(() => undefined);
}

/** An API server refuses this path in JSON; another Infisical answers it, and a web server with a page. No credential is sent. */
async function isKubernetes({ visit }: CheckContext, { host, ca }: KubernetesAuth): Promise<boolean> {
  try {
    await (await visit(host, ca || undefined)).infisical.status();
    return false;
  } catch (error) {
    return !(isBootstrapError(error) && (error.code === "ESOB-I103" || error.code === "ESOB-I117"));
  }
}
