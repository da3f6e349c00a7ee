import type { Check } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { RoadContext } from "../../steps/context.ts";
import { tokenIn } from "../../steps/reviewer-fact.ts";

/** The reviewer may ask the API server "is this token genuine?": tried with its own token. */
export function reviewerChecks({ desired }: RoadContext): Check<RoadContext>[] {
  if (desired.reviewer.mode === "self") return [];
  const { namespace, serviceAccount, tokenLifetime } = desired.reviewer;
  return [
    {
      id: "reviewer-may-review",
      code: "ESOB-R103",
      category: "reviewer",
      title: "the reviewer may review tokens",
      severity: "error",
      subject: { kind: "ServiceAccount", namespace, name: serviceAccount },
      run: async ({ cluster, facts }) => {
        if (tokenLifetime !== undefined)
          return {
            status: "skip",
            because: "its token is bound and only Infisical has it: the login proves it",
          };
        const token = tokenIn((await facts.reviewerSecrets()).at(-1));
        if (!token)
          throw new BootstrapError("ESOB-R101", {
            message: `The reviewer ${namespace}/${serviceAccount} has no token in the cluster.`,
          });
        const verdict = await cluster.reviewToken({ token, bearer: token });
        if (verdict.verdict === "genuine") return { status: "pass" };
        const forbidden = verdict.verdict === "refused" && verdict.status === 403;
        throw new BootstrapError(forbidden ? "ESOB-R103" : "ESOB-R102", {
          message: `The reviewer ${namespace}/${serviceAccount} cannot review tokens.`,
          reason: verdict.error,
        });
      },
    },
  ];
}
