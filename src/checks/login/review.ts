import { REVIEWER_LABEL } from "../../desired/manifests.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import { MANAGED_BY_LABEL, MANAGER, type KubeObject } from "../../kubernetes/cluster.ts";
import type { Secret } from "../../secret.ts";
import { listReviewerSecrets, numberOf, tokenIn } from "../../steps/reviewer-fact.ts";
import type { CheckContext } from "../context.ts";
import { isForbidden, pass, skip } from "../finding.ts";
import { restoreAtInfisical } from "../mending.ts";
import type { Chain } from "./chain.ts";
import { ownToken, type OwnToken } from "./token.ts";

/** The API server finds ESO's token genuine, asked as Infisical asks: with the reviewer's own token. */
export async function judgeReview(context: CheckContext, chain: Chain): Promise<Finding> {
  const own = await ownToken(context, chain);
  if ("because" in own) return skip(own.because);
  const reviewer = await reviewerToken(context, own);
  if ("because" in reviewer) return skip(reviewer.because);
  const verdict = await context.cluster.reviewToken({
    token: own.token,
    bearer: reviewer.token,
    ...(own.audience !== undefined && { audiences: [own.audience] }),
  });
  if (verdict.verdict === "genuine") return pass(verdict.username);
  if (verdict.verdict === "not-genuine")
    throw new BootstrapError("ESOB-R114", {
      message: `The API server says that the token of ${own.account} is not genuine.`,
      reason: verdict.error,
    });
  const code = verdict.status === 403 ? "ESOB-R103" : "ESOB-R102";
  throw new BootstrapError(code, {
    message:
      code === "ESOB-R103"
        ? "The reviewer may not review tokens."
        : "The API server does not accept the reviewer's token.",
    reason: verdict.error,
    fix: restoreAtInfisical(context, code),
  });
}

type Reviewer = { readonly token: Secret } | { readonly because: string };

async function reviewerToken(
  context: CheckContext,
  own: Extract<OwnToken, { token: Secret }>,
): Promise<Reviewer> {
  const { desired } = context;
  if (desired?.reviewer.mode === "self") return { token: own.token };
  if (desired?.reviewer.tokenLifetime !== undefined)
    return { because: "the reviewer's token is bound, and only Infisical has it: the login proves it" };
  try {
    const token = tokenIn((await context.once("reviewer-secrets", () => secretsOf(context, own))).at(-1));
    return token ? { token } : { because: "the cluster has no reviewer's token of ours" };
  } catch (error) {
    if (isForbidden(error)) return { because: "the reviewer's token may not be read here" };
    throw error;
  }
}

async function secretsOf(
  { cluster, desired }: CheckContext,
  { account }: { readonly account: string },
): Promise<readonly KubeObject[]> {
  if (desired) return listReviewerSecrets(cluster, desired);
  const found: KubeObject[] = [];
  const [namespace = ""] = account.split("/");
  const labelSelector = `${MANAGED_BY_LABEL}=${MANAGER},${REVIEWER_LABEL}`;
  for await (const secret of cluster.list({ apiVersion: "v1", kind: "Secret", namespace, labelSelector }))
    if (!secret.metadata.deletionTimestamp) found.push(secret);
  return found.toSorted((a, b) => numberOf(a) - numberOf(b));
}
