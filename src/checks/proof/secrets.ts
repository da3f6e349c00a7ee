import { isRecord } from "../../data.ts";
import type { DesiredSecret } from "../../desired/desired.ts";
import type { Check, Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { RoadContext } from "../../steps/context.ts";
import { missingKeys } from "../../steps/keys.ts";
import { lastWarning, readyOf } from "../../steps/poke.ts";

/** Every ExternalSecret is synced and its Secret has every key, not empty. */
export function secretChecks({ desired }: RoadContext): Check<RoadContext>[] {
  return desired.secrets.flatMap((secret) =>
    secret.namespaces.map((namespace) => ({
      id: `secret ${namespace}/${secret.name}`,
      code: "ESOB-E101" as const,
      category: "secrets",
      title: titleOf(secret, namespace),
      severity: "error" as const,
      subject: { kind: "ExternalSecret", namespace, name: secret.name },
      run: (context: RoadContext) => proveSecret(context, secret, namespace),
    })),
  );
}

function titleOf({ keys, target }: DesiredSecret, namespace: string): string {
  return `Secret ${namespace}/${target} has ${keys === "all" ? "its keys" : `${keys.length} of ${keys.length} keys`}`;
}

async function proveSecret(context: RoadContext, secret: DesiredSecret, namespace: string): Promise<Finding> {
  const { cluster } = context;
  const place = `${namespace}/${secret.name}`;
  const live = await cluster.get({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    namespace,
    name: secret.name,
  });
  if (!live) return absent(context, secret, place);
  const ready = readyOf(live);
  if (!ready?.ready) {
    const reason = await lastWarning(context, live);
    throw new BootstrapError(ready ? "ESOB-E101" : "ESOB-E102", {
      message: ready
        ? `ExternalSecret ${place} did not sync: ${ready.message}.`
        : `ESO has not looked at ExternalSecret ${place}.`,
      ...(reason !== undefined && { reason }),
    });
  }
  const target = await cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name: secret.target });
  const data = isRecord(target?.["data"]) ? target["data"] : undefined;
  if (!data)
    throw new BootstrapError("ESOB-E103", {
      message: `Secret ${namespace}/${secret.target} is not there, although ESO says "${ready.message}".`,
    });
  return judgeKeys(secret, namespace, data);
}

async function absent(context: RoadContext, secret: DesiredSecret, place: string): Promise<Finding> {
  const { folderIsEmpty } = await missingKeys(context, secret);
  if (folderIsEmpty)
    return {
      status: "skip",
      because: `${secret.store.environment}:${secret.store.path} holds no secrets yet`,
    };
  throw new BootstrapError("ESOB-E102", { message: `ExternalSecret ${place} does not exist.` });
}

function judgeKeys(
  { keys, target }: DesiredSecret,
  namespace: string,
  data: Readonly<Record<string, unknown>>,
): Finding {
  const wanted = keys === "all" ? Object.keys(data).map((as) => ({ as, allowEmpty: true })) : keys;
  const missing = wanted.filter(({ as }) => !(as in data));
  if (missing.length > 0)
    throw new BootstrapError("ESOB-E103", {
      message: `Secret ${namespace}/${target} lacks ${missing.map(({ as }) => as).join(", ")}.`,
    });
  const empty = wanted.filter(({ as, allowEmpty }) => !allowEmpty && data[as] === "");
  if (empty.length > 0)
    throw new BootstrapError("ESOB-E104", {
      message: `Secret ${namespace}/${target} has no value for ${empty.map(({ as }) => as).join(", ")}.`,
    });
  return { status: "pass", evidence: `${wanted.length} of ${wanted.length} keys` };
}
