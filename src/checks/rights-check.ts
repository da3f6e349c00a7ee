import type { Check } from "../engine/check.ts";
import { grouped } from "../grouped.ts";
import type { AccessQuery } from "../kubernetes/cluster.ts";
import type { CheckContext } from "./context.ts";
import { usualNamespace } from "./eso-found.ts";
import { pass, skip } from "./finding.ts";
import { DOCTOR_RIGHTS } from "./rights.ts";

/** All rights that a full look needs, asked at once, so that nobody has to gather them from the checks that are skipped. */
export const rightsCheck: Check<CheckContext> = {
  id: "cluster-rights",
  code: "ESOB-K104",
  category: "cluster",
  title: "doctor may read what it judges",
  severity: "warning",
  needs: ["cluster-reach"],
  run: async (context) => {
    const queries = queriesOf(context);
    const missing = await context.cluster.missingRights(queries);
    if (missing.length === 0) return pass(`${queries.length} rights`);
    return skip(`may not ${textOf(missing)}; \`eso-bootstrap render --doctor-rbac\` prints the rights`);
  },
};

/** `get or list pods, services; get pods/log`: what shares its verbs is named together. */
function textOf(missing: readonly AccessQuery[]): string {
  const verbs = grouped(missing, ({ resource, subresource }) =>
    subresource === undefined ? resource : `${resource}/${subresource}`,
  ).map(([path, queries]) => ({
    path,
    verbs: [...new Set(queries.map(({ verb }) => verb))].join(" or "),
  }));
  return grouped(verbs, (one) => one.verbs)
    .map(([text, resources]) => `${text} ${resources.map(({ path }) => path).join(", ")}`)
    .join("; ");
}

/** The login's right is opt-in, and the right to Secrets is not needed with --no-secrets: neither is called missing. */
function queriesOf(context: CheckContext): AccessQuery[] {
  const { scope, options } = context;
  const [only] = scope.namespaces === "all" ? [] : scope.namespaces;
  return DOCTOR_RIGHTS.filter(
    ({ part }) => part === undefined || (part === "secrets" && !options.noSecrets),
  ).flatMap(({ group, resources, verbs, where }) =>
    resources.flatMap((path) =>
      verbs.map((verb) => {
        const [resource = "", subresource] = path.split("/");
        const isScoped = only !== undefined && SCOPED.has(resource);
        const namespace = where === "eso" ? usualNamespace(context) : isScoped ? only : undefined;
        return {
          verb,
          group,
          resource,
          ...(subresource !== undefined && { subresource }),
          ...(namespace !== undefined && { namespace }),
        };
      }),
    ),
  );
}

/** Asked for in the namespaces of the scope only. */
const SCOPED = new Set(["secretstores", "externalsecrets", "secrets", "events"]);
