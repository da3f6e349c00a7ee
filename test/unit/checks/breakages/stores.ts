import type { Code } from "../../../../src/codes.ts";
import { STORE } from "../../../helpers/doctor-world.ts";
import { listSays, loginSays, storeSays } from "../../../helpers/doctor-breaks.ts";
import type { Breakage } from "./breakage.ts";

/** What is left where ESO's login cannot be tried: its own words. */
const WORDS_ONLY = { withoutCredential: true, trusted: false };

const told = (code: Code, what: string, event: string, message?: string): Breakage => ({
  code,
  what: `a store of which ESO says: ${what}`,
  look: WORDS_ONLY,
  break: (world) => storeSays(world, event, message),
});

/** Causes that only ESO's words show. */
export const STORE_WORDS: readonly Breakage[] = [
  told("ESOB-R110", "namespace not allowed", loginSays(401, "Access denied: K8s namespace not allowed.")),
  told("ESOB-R104", "gateway gone", loginSays(404, "Connection details for gateway with ID 'X' not found")),
  told("ESOB-R105", "private address", loginSays(400, "Local IPs not allowed as URL")),
  told(
    "ESOB-R109",
    "timed out",
    loginSays(400, "Connection to Kubernetes API server at https://h timed out."),
  ),
  told("ESOB-R114", "another cluster", loginSays(401, "Kubernetes token not authenticated")),
  told("ESOB-R102", "Unauthorized", loginSays(401, "Unauthorized")),
  told(
    "ESOB-S230",
    "certificate unknown",
    'failed to authenticate via kubernetes auth Post "https://x": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ),
  told(
    "ESOB-S231",
    "no such host",
    'CallKubernetesAuthLogin: unable to complete api request [err=Post "https://x": dial tcp: lookup x: no such host]',
  ),
  told(
    "ESOB-R223",
    "address refused",
    listSays(403, "You are not allowed to access this resource from the current IP address"),
    "unable to validate store",
  ),
  told(
    "ESOB-R225",
    "token unknown",
    listSays(401, "No identity access token found"),
    "unable to validate store",
  ),
  told(
    "ESOB-I110",
    "rate limit",
    listSays(429, "Rate limit exceeded. Please try again in 12 seconds"),
    "unable to validate store",
  ),
  told("ESOB-I111", "server error", listSays(500, "Something went wrong"), "unable to validate store"),
  {
    code: "ESOB-E223",
    what: "a store that was mended, and ESO has not tried again",
    break: (world) => storeSays(world, loginSays(401, "Access denied: K8s namespace not allowed.")),
  },
];

export const STORE_STATES: readonly Breakage[] = [
  {
    code: "ESOB-S102",
    what: "a store without a status",
    break: ({ cluster }) => cluster.setStatus(STORE, {}),
  },
  {
    code: "ESOB-S229",
    what: "a store that hangs in its deletion",
    break: (world) =>
      world.edit(STORE, ({ metadata }) =>
        Object.assign(metadata as object, {
          deletionTimestamp: new Date(world.now - 600_000).toISOString(),
          finalizers: ["secretstore.externalsecrets.io/finalizer"],
        }),
      ),
  },
];
