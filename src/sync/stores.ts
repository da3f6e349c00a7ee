import { storesOf, type SecretView } from "../checks/view/external-secret.ts";
import { placeOf, storeKey } from "../checks/view/store.ts";
import { BootstrapError } from "../errors.ts";
import type { ObjectRef } from "../kubernetes/cluster.ts";
import { pokeLive, readyOf } from "../steps/poke.ts";
import { warningOf } from "./cause.ts";
import { inParallel } from "./parallel.ts";
import type { SyncContext } from "./sync.ts";

const CONCURRENCY = 16;

/**
 * Has ESO look again at every store that is not ready: ExternalSecrets behind one are refused by ESO without asking Infisical, and
 * ESO does not tell them when it has recovered (eso.md 1.7). Answers with the stores that did not become ready, and why.
 */
export async function wakeStores(
  context: SyncContext,
  secrets: readonly SecretView[],
  ms: number,
): Promise<ReadonlyMap<string, BootstrapError>> {
  const stores = new Map(
    secrets.flatMap((secret) =>
      storesOf(secret).map(({ kind, name }) => [
        storeKey(kind, secret.namespace, name),
        refTo(kind, secret, name),
      ]),
    ),
  );
  const woken = await inParallel([...stores], CONCURRENCY, async ([key, ref]) => {
    const error = await wake(context, ref, ms);
    return error ? [[key, error] as const] : [];
  });
  return new Map(woken.flat());
}

function refTo(kind: string, { namespace }: SecretView, name: string): ObjectRef {
  const isCluster = kind === "ClusterSecretStore";
  return { apiVersion: "external-secrets.io/v1", kind, name, ...(!isCluster && { namespace }) };
}

async function wake(context: SyncContext, ref: ObjectRef, ms: number): Promise<BootstrapError | undefined> {
  const { cluster, clock, emit, signal } = context;
  const live = await cluster.get(ref);
  // A store that is not there is told by ESO itself, at each ExternalSecret.
  if (!live || readyOf(live)?.ready === true) return undefined;
  const what = `${ref.kind} ${placeOf(ref)}`;
  emit({ type: "waiting", what, state: "not ready: have ESO look at it again" });
  await pokeLive(cluster, clock, live);
  const { object } = await cluster.waitUntil(ref, (now) => readyOf(now)?.ready === true, {
    timeoutMs: ms,
    signal,
  });
  const ready = readyOf(object);
  if (ready?.ready === true) return undefined;
  const reason = await warningOf(cluster, live);
  return new BootstrapError("ESOB-E305", {
    message: `${what} is not ready: ${ready?.message ?? "ESO has not looked at it"}.`,
    ...(reason !== undefined && { reason }),
    fix: { summary: "Mend the store first.", command: "eso-bootstrap doctor" },
  });
}
