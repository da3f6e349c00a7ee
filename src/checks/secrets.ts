import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { SecretSubject } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { storesOf } from "./view/external-secret.ts";
import { storeKey } from "./view/store.ts";

/** Every ExternalSecret is synced. */
export function secretChecks({ secrets }: CheckContext): readonly Check<CheckContext>[] {
  return secrets.map((secret) => ({
    id: `synced ${secret.namespace}/${secret.name}`,
    code: "ESOB-E101",
    category: "secrets",
    title: `ExternalSecret ${secret.namespace}/${secret.name} is synced`,
    severity: "error",
    after: (secret.live ? storesOf(secret.live) : []).map(
      ({ kind, name }) => `store ${storeKey(kind, secret.namespace, name)}`,
    ),
    subject: { kind: "ExternalSecret", namespace: secret.namespace, name: secret.name },
    run: async () => judge(secret),
  }));
}

function judge({ namespace, name, live }: SecretSubject): Finding {
  if (live?.ready?.ready) return { status: "pass" };
  const place = `${namespace}/${name}`;
  if (!live?.ready)
    throw new BootstrapError("ESOB-E102", {
      message: live
        ? `ESO has not looked at ExternalSecret ${place}.`
        : `ExternalSecret ${place} does not exist.`,
    });
  throw new BootstrapError("ESOB-E101", {
    message: `ExternalSecret ${place} did not sync: ${live.ready.message}.`,
  });
}
