import { BootstrapError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";
import { claimsOf, TOKEN_TYPE, tokenIn, type TokenClaims } from "./reviewer-fact.ts";

/** How Infisical's reviewer token compares with what must be there. */
export type ReviewerMatch = { readonly fits: true } | { readonly fits: false; readonly why: string };

/** A bound token is renewed when less than this part of its life is left. */
const RENEW_BELOW = 0.2;

/** Compares the token that Infisical stores with the cluster's: by hash, or for bound ones by what they hang on. */
export async function matchReviewer(
  context: RoadContext,
  stored: Secret | undefined,
): Promise<ReviewerMatch> {
  const { desired, facts, clock } = context;
  const { mode, tokenLifetime } = desired.reviewer;
  if (mode === "self")
    return stored
      ? { fits: false, why: "a reviewer token is stored, ESO should review itself" }
      : { fits: true };
  if (!stored) return { fits: false, why: "no reviewer token is stored" };
  const secrets = await facts.reviewerSecrets();
  const secret = secrets.at(-1);
  if (tokenLifetime === undefined) {
    const token = tokenIn(secret);
    return token?.fingerprint() === stored.fingerprint()
      ? { fits: true }
      : { fits: false, why: "another token than the cluster's" };
  }
  const claims = claimsOf(stored);
  if (!secret || !claims || claims.secret.uid !== secret.metadata.uid)
    return { fits: false, why: "not bound to our Secret" };
  return expiresSoon(claims, clock.now()) ? { fits: false, why: "it expires soon" } : { fits: true };
}

/** Measured by the life that the API server really gave it, which may be shorter than what was asked for. */
export function expiresSoon({ issuedAt, expiresAt }: TokenClaims, now: number): boolean {
  if (!expiresAt) return false;
  const life = expiresAt.getTime() - (issuedAt?.getTime() ?? now);
  return expiresAt.getTime() - now < life * RENEW_BELOW;
}

/** The token to send: the one in the Secret, or a new one bound to it; null in mode self. Proved to work before it is given out. */
export async function reviewerToken(context: RoadContext): Promise<Secret | null> {
  const { desired, facts } = context;
  const { mode, namespace, serviceAccount, tokenLifetime } = desired.reviewer;
  if (mode === "self") return null;
  const secret = (await facts.reviewerSecrets()).at(-1);
  const fits = (secret?.["type"] === TOKEN_TYPE) === (tokenLifetime === undefined);
  const token = secret && fits ? await tokenOf(context, secret) : undefined;
  if (!token)
    throw new BootstrapError("ESOB-R101", {
      message: `There is no token of the reviewer ${namespace}/${serviceAccount}.`,
      fix: { summary: "Make the reviewer first.", command: "eso-bootstrap reviewer" },
    });
  await proveReviewer(context, token);
  return token;
}

/** The token in a Secret of the reviewer, or where it is one that bound tokens hang on a new such token. */
export async function tokenOf(
  { cluster, desired }: Pick<RoadContext, "cluster" | "desired">,
  secret: KubeObject,
  seconds = desired.reviewer.tokenLifetime,
): Promise<Secret | undefined> {
  const { namespace, serviceAccount } = desired.reviewer;
  const { name, uid } = secret.metadata;
  if (secret["type"] === TOKEN_TYPE || !uid) return tokenIn(secret);
  const issued = await cluster.requestToken({
    namespace,
    serviceAccount,
    ...(seconds !== undefined && { expirationSeconds: seconds }),
    boundSecret: { name, uid },
  });
  return issued.token;
}

/** A new binding takes a moment to reach every authorizer; the API server caches verdicts for about 10 s. */
const PROVE_FOR_MS = 20_000;

/** Has the reviewer review its own token: only a token that was proved to work may reach Infisical (promise 7). */
export async function proveReviewer({ cluster, clock, desired }: RoadContext, token: Secret): Promise<void> {
  const until = clock.now() + PROVE_FOR_MS;
  for (;;) {
    const verdict = await cluster.reviewToken({ token, bearer: token });
    if (verdict.verdict === "genuine") return;
    if (clock.now() > until) {
      const { namespace, serviceAccount } = desired.reviewer;
      const forbidden = verdict.verdict === "refused" && verdict.status === 403;
      throw new BootstrapError(forbidden ? "ESOB-R103" : "ESOB-R102", {
        message: `The reviewer ${namespace}/${serviceAccount} cannot review tokens.`,
        reason: verdict.error,
        fix: { summary: "Restore its binding and token.", command: "eso-bootstrap reviewer" },
      });
    }
    await clock.sleep(500);
  }
}
