import type { Check } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { RoadContext } from "../../steps/context.ts";
import { lastWarning, readyOf } from "../../steps/poke.ts";

/** Every store is Valid. */
export function storeChecks({ desired }: RoadContext): Check<RoadContext>[] {
  return desired.stores.flatMap((store) =>
    (store.kind === "ClusterSecretStore" ? [undefined] : store.namespaces).map((namespace) => {
      const subject = { kind: store.kind, name: store.name, ...(namespace !== undefined && { namespace }) };
      const place = namespace === undefined ? store.name : `${namespace}/${store.name}`;
      return {
        id: `store ${store.kind} ${place}`,
        code: "ESOB-S101" as const,
        category: "stores",
        title: `${store.kind} ${place} is Valid`,
        severity: "error" as const,
        subject,
        run: async (context: RoadContext) => {
          const live = await context.cluster.get({ apiVersion: "external-secrets.io/v1", ...subject });
          const ready = readyOf(live);
          if (ready?.ready) return { status: "pass" as const };
          if (!live || !ready)
            throw new BootstrapError("ESOB-S102", {
              message: live
                ? `ESO has not looked at ${store.kind} ${place}.`
                : `${store.kind} ${place} does not exist.`,
            });
          const reason = await lastWarning(context, live);
          throw new BootstrapError("ESOB-S101", {
            message: `${store.kind} ${place} is not valid: ${ready.message}.`,
            ...(reason !== undefined && { reason }),
          });
        },
      };
    }),
  );
}
