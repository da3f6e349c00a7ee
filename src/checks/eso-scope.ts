import type { Check, Finding } from "../engine/check.ts";
import { unlessHidden } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import type { EsoController } from "./eso-found.ts";
import { theController } from "./eso-install.ts";
import { alone, elected, hasLeader, hasToken, seesClusterStores, seesNamespaces } from "./eso/scope.ts";

interface ScopeCheck {
  readonly id: string;
  readonly code: Check<CheckContext>["code"];
  readonly title: string;
  readonly severity?: "warning";
  /** Kinds of which all must have been listed. */
  readonly of?: readonly string[];
  judge(controller: EsoController, context: CheckContext): Promise<Finding> | Finding;
}

const CHECKS: readonly ScopeCheck[] = [
  { id: "alone", code: "ESOB-H227", title: "one controller looks after each object", judge: alone },
  {
    id: "leader",
    code: "ESOB-H228",
    title: "one replica of ESO works at a time",
    severity: "warning",
    judge: elected,
  },
  { id: "lease", code: "ESOB-H234", title: "ESO's replicas have a leader", judge: hasLeader },
  {
    id: "namespace",
    code: "ESOB-H229",
    title: "ESO looks at every namespace in question",
    of: ["SecretStore", "ExternalSecret"],
    judge: seesNamespaces,
  },
  {
    id: "cluster-stores",
    code: "ESOB-H230",
    title: "ESO looks at ClusterSecretStores",
    of: ["ClusterSecretStore"],
    judge: seesClusterStores,
  },
  { id: "token", code: "ESOB-H233", title: "ESO's pods have a ServiceAccount token", judge: hasToken },
];

/** What ESO's arguments make it look at, and what it logs in with. */
export function scopeChecks(_context: CheckContext): Check<CheckContext>[] {
  return CHECKS.map(({ id, code, title, severity, of = [], judge }): Check<CheckContext> => ({
    id: `eso-${id}`,
    code,
    category: "eso",
    title,
    severity: severity ?? "error",
    needs: ["eso-installed"],
    run: async (context) => {
      const controller = await theController(context);
      return unlessHidden(context, of, () => judge(controller, context));
    },
  }));
}
