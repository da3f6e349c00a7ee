import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { Secret } from "../../secret.ts";
import { claimsOf, tokenIn, type TokenClaims } from "../../steps/reviewer-fact.ts";
import { endsSoon } from "../../steps/token-ends.ts";
import type { CheckContext } from "../context.ts";
import { pass, skip, warning } from "../finding.ts";
import { authOf, type Bearer } from "../identity/bearer.ts";
import { restoreAtInfisical } from "../mending.ts";
import { readAccount, secretsOf, type Reviewer } from "./found.ts";

const DAY_MS = 86_400_000;

/** The token that Infisical has, by what it says of itself and by its hash; it is never shown. */
export async function judgeStored(
  context: CheckContext,
  reviewer: Reviewer,
  bearer: Bearer,
): Promise<Finding> {
  const { reviewer: stored } = await authOf(context, bearer);
  // That none is stored is told with the identity: ESOB-I325.
  if (!stored || stored.isEmpty) return skip("no reviewer token is stored");
  const claims = claimsOf(stored);
  if (!claims)
    throw trouble(context, "ESOB-R216", {
      message: `What the ${bearer.label} has as reviewer token is none.`,
      reason: "it is not a JWT",
    });
  const other = await differs(context, reviewer, bearer, claims);
  if (other) throw other;
  const { expiresAt } = claims;
  const now = context.clock.now();
  if (expiresAt && expiresAt.getTime() <= now)
    throw trouble(context, "ESOB-R209", {
      message: `The reviewer token of the ${bearer.label} has expired: ESO cannot log in.`,
      reason: `it was good until ${expiresAt.toISOString()}`,
    });
  const works = await isAccepted(context, stored);
  if (works !== true)
    throw trouble(context, works.status === 403 ? "ESOB-R103" : "ESOB-R102", {
      message: `The API server refuses the reviewer token of the ${bearer.label}.`,
      reason: works.error,
    });
  if (expiresAt && endsSoon(expiresAt, claims.issuedAt, now))
    return warning("ESOB-R208", {
      message: `The reviewer token of the ${bearer.label} expires in ${Math.ceil((expiresAt.getTime() - now) / DAY_MS)} days.`,
      reason: `it is good until ${expiresAt.toISOString()}`,
      fix: restoreAtInfisical(context, "ESOB-R208"),
    });
  return (await isOurs(context, reviewer, stored, claims))
    ? pass(
        expiresAt ? `good until ${expiresAt.toISOString().slice(0, 10)}` : "the cluster's own, by its hash",
      )
    : warning("ESOB-R210", {
        message: `The ${bearer.label} has another reviewer token than the one in the cluster.`,
        reason: "it works, but nobody here renews or revokes it",
        fix: restoreAtInfisical(context, "ESOB-R210"),
      });
}

type Details = { readonly message: string; readonly reason: string };

function trouble(
  context: CheckContext,
  code: ConstructorParameters<typeof BootstrapError>[0],
  details: Details,
) {
  return new BootstrapError(code, { ...details, fix: restoreAtInfisical(context, code) });
}

/** Of another ServiceAccount, or of one with the same name that this cluster does not know. */
async function differs(
  context: CheckContext,
  reviewer: Reviewer,
  { label }: Bearer,
  { account }: TokenClaims,
): Promise<BootstrapError | undefined> {
  const name = `${account.namespace}/${account.name}`;
  if (name !== reviewer.text)
    return trouble(context, "ESOB-R212", {
      message: `The reviewer token of the ${label} is of another ServiceAccount.`,
      reason: `it is of ${name}, and the reviewer is ${reviewer.text}`,
    });
  const live = await readAccount(context, reviewer);
  if (account.uid === undefined || account.uid === live?.metadata.uid) return undefined;
  return trouble(context, "ESOB-R211", {
    message: `The reviewer token of the ${label} is of another cluster, or of a ServiceAccount that was deleted.`,
    reason: `its ServiceAccount ${name} has the uid ${account.uid}, this cluster's ${live?.metadata.uid ?? "none"}`,
  });
}

/** Sent only to the API server that made it: whose token it is was judged before. */
async function isAccepted(
  { cluster }: CheckContext,
  stored: Secret,
): Promise<true | { readonly status: number; readonly error: string }> {
  const verdict = await cluster.reviewToken({ token: stored, bearer: stored });
  if (verdict.verdict === "genuine") return true;
  return { status: verdict.verdict === "refused" ? verdict.status : 401, error: verdict.error };
}

async function isOurs(
  context: CheckContext,
  reviewer: Reviewer,
  stored: Secret,
  claims: TokenClaims,
): Promise<boolean> {
  const secrets = await secretsOf(context, reviewer);
  if (reviewer.bound) return secrets.some(({ metadata }) => metadata.uid === claims.secret.uid);
  return secrets.some((secret) => tokenIn(secret)?.fingerprint() === stored.fingerprint());
}
