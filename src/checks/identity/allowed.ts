import type { Code } from "../../codes.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { CheckContext } from "../context.ts";
import { readControllers, servingClass, type EsoController } from "../controllers.ts";
import { pass, skip, unlessForbidden } from "../finding.ts";
import { restoreAtInfisical } from "../mending.ts";
import { authOf, type Bearer } from "./bearer.ts";

/** One of the rules that Infisical holds a login against. */
export interface Allowed {
  readonly code: Code;
  readonly field: "allowedNamespaces" | "allowedNames" | "allowedAudience";
  /** Whether what ESO's Deployment sends is let in. */
  readonly holds: (sender: EsoController, stored: string, bearer: Bearer) => boolean;
}

/** The allow-lists against the ServiceAccount that ESO's Deployment really uses (eso.md 1.5). */
export const ALLOWED = {
  namespace: {
    code: "ESOB-R110",
    field: "allowedNamespaces",
    holds: ({ namespace }, stored) => isListed(stored, namespace),
  },
  name: {
    code: "ESOB-R111",
    field: "allowedNames",
    holds: ({ serviceAccount }, stored) => isListed(stored, serviceAccount),
  },
  audience: {
    code: "ESOB-R112",
    field: "allowedAudience",
    holds: ({ tokens }, stored, { chain }) =>
      stored === "" ||
      chain.store.live.tokenPathRef?.name === undefined ||
      tokens.some(({ audience }) => audience === stored),
  },
} as const satisfies Record<string, Allowed>;

/** One allow-list. */
export const judgeAllowed =
  ({ code, field, holds }: Allowed) =>
  async (context: CheckContext, bearer: Bearer): Promise<Finding> => {
    const auth = await authOf(context, bearer);
    return unlessForbidden("list deployments", async () => {
      const [sender] = servingClass(await readControllers(context), bearer.chain.store.live);
      if (!sender) return skip("no ESO was found that serves this store");
      const account = `${sender.namespace}/${sender.serviceAccount}`;
      const stored = auth[field];
      if (holds(sender, stored, bearer)) return pass(stored === "" ? "any" : stored);
      throw new BootstrapError(code, {
        message: `The ${bearer.label} does not let ESO's ServiceAccount ${account} in.`,
        reason: `${field} is "${stored}"`,
        fix: restoreAtInfisical(context, code),
      });
    });
  };

/** Comma-separated, exact or with `*`; empty lets everybody in. Other patterns are left to the login. */
function isListed(list: string, name: string): boolean {
  const entries = list.split(",").map((entry) => entry.trim());
  return list.trim() === "" || entries.some((entry) => entry === name || /[*?[{(!]/.test(entry));
}
