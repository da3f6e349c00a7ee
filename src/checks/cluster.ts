import type { Check } from "../engine/check.ts";
import type { CheckContext } from "./context.ts";

/** The cluster answers, and in which version. */
export function clusterChecks(_context: CheckContext): readonly Check<CheckContext>[] {
  return [
    {
      id: "cluster-reach",
      code: "ESOB-K101",
      category: "cluster",
      title: "the API server answers",
      severity: "error",
      run: async ({ cluster }) => ({
        status: "pass",
        evidence: `${await cluster.version()} at ${cluster.info.server}`,
      }),
    },
  ];
}
