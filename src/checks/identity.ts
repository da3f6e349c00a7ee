import type { Code } from "../codes.ts";
import type { Check, Finding } from "../engine/check.ts";
import { isBootstrapError } from "../errors.ts";
import type { CheckContext } from "./context.ts";
import { pass, skip } from "./finding.ts";
import { judgeMembership, judgeRights, judgeWays } from "./identity/access.ts";
import { ALLOWED, judgeAllowed } from "./identity/allowed.ts";
import { judgeCa, judgeHost, judgeReviewer } from "./identity/auth.ts";
import { authOf, bearersOf, type Bearer } from "./identity/bearer.ts";
import { judgeOrigin } from "./identity/origin.ts";
import { judgeTokens, TOKEN_RULES } from "./identity/tokens.ts";
import { ifAllowed } from "./if-allowed.ts";
import type { Chain } from "./login/chain.ts";
import { subjectOf } from "./subject.ts";

interface Aspect {
  readonly id: string;
  readonly code: Code;
  readonly title: string;
  readonly needs?: string;
  judge(context: CheckContext, bearer: Bearer): Promise<Finding>;
}

/** An identity as the operator sees it, against the live cluster. */
const ASPECTS: readonly Aspect[] = [
  { id: "origin", code: "ESOB-I321", title: "is the one that is meant", judge: judgeOrigin },
  {
    id: "method",
    code: "ESOB-R113",
    title: "has Kubernetes Auth",
    needs: "origin",
    judge: async (context, bearer) => pass((await authOf(context, bearer)).host),
  },
  {
    id: "host",
    code: "ESOB-I323",
    title: "asks this cluster's API server",
    needs: "method",
    judge: judgeHost,
  },
  { id: "ca", code: "ESOB-I324", title: "trusts this cluster's CA", needs: "method", judge: judgeCa },
  ofList("namespace", "lets ESO's namespace in"),
  ofList("name", "lets ESO's ServiceAccount in"),
  ofList("audience", "takes the audience that ESO sends"),
  {
    id: "reviewer",
    code: "ESOB-I325",
    title: "has the right reviewer",
    needs: "method",
    judge: judgeReviewer,
  },
  ofTokens("lifetime", "gives access tokens that last a sync"),
  ofTokens("most", "bounds their lifetime above it"),
  ofTokens("uses", "lets them be used again"),
  ofTokens("addresses", "lets them be used from the cluster"),
  { id: "ways", code: "ESOB-I330", title: "has no other way in", needs: "origin", judge: judgeWays },
  {
    id: "member",
    code: "ESOB-I332",
    title: "is a member of its project",
    needs: "origin",
    judge: judgeMembership,
  },
  { id: "rights", code: "ESOB-R119", title: "may read its folder only", needs: "member", judge: judgeRights },
];

function ofList(list: keyof typeof ALLOWED, title: string): Aspect {
  const rule = ALLOWED[list];
  return { id: `allowed-${list}`, code: rule.code, title, needs: "method", judge: judgeAllowed(rule) };
}

function ofTokens(about: keyof typeof TOKEN_RULES, title: string): Aspect {
  const rule = TOKEN_RULES[about];
  return { id: `tokens-${about}`, code: rule.code, title, needs: "method", judge: judgeTokens(rule) };
}

export function identityChecks(context: CheckContext): readonly Check<CheckContext>[] {
  return bearersOf(context)
    .flatMap((bearer) => ASPECTS.map((aspect) => aspectCheck(bearer, aspect)))
    .map(ifAllowed);
}

/** Ids of what is judged of the identities that a road logs in with: a login may fail from it. */
export function identityIdsOf(context: CheckContext, { key }: Chain): readonly string[] {
  return bearersOf(context)
    .filter(({ chain }) => chain.key === key)
    .flatMap(({ label }) => ASPECTS.map(({ id }) => `identity-${id} ${label}`));
}

function aspectCheck(bearer: Bearer, { id, code, title, needs, judge }: Aspect): Check<CheckContext> {
  const { store } = bearer.chain;
  return {
    id: `identity-${id} ${bearer.label}`,
    code,
    category: "identity",
    title: `${bearer.label} ${title}`,
    severity: "error",
    needs:
      needs === undefined
        ? [`identity-id ${store.key}`, "operator-login"]
        : [`identity-${needs} ${bearer.label}`],
    subject: subjectOf(store),
    run: (context) => asOperator(() => judge(context, bearer)),
  };
}

/** What the operator's credential may not see is not judged; that it may not is no fault of the identity. */
async function asOperator(look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    if (isBootstrapError(error) && OWN_TROUBLE.includes(error.code))
      return skip(`not seen with this credential: ${error.reason ?? error.message}`);
    throw error;
  }
}

const OWN_TROUBLE: readonly string[] = ["ESOB-I109", "ESOB-I110", "ESOB-I116", "ESOB-I101", "ESOB-I113"];
