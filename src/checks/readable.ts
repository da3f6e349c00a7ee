import type { Check } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { Subjects } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { pass, skip } from "./finding.ts";

/**
 * There is something to judge. Throws ESOB-K104 where nothing could be listed, and ESOB-E301 for a name that nothing has: a
 * report about nothing would be green.
 */
export function assertSomethingSeen({ stores, secrets, hidden, unmatched }: Subjects): void {
  const live = [...stores, ...secrets].filter((subject) => subject.live !== undefined);
  if (hidden.length > 0 && live.length === 0)
    throw new BootstrapError("ESOB-K104", {
      message: "You may not list the stores and ExternalSecrets in question: nothing can be judged.",
      reason: `not allowed: list ${placesOf(hidden)}`,
      fix: {
        summary: "Have the rights granted that doctor needs; this prints them.",
        command: "eso-bootstrap render --doctor-rbac",
      },
    });
  const [absent] = hidden.length > 0 ? [] : unmatched;
  if (!absent) return;
  throw new BootstrapError("ESOB-E301", {
    message: `There is no store and no ExternalSecret ${absent.name} here.`,
    ...(absent.close !== undefined && { reason: `did you mean ${absent.close}?` }),
    fix: { summary: "Name one that is there, or look everywhere with -A." },
  });
}

const placesOf = (hidden: Subjects["hidden"]) =>
  hidden.map(({ kind, namespace }) => `${kind}s of ${namespace ?? "the cluster"}`).join(", ");

/** What may not be listed is said once; nothing about it is called healthy or missing. */
export const readableCheck: Check<CheckContext> = {
  id: "readable",
  code: "ESOB-K104",
  category: "cluster",
  title: "stores and ExternalSecrets can be listed",
  severity: "error",
  run: async ({ hidden, stores, secrets, scope }) => {
    if (hidden.length > 0)
      return skip(
        `not allowed to list ${placesOf(hidden)}; \`eso-bootstrap render --doctor-rbac\` prints the rights`,
      );
    if (stores.length + secrets.length > 0)
      return pass(`stores: ${stores.length}, ExternalSecrets: ${secrets.length}`);
    const isNarrow = scope.namespaces !== "all" || scope.names.length > 0;
    const where = scope.namespaces === "all" ? "this cluster" : `namespace ${scope.namespaces.join(", ")}`;
    const error = new BootstrapError("ESOB-S103", {
      message: `No store and no ExternalSecret of ${where} uses Infisical${scope.desired ? ", as far as eso-bootstrap.yaml names them" : ""}.`,
      reason: "there is nothing to judge",
    });
    return { status: isNarrow ? "fail" : "warn", error };
  },
};
