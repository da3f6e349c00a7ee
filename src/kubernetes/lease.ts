import { BootstrapError } from "../errors.ts";
import type { Clock } from "../system/system.ts";
import { MANAGED_BY_LABEL, MANAGER, type AccessQuery, type Cluster, type KubeObject } from "./cluster.ts";

const LEASE = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  namespace: "kube-system",
  name: MANAGER,
};
/** A run that died frees the Lease after this long. */
export const LEASE_SECONDS = 15;
const RENEW_MS = 5000;
const POLL_MS = 500;

/** What a run with changes needs besides its changes. */
export const LEASE_RIGHTS: readonly AccessQuery[] = [
  { verb: "create", group: "coordination.k8s.io", resource: "leases", namespace: LEASE.namespace },
  ...["update", "delete"].map((verb) => ({
    verb,
    group: "coordination.k8s.io",
    resource: "leases",
    namespace: LEASE.namespace,
    name: LEASE.name,
  })),
];

/** Held while a run changes things; `lost` aborts when somebody else took it (we were asleep for too long). */
export interface HeldLease {
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Waits for the Lease and holds it, renewing: two runs at once do not make two of anything (promise 3).
 * Throws ESOB-C204 when another run still holds it after `timeoutMs`.
 */
export async function holdLease(
  cluster: Cluster,
  clock: Clock,
  options: { holder: string; timeoutMs: number; signal: AbortSignal; onWait?: (holder: string) => void },
): Promise<HeldLease> {
  const until = clock.now() + options.timeoutMs;
  for (;;) {
    const taken = await take(cluster, clock, options.holder);
    if (taken === true) break;
    options.signal.throwIfAborted();
    if (clock.now() > until)
      throw new BootstrapError("ESOB-C204", {
        message: "Another run of eso-bootstrap is at work on this cluster.",
        reason: `Lease ${LEASE.namespace}/${LEASE.name} is held by ${taken}`,
      });
    options.onWait?.(taken);
    await clock.sleep(POLL_MS, options.signal);
  }
  return keep(cluster, clock, options.holder);
}

/** True, or who holds it. */
async function take(cluster: Cluster, clock: Clock, holder: string): Promise<true | string> {
  const live = await cluster.get(LEASE);
  if (!live) return (await cluster.create(leaseFor(clock, holder))) === "created" || "a run that was quicker";
  const spec = parse(live);
  const expired = clock.now() > spec.renewedAt + spec.seconds * 1000;
  if (spec.holder !== holder && spec.holder !== "" && !expired) return spec.holder;
  const mine = {
    ...leaseFor(clock, holder),
    metadata: { ...live.metadata, labels: { [MANAGED_BY_LABEL]: MANAGER } },
  };
  return (await cluster.replace(mine)) === "replaced" || "a run that was quicker";
}

function leaseFor(clock: Clock, holder: string): KubeObject {
  const { namespace, name, apiVersion, kind } = LEASE;
  // MicroTime wants six digits.
  const renewTime = new Date(clock.now()).toISOString().replace("Z", "000Z");
  return {
    apiVersion,
    kind,
    metadata: { namespace, name, labels: { [MANAGED_BY_LABEL]: MANAGER } },
    spec: { holderIdentity: holder, leaseDurationSeconds: LEASE_SECONDS, renewTime },
  };
}

function parse(lease: KubeObject): { holder: string; renewedAt: number; seconds: number } {
  const spec = (lease["spec"] ?? {}) as {
    holderIdentity?: string;
    renewTime?: string;
    leaseDurationSeconds?: number;
  };
  return {
    holder: spec.holderIdentity ?? "",
    renewedAt: Date.parse(spec.renewTime ?? "") || 0,
    seconds: spec.leaseDurationSeconds ?? LEASE_SECONDS,
  };
}

function keep(cluster: Cluster, clock: Clock, holder: string): HeldLease {
  const lost = new AbortController();
  const stopped = new AbortController();
  let lastRenewal = clock.now();
  const renew = async () => {
    while (!stopped.signal.aborted) {
      await clock.sleep(RENEW_MS, stopped.signal).catch(() => undefined);
      if (stopped.signal.aborted) return;
      const taken = await take(cluster, clock, holder).catch(() => "unknown");
      if (taken === true) lastRenewal = clock.now();
      else if (taken !== "unknown" || clock.now() > lastRenewal + LEASE_SECONDS * 1000)
        return lost.abort(
          new BootstrapError("ESOB-C204", { message: "Another run took over while this one was held up." }),
        );
    }
  };
  const renewing = renew();
  return {
    lost: lost.signal,
    release: async () => {
      stopped.abort();
      await renewing;
      const live = await cluster.get(LEASE);
      if (live?.metadata.uid && parse(live).holder === holder)
        await cluster.delete(LEASE, { uid: live.metadata.uid });
    },
  };
}
