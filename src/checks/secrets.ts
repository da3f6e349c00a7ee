import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import { isHidden, type SecretSubject } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { readTarget } from "./targets.ts";
import { storesOf } from "./view/external-secret.ts";
import { storeKey } from "./view/store.ts";

/** Every ExternalSecret is synced. */
export function secretChecks({ secrets }: CheckContext): readonly Check<CheckContext>[] {
  return secrets.flatMap((secret) => [syncedCheck(secret), keysCheck(secret)]);
}

/** Its Secret is there, and no key of it is empty. */
function keysCheck(secret: SecretSubject): Check<CheckContext> {
  const { namespace, name, target } = secret;
  return {
    id: `keys ${namespace}/${name}`,
    code: "ESOB-E103",
    category: "secrets",
    title: `Secret ${namespace}/${target} has its keys`,
    severity: "error",
    needs: [`synced ${namespace}/${name}`],
    subject: { kind: "ExternalSecret", namespace, name },
    run: async (context) => {
      const seen = await readTarget(context, namespace, target);
      if (!seen.read) return { status: "skip", because: seen.because };
      if (!seen.target)
        throw new BootstrapError("ESOB-E103", { message: `Secret ${namespace}/${target} is not there.` });
      const [empty] = seen.target.empty;
      if (empty !== undefined)
        throw new BootstrapError("ESOB-E105", {
          message: `Key ${empty} of Secret ${namespace}/${target} is empty.`,
        });
      return { status: "pass", evidence: `${seen.target.keys.length} keys` };
    },
  };
}

function syncedCheck(secret: SecretSubject): Check<CheckContext> {
  return {
    id: `synced ${secret.namespace}/${secret.name}`,
    code: "ESOB-E101",
    category: "secrets",
    title: `ExternalSecret ${secret.namespace}/${secret.name} is synced`,
    severity: "error",
    after: (secret.live ? storesOf(secret.live) : []).map(
      ({ kind, name }) => `store ${storeKey(kind, secret.namespace, name)}`,
    ),
    subject: { kind: "ExternalSecret", namespace: secret.namespace, name: secret.name },
    run: async (context) =>
      !secret.live && isHidden(context, "ExternalSecret", secret.namespace)
        ? { status: "skip", because: "ExternalSecrets may not be listed here" }
        : judge(secret),
  };
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
