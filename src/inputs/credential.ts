import { BootstrapError } from "../errors.ts";
import type { OperatorCredential } from "../infisical/infisical.ts";
import { Secret } from "../secret.ts";

const CLIENT_ID = "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID";
const CLIENT_SECRET = "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET";
const TOKEN = "INFISICAL_TOKEN";
const IDENTITY_ID = "INFISICAL_MACHINE_IDENTITY_ID";
const TOKEN_FILE = "INFISICAL_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH";
/** Where a pod finds the token of its ServiceAccount. */
const POD_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The operator's Infisical credential, from the variables of Infisical's own CLI; in a pod Kubernetes Auth does without any. Half of Universal Auth is ESOB-C104,
 * unless somebody can be asked for the other half.
 */
export function operatorCredential(env: Env, interactive = false): OperatorCredential | undefined {
  const [clientId, clientSecret, token, identityId, tokenFile] = [
    CLIENT_ID,
    CLIENT_SECRET,
    TOKEN,
    IDENTITY_ID,
    TOKEN_FILE,
  ].map((name) => env[name]?.trim() || undefined);
  if (clientId && clientSecret)
    return { kind: "universal-auth", clientId, clientSecret: new Secret(clientSecret) };
  if (token) return { kind: "token", token: new Secret(token) };
  if (identityId && !clientId && !clientSecret)
    return { kind: "kubernetes-auth", identityId, tokenFile: tokenFile ?? POD_TOKEN };
  if (interactive || (!clientId && !clientSecret)) return undefined;
  const [set, unset] = clientId ? [CLIENT_ID, CLIENT_SECRET] : [CLIENT_SECRET, CLIENT_ID];
  throw new BootstrapError("ESOB-C104", {
    message: `${set} is set, but ${unset} is not.`,
    reason: "Universal Auth needs both",
    fix: { summary: `Set ${unset} too, or use ${TOKEN}.` },
  });
}
