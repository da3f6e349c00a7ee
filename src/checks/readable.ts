import type { Check } from "../engine/check.ts";
import type { CheckContext } from "./context.ts";

/** What may not be listed is said once; nothing about it is called healthy or missing. */
export const readableCheck: Check<CheckContext> = {
  id: "readable",
  code: "ESOB-K104",
  category: "cluster",
  title: "stores and ExternalSecrets can be listed",
  severity: "error",
  run: async ({ hidden, stores, secrets }) => {
    if (hidden.length === 0)
      return { status: "pass", evidence: `${stores.length} stores, ${secrets.length} ExternalSecrets` };
    const places = hidden.map(({ kind, namespace }) => `${kind}s of ${namespace ?? "the cluster"}`);
    return {
      status: "skip",
      because: `not allowed to list ${places.join(", ")}; \`eso-bootstrap render --doctor-rbac\` prints the rights`,
    };
  },
};
