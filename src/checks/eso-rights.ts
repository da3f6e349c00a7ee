import type { Check } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { AccessQuery } from "../kubernetes/cluster.ts";
import type { CheckContext } from "./context.ts";
import { asInstalled } from "./eso/release.ts";
import type { EsoController } from "./eso-found.ts";
import { theController } from "./eso-install.ts";

const ESO = "external-secrets.io";
const READ = ["get", "list", "watch"];

/** What the chart's ClusterRole gives the controller (deploy/charts/external-secrets/templates/rbac.yaml), as far as Infisical needs it. */
const RIGHTS: readonly (readonly [group: string, resource: string, verbs: readonly string[]])[] = [
  [ESO, "externalsecrets", [...READ, "update", "patch"]],
  [ESO, "externalsecrets/status", ["update", "patch"]],
  [ESO, "secretstores", READ],
  [ESO, "secretstores/status", ["update", "patch"]],
  ["", "secrets", [...READ, "create", "update", "delete", "patch"]],
  ["", "configmaps", READ],
  ["", "events", ["create", "patch"]],
];
const CLUSTER_RIGHTS: typeof RIGHTS = [
  [ESO, "clustersecretstores", READ],
  [ESO, "clustersecretstores/status", ["update", "patch"]],
  ["", "namespaces", READ],
];

/** ESO's ServiceAccount may do what ESO does; asked of the API server, so every kind of role counts. */
export function esoRightsCheck(): Check<CheckContext> {
  return {
    id: "eso-rights",
    code: "ESOB-H232",
    category: "eso",
    title: "ESO may read stores and write Secrets",
    severity: "error",
    needs: ["eso-installed"],
    run: async (context) => {
      const controller = await theController(context);
      const { namespace, serviceAccount } = controller;
      const queries = rightsOf(controller);
      const missing = await context.cluster.missingRightsOf({ namespace, name: serviceAccount }, queries);
      if (missing.length === 0)
        return { status: "pass", evidence: `${queries.length} rights of ${serviceAccount}` };
      const [first] = missing;
      const names = missing.map(({ verb, resource }) => `${verb} ${resource}`);
      throw new BootstrapError("ESOB-H232", {
        message: `ESO's ServiceAccount ${namespace}/${serviceAccount} lacks ${missing.length} of its rights.`,
        reason: `it may not ${names.slice(0, 4).join(", ")}${names.length > 4 ? " …" : ""}`,
        fix: {
          summary: "Restore the chart's RBAC (rbac.create, scopedRBAC with the right scopedNamespace).",
          command:
            (await asInstalled(controller, context.helm)) ??
            `kubectl auth can-i ${first?.verb} ${first?.resource} --as=system:serviceaccount:${namespace}:${serviceAccount}${first?.namespace ? ` -n ${first.namespace}` : " -A"}`,
        },
      });
    },
  };
}

function rightsOf({ onlyNamespace, processesClusterStores }: EsoController): AccessQuery[] {
  const rows =
    onlyNamespace === undefined && processesClusterStores ? [...RIGHTS, ...CLUSTER_RIGHTS] : RIGHTS;
  return rows.flatMap(([group, path, verbs]) => {
    const [resource = "", subresource] = path.split("/");
    return verbs.map((verb) => ({
      verb,
      group,
      resource,
      ...(subresource !== undefined && { subresource }),
      ...(onlyNamespace !== undefined && { namespace: onlyNamespace }),
    }));
  });
}
