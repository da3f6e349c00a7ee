import type { Check, Finding } from "../engine/check.ts";
import type { CheckContext } from "./context.ts";
import { theController } from "./eso-install.ts";
import { skip } from "./finding.ts";
import { bearersOf } from "./identity/bearer.ts";
import { ifAllowed } from "./if-allowed.ts";
import type { Chain } from "./login/chain.ts";
import { judgeBinding, judgeSelfBinding } from "./reviewer/binding.ts";
import { findReviewer, judgeAccount, type Reviewer } from "./reviewer/found.ts";
import { judgeSecret, judgeToken } from "./reviewer/secret.ts";
import { judgeStored } from "./reviewer/stored.ts";
import { subjectOf } from "./subject.ts";

/** Whoever asks the API server "is this token genuine?" on Infisical's behalf: is there, may ask, and is the one that Infisical has. */
export function reviewerChecks(context: CheckContext): readonly Check<CheckContext>[] {
  const checks =
    context.desired?.reviewer.mode === "self" ? [selfCheck()] : [...LAYERS, ...storedChecks(context)];
  return checks.map(ifAllowed);
}

/** What a review or a login may fail from. */
export const REVIEWER_IDS: readonly string[] = ["account", "binding", "secret", "token", "self"].map(
  (id) => `reviewer-${id}`,
);

/** The tokens that Infisical has for the identities of a road. */
export function storedIdsOf(context: CheckContext, { key }: Chain): readonly string[] {
  return bearersOf(context)
    .filter(({ chain }) => chain.key === key)
    .map(({ label }) => `reviewer-stored ${label}`);
}

const LAYERS: readonly Check<CheckContext>[] = [
  layer("account", "ESOB-R201", "the reviewer's ServiceAccount is there", [], judgeAccount),
  layer("binding", "ESOB-R202", "the reviewer may review tokens", ["account"], judgeBinding),
  layer("secret", "ESOB-R205", "the reviewer's Secret is there and filled", ["account"], judgeSecret),
  layer(
    "token",
    "ESOB-R102",
    "the API server accepts the reviewer's token",
    ["secret", "binding"],
    judgeToken,
  ),
];

function layer(
  id: string,
  code: Check<CheckContext>["code"],
  title: string,
  needs: readonly string[],
  judge: (context: CheckContext, reviewer: Reviewer) => Promise<Finding>,
): Check<CheckContext> {
  return {
    id: `reviewer-${id}`,
    code,
    category: "reviewer",
    title,
    severity: "error",
    retry: true,
    needs: ["cluster-reach", ...needs.map((need) => `reviewer-${need}`)],
    run: async (context) => {
      const reviewer = await findReviewer(context);
      return "because" in reviewer ? skip(reviewer.because) : judge(context, reviewer);
    },
  };
}

function selfCheck(): Check<CheckContext> {
  return {
    id: "reviewer-self",
    code: "ESOB-R215",
    category: "reviewer",
    title: "ESO may review its own token",
    severity: "error",
    retry: true,
    needs: ["eso-installed"],
    run: async (context) => {
      const { namespace, serviceAccount } = await theController(context);
      return judgeSelfBinding(context, { namespace, name: serviceAccount });
    },
  };
}

/** One for each identity that the operator can look at. */
function storedChecks(context: CheckContext): Check<CheckContext>[] {
  return bearersOf(context).map((bearer) => ({
    id: `reviewer-stored ${bearer.label}`,
    code: "ESOB-R210",
    category: "reviewer",
    title: `${bearer.label} has the cluster's reviewer token`,
    severity: "error",
    needs: ["reviewer-secret", `identity-method ${bearer.label}`],
    after: ["reviewer-binding", "reviewer-token"],
    subject: subjectOf(bearer.chain.store),
    run: async (now) => {
      const reviewer = await findReviewer(now);
      return "because" in reviewer ? skip(reviewer.because) : judgeStored(now, reviewer, bearer);
    },
  }));
}
