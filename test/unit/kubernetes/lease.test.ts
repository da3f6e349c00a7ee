import { describe, expect, test } from "vitest";
import { holdLease, LEASE_SECONDS } from "../../../src/kubernetes/lease.ts";
import type { Clock } from "../../../src/system/system.ts";
import { FakeCluster } from "../../fakes/cluster.ts";

const LEASE = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  namespace: "kube-system",
  name: "eso-bootstrap",
};

/** A clock whose sleeps are over at once, and that moves only when told to or when somebody sleeps. */
function quickClock(start = 1_700_000_000_000): Clock & { move(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    move: (ms) => void (now += ms),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (ms >= 5000) return signal?.addEventListener("abort", () => reject(new Error("woken")));
        now += ms;
        setImmediate(resolve);
      }),
  };
}

const hold = (cluster: FakeCluster, clock: Clock, holder: string, timeoutMs = 3000) =>
  holdLease(cluster, clock, { holder, timeoutMs, signal: new AbortController().signal });

describe("holdLease", () => {
  test("is there while held and gone afterwards", async () => {
    const cluster = new FakeCluster();
    const lease = await hold(cluster, quickClock(), "a");
    expect((await cluster.get(LEASE))?.["spec"]).toMatchObject({
      holderIdentity: "a",
      leaseDurationSeconds: LEASE_SECONDS,
    });
    await lease.release();
    expect(await cluster.get(LEASE)).toBeUndefined();
  });

  test("a second run waits, and says who holds it when time runs out", async () => {
    const cluster = new FakeCluster();
    const clock = quickClock();
    const first = await hold(cluster, clock, "a");
    await expect(hold(cluster, clock, "b")).rejects.toMatchObject({
      code: "ESOB-C204",
      reason: expect.stringContaining("held by a"),
    });
    await first.release();
    const second = await hold(cluster, clock, "b");
    expect((await cluster.get(LEASE))?.["spec"]).toMatchObject({ holderIdentity: "b" });
    await second.release();
  });

  test("a run that died frees it after 15 seconds", async () => {
    const cluster = new FakeCluster();
    const clock = quickClock();
    await hold(cluster, clock, "dead");
    clock.move((LEASE_SECONDS + 1) * 1000);
    const next = await hold(cluster, clock, "alive");
    expect((await cluster.get(LEASE))?.["spec"]).toMatchObject({ holderIdentity: "alive" });
    await next.release();
  });

  test("releases only its own", async () => {
    const cluster = new FakeCluster();
    const clock = quickClock();
    const slow = await hold(cluster, clock, "slow");
    clock.move((LEASE_SECONDS + 1) * 1000);
    await hold(cluster, clock, "quick");
    await slow.release();
    expect((await cluster.get(LEASE))?.["spec"]).toMatchObject({ holderIdentity: "quick" });
  });
});
