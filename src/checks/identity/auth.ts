import type { Code } from "../../codes.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError, isBootstrapError } from "../../errors.ts";
import type { KubernetesAuth } from "../../infisical/infisical.ts";
import { findApiServer } from "../../steps/api-server.ts";
import type { CheckContext } from "../context.ts";
import { readControllers, servingClass } from "../controllers.ts";
import { pass, skip, unlessForbidden, warning } from "../finding.ts";
import { tryLogin } from "../login/trial.ts";
import { restoreAtInfisical } from "../mending.ts";
import { authOf, type Bearer } from "./bearer.ts";
import { operatorOf } from "./seen.ts";

/**
 * Host and CA that Infisical has stored, against the live cluster. What differs and works is told as a warning; what differs
 * while the login fails is that failure's cause and has its code.
 */
export async function judgeServer(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const auth = await authOf(context, bearer);
  const { desired } = context;
  if (!desired) return skip("without eso-bootstrap.yaml it is not known which address Infisical is to use");
  const api = await findApiServer({ ...context, infisical: operatorOf(context) }, desired);
  const isHost = auth.host.replace(/\/+$/, "") !== api.url.replace(/\/+$/, "");
  if (!isHost && auth.ca.trim() === api.ca.trim()) return pass(auth.host);
  const code = isHost ? "ESOB-I323" : "ESOB-I324";
  const message = isHost
    ? `Infisical asks the API server at ${auth.host}, and this cluster's is ${api.url}.`
    : `Infisical trusts another CA than this cluster's for ${auth.host}.`;
  const broken = await brokenLogin(context, bearer);
  if (broken === "no") return warning(code, { message, fix: restoreAtInfisical(context, code) });
  const exact = broken === "unknown" ? code : broken.code;
  const reason = broken === "unknown" ? undefined : broken.reason;
  throw new BootstrapError(exact, {
    message,
    ...(reason !== undefined && { reason }),
    fix: restoreAtInfisical(context, code),
  });
}

/** How the login as ESO fails; where it cannot be tried, what ESO says of the store. */
async function brokenLogin(
  context: CheckContext,
  { chain }: Bearer,
): Promise<BootstrapError | "no" | "unknown"> {
  try {
    const trial = await tryLogin(context, chain);
    if (!("because" in trial)) return "no";
  } catch (error) {
    if (!isBootstrapError(error)) throw error;
    if (error.code.startsWith("ESOB-R")) return error;
  }
  return chain.store.live.ready?.ready ? "no" : "unknown";
}

/** The allow-lists against the ServiceAccount that ESO's Deployment really uses (eso.md 1.5). */
export async function judgeAllowed(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const auth = await authOf(context, bearer);
  return unlessForbidden("list deployments", async () => {
    const [sender] = servingClass(await readControllers(context), bearer.chain.store.live);
    if (!sender) return skip("no ESO was found that serves this store");
    const account = `${sender.namespace}/${sender.serviceAccount}`;
    const refuse = (code: Code, field: string, value: string) => {
      throw new BootstrapError(code, {
        message: `The ${bearer.label} does not let ESO's ServiceAccount ${account} in.`,
        reason: `${field} is "${value}"`,
        fix: restoreAtInfisical(context, code),
      });
    };
    if (!isListed(auth.allowedNamespaces, sender.namespace))
      refuse("ESOB-R110", "allowedNamespaces", auth.allowedNamespaces);
    if (!isListed(auth.allowedNames, sender.serviceAccount))
      refuse("ESOB-R111", "allowedNames", auth.allowedNames);
    const audiences = sender.tokens.map(({ audience }) => audience);
    const isOwn = bearer.chain.store.live.tokenPathRef?.name === undefined;
    if (auth.allowedAudience !== "" && !isOwn && !audiences.includes(auth.allowedAudience))
      refuse("ESOB-R112", "allowedAudience", auth.allowedAudience);
    return pass(account);
  });
}

/** Comma-separated, exact or with `*`; empty lets everybody in. Other patterns are left to the login. */
function isListed(list: string, name: string): boolean {
  const entries = list.split(",").map((entry) => entry.trim());
  return list.trim() === "" || entries.some((entry) => entry === name || /[*?[{(!]/.test(entry));
}

/** The reviewer against reviewer.mode: a token of its own, or none where ESO reviews itself. */
export async function judgeReviewer(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const { reviewer } = await authOf(context, bearer);
  const mode = context.desired?.reviewer.mode;
  if (mode === undefined) return pass(reviewer ? "a token of its own" : "ESO reviews itself");
  if ((mode === "self") === (reviewer === undefined)) return pass(mode);
  throw new BootstrapError("ESOB-I325", {
    message: reviewer
      ? `The ${bearer.label} has a reviewer's token stored, and reviewer.mode is self.`
      : `The ${bearer.label} has no reviewer's token stored, and reviewer.mode is ${mode}.`,
    fix: restoreAtInfisical(context, "ESOB-I325"),
  });
}

/** Seconds below which a sync of a few keys may outlive its token. */
const SHORT_TTL = 30;

/** Lifetime, uses and addresses of the access tokens that ESO gets. */
export async function judgeTokens(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const auth = await authOf(context, bearer);
  const trouble = TOKEN_RULES.find(({ holds }) => holds(auth));
  if (!trouble) return pass(`${auth.accessTokenTtl} s`);
  const { code, reason } = trouble;
  return warning(code, {
    message: `The access tokens of the ${bearer.label} ${trouble.says(auth)}.`,
    reason,
    fix: restoreAtInfisical(context, code),
  });
}

const TOKEN_RULES: readonly {
  readonly code: Code;
  readonly holds: (auth: KubernetesAuth) => boolean;
  readonly says: (auth: KubernetesAuth) => string;
  readonly reason: string;
}[] = [
  {
    code: "ESOB-I327",
    holds: ({ accessTokenTtl, accessTokenMaxTtl }) =>
      accessTokenMaxTtl !== 0 && accessTokenMaxTtl < accessTokenTtl,
    says: ({ accessTokenTtl, accessTokenMaxTtl }) =>
      `live ${accessTokenTtl} s, and at most ${accessTokenMaxTtl} s`,
    reason: "the shorter one wins",
  },
  {
    code: "ESOB-I326",
    holds: ({ accessTokenTtl }) => accessTokenTtl > 0 && accessTokenTtl < SHORT_TTL,
    says: ({ accessTokenTtl }) => `live only ${accessTokenTtl} s`,
    reason: "a sync that takes longer fails half-way",
  },
  {
    code: "ESOB-I328",
    holds: ({ accessTokenUses }) => accessTokenUses > 0,
    says: ({ accessTokenUses }) => `may be used ${accessTokenUses} times`,
    reason: "each sync makes a call per key with one token",
  },
  {
    code: "ESOB-I329",
    holds: ({ trustedIps }) =>
      trustedIps.length > 0 && !trustedIps.some((ip) => ip === "0.0.0.0/0" || ip === "0.0.0.0"),
    says: ({ trustedIps }) => `may be used from ${trustedIps.join(", ")} only`,
    reason: "the cluster's outgoing address must be among them",
  },
];
