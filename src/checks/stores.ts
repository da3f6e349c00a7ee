import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import { isHidden, type StoreSubject } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { placeOf } from "./view/store.ts";

/** Every store is Valid. */
export function storeChecks({ stores }: CheckContext): readonly Check<CheckContext>[] {
  return stores.map((store) => ({
    id: `store ${store.key}`,
    code: "ESOB-S101",
    category: "stores",
    title: `${store.kind} ${placeOf(store)} is Valid`,
    severity: "error",
    needs: ["cluster-reach"],
    after: [`login ${store.key}`],
    subject: { kind: store.kind, name: store.name, ...(store.namespace && { namespace: store.namespace }) },
    run: async (context) =>
      !store.live && isHidden(context, store.kind, store.namespace)
        ? { status: "skip", because: `${store.kind}s may not be listed here` }
        : judge(store),
  }));
}

function judge(store: StoreSubject): Finding {
  const { kind, live } = store;
  if (live?.ready?.ready) return { status: "pass" };
  if (!live?.ready)
    throw new BootstrapError("ESOB-S102", {
      message: live
        ? `ESO has not looked at ${kind} ${placeOf(store)}.`
        : `${kind} ${placeOf(store)} does not exist.`,
    });
  throw new BootstrapError("ESOB-S101", {
    message: `${kind} ${placeOf(store)} is not valid: ${live.ready.message}.`,
  });
}
