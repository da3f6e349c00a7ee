import type { CheckContext } from "../checks/context.ts";
import type { examine } from "../checks/examine.ts";
import type { Emit } from "../engine/events.ts";
import { pokeObject } from "../steps/poke.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { Clock } from "../system/system.ts";

type Seen = Awaited<ReturnType<typeof examine>>;

interface Ground {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

const PAUSE_MS = 2_000;
/** ESO's back-off grows to 7 minutes (eso.md 1.7); whoever waits here does not want to wait for that. */
const POKE_EVERY_MS = 10_000;

/** Looks again until nothing fails or the time is up; has ESO look anew at what sits in its back-off. */
export async function waitForHealth(
  first: Seen,
  look: () => Promise<Seen>,
  { cluster, clock, emit, signal }: Ground,
  { waitMs = 0 }: { readonly waitMs?: number | undefined },
): Promise<{ readonly inTime: boolean; readonly seen: Seen }> {
  const deadline = clock.now() + waitMs;
  let seen = first;
  let poked = Number.NEGATIVE_INFINITY;
  for (;;) {
    const failed = seen.results.filter(({ status }) => status === "fail");
    if (failed.length === 0) return { inTime: true, seen };
    if (clock.now() >= deadline) return { inTime: false, seen };
    emit({ type: "waiting", what: "health", state: `${failed.length} failed, first ${failed[0]?.code}` });
    if (clock.now() - poked >= POKE_EVERY_MS) {
      await pokeWaiting(cluster, clock, seen.context);
      poked = clock.now();
    }
    await clock.sleep(Math.min(PAUSE_MS, Math.max(0, deadline - clock.now())), signal);
    seen = await look();
  }
}

/** Stores first: ESO refuses ExternalSecrets of a store that is not ready. */
async function pokeWaiting(
  cluster: Cluster,
  clock: Clock,
  { stores, secrets, options }: CheckContext,
): Promise<void> {
  const apiVersion = "external-secrets.io/v1";
  const waiting = [
    ...stores
      .filter(({ live }) => live?.ready?.ready === false)
      .map(({ kind, name, namespace }) => ({ apiVersion, kind, name, ...(namespace && { namespace }) })),
    ...secrets
      .filter(
        ({ live }) => live && (live.ready?.ready === false || isOld(live.refreshTime, options.freshSince)),
      )
      .map(({ name, namespace }) => ({ apiVersion, kind: "ExternalSecret", name, namespace })),
  ];
  for (const ref of waiting) await pokeObject(cluster, clock, ref);
}

function isOld(refreshTime: string | undefined, freshSince: number | undefined): boolean {
  return freshSince !== undefined && !(Date.parse(refreshTime ?? "") >= freshSince);
}
