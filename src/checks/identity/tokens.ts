import type { Code } from "../../codes.ts";
import type { Finding } from "../../engine/check.ts";
import type { KubernetesAuth } from "../../infisical/infisical.ts";
import type { CheckContext } from "../context.ts";
import { pass, warning } from "../finding.ts";
import { restoreAtInfisical } from "../mending.ts";
import { authOf, type Bearer } from "./bearer.ts";

/** Seconds below which a sync of a few keys may outlive its token. */
const SHORT_TTL = 30;

/** Something that makes access tokens useless to ESO, or nearly. */
export interface TokenRule {
  readonly code: Code;
  readonly holds: (auth: KubernetesAuth) => boolean;
  readonly says: (auth: KubernetesAuth) => string;
  readonly reason: string;
  readonly evidence: (auth: KubernetesAuth) => string;
}

/** Lifetime, uses and addresses of the access tokens that ESO gets. */
export const TOKEN_RULES = {
  most: {
    code: "ESOB-I327",
    holds: ({ accessTokenTtl, accessTokenMaxTtl }) =>
      accessTokenMaxTtl !== 0 && accessTokenMaxTtl < accessTokenTtl,
    says: ({ accessTokenTtl, accessTokenMaxTtl }) =>
      `live ${accessTokenTtl} s, and at most ${accessTokenMaxTtl} s`,
    reason: "the shorter one wins",
    evidence: ({ accessTokenMaxTtl }) => (accessTokenMaxTtl === 0 ? "no bound" : `${accessTokenMaxTtl} s`),
  },
  lifetime: {
    code: "ESOB-I326",
    holds: ({ accessTokenTtl }) => accessTokenTtl > 0 && accessTokenTtl < SHORT_TTL,
    says: ({ accessTokenTtl }) => `live only ${accessTokenTtl} s`,
    reason: "a sync that takes longer fails half-way",
    evidence: ({ accessTokenTtl }) => `${accessTokenTtl} s`,
  },
  uses: {
    code: "ESOB-I328",
    holds: ({ accessTokenUses }) => accessTokenUses > 0,
    says: ({ accessTokenUses }) => `may be used ${accessTokenUses} times`,
    reason: "each sync makes a call per key with one token",
    evidence: () => "any number",
  },
  addresses: {
    code: "ESOB-I329",
    holds: ({ trustedIps }) =>
      trustedIps.length > 0 && !trustedIps.some((ip) => ip === "0.0.0.0/0" || ip === "0.0.0.0"),
    says: ({ trustedIps }) => `may be used from ${trustedIps.join(", ")} only`,
    reason: "the cluster's outgoing address must be among them",
    evidence: () => "from anywhere",
  },
} as const satisfies Record<string, TokenRule>;

/** One of these rules. */
export const judgeTokens =
  ({ code, holds, says, reason, evidence }: TokenRule) =>
  async (context: CheckContext, bearer: Bearer): Promise<Finding> => {
    const auth = await authOf(context, bearer);
    if (!holds(auth)) return pass(evidence(auth));
    return warning(code, {
      message: `The access tokens of the ${bearer.label} ${says(auth)}.`,
      reason,
      fix: restoreAtInfisical(context, code),
    });
  };
