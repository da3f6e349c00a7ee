import type { Code } from "../codes.ts";
import type { DesiredStore } from "../desired/desired.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { EsoSession } from "../infisical/infisical.ts";
import type { AccessQuery } from "../kubernetes/cluster.ts";
import type { Probe } from "../system/system.ts";
import type { RoadContext } from "./context.ts";

/** How long the token that we ask for lives: the shortest that Kubernetes grants. */
const TOKEN_SECONDS = 600;

/** A login, or why none could be tried: not a failure, and not a pass either. */
export type LoginTry = { readonly session: EsoSession } | { readonly because: string };

/**
 * Logs in to Infisical exactly as ESO does, with a token of ESO's own ServiceAccount, which is asked for only here and sent
 * only to infisical.host (promise 5). Throws R codes; the caller must revoke the session.
 */
export async function loginAsEso(context: RoadContext, store: DesiredStore): Promise<LoginTry> {
  const { facts } = context;
  const [{ identity }, { serviceAccount }] = await Promise.all([facts.identity(store), facts.eso()]);
  if (!identity)
    throw new BootstrapError("ESOB-R113", {
      message: `The machine identity ${store.identityName} does not exist.`,
    });
  return loginWith(context, identity.id, serviceAccount);
}

/** The same for any identity, with a token of the ServiceAccount that it lets in. */
export async function loginWith(
  context: RoadContext,
  identityId: string,
  { namespace, name, audience }: { namespace: string; name: string; audience?: string },
): Promise<LoginTry> {
  const { cluster, infisical } = context;
  if (!(await cluster.get({ apiVersion: "v1", kind: "ServiceAccount", namespace, name })))
    return { because: `ESO's ServiceAccount ${namespace}/${name} does not exist yet` };
  if ((await cluster.missingRights([tokenRight(namespace, name)])).length > 0)
    return { because: `create serviceaccounts/token for ${namespace}/${name} is not allowed here` };
  const issued = await cluster.requestToken({
    namespace,
    serviceAccount: name,
    expirationSeconds: TOKEN_SECONDS,
    ...(audience !== undefined && { audiences: [audience] }),
  });
  const session = await infisical
    .loginAsEso(identityId, issued.token)
    .catch((error: unknown) => refine(context, identityId, error));
  return { session };
}

/** The right to ask for a token of a ServiceAccount. */
export const tokenRight = (namespace: string, name: string): AccessQuery => ({
  verb: "create",
  group: "",
  resource: "serviceaccounts",
  subresource: "token",
  namespace,
  name,
});

/** Right after Kubernetes Auth was stored: what is wrong with it is said here, with its cause, and not by ESO without. */
export async function assertLogin(context: RoadContext, store: DesiredStore): Promise<void> {
  const tried = await loginAsEso(context, store);
  if ("session" in tried) await tried.session.revoke();
}

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
async function refine(context: RoadContext, identityId: string, error: unknown): Promise<never> {
  if (!isBootstrapError(error) || error.code !== "ESOB-R115") throw error;
  const auth = await context.infisical.findKubernetesAuth(identityId);
  if (!auth) throw error;
  const probe = await context.net.probe(auth.host, auth.ca || undefined);
  if (probe.reached) throw error;
  throw new BootstrapError(CODE_OF[probe.at], {
    message: `Infisical cannot reach the API server at ${auth.host}.`,
    reason: `seen from this machine: ${probe.reason}`,
    cause: error,
  });
}
