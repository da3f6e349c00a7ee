import { describe, expect, test } from "vitest";

import { parseExternalSecret } from "../../../src/checks/view/external-secret.ts";
import type { Event } from "../../../src/engine/events.ts";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import { syncSecrets, type SyncOptions } from "../../../src/sync/sync.ts";
import { createFakeClock } from "../../fakes/clock.ts";
import type { FakeCluster } from "../../fakes/cluster.ts";
import { ES, esRef, externalSecret, playEso, ready, shop, sync, syncedStatus } from "./eso.ts";

const BEFORE = "2026-11-23T11:00:00Z";

async function run(cluster: FakeCluster, names: readonly string[], options: Partial<SyncOptions> = {}) {
  const events: Event[] = [];
  const clock = createFakeClock();
  const secrets = await Promise.all(
    names.map(async (name) => parseExternalSecret((await cluster.get(esRef(name))) as KubeObject)),
  );
  const context = {
    cluster,
    clock,
    emit: (event: Event) => void events.push(event),
    signal: new AbortController().signal,
  };
  const synced = await syncSecrets(context, secrets, {
    timeoutMs: 150,
    patience: { graceMs: 20, staleMs: 60 },
    ...options,
  });
  return { events, clock, results: synced.map(({ result }) => result) };
}

/** One that was synced before, with this content. */
function seeded(
  cluster: FakeCluster,
  name: string,
  values: Record<string, string>,
  spec: object = {},
  keys?: string[],
): void {
  cluster.seed(externalSecret(name, spec, keys));
  sync(cluster, cluster.peek(esRef(name)) as KubeObject, values, BEFORE);
}

describe("a forced sync", () => {
  test("is told as unchanged or changed, by the hash of the Secret", async () => {
    const cluster = shop();
    seeded(cluster, "same", { A: "1" });
    seeded(cluster, "other", { A: "0" });
    playEso(cluster, { A: "1" });
    const { results } = await run(cluster, ["same", "other"]);
    expect(results).toMatchObject([
      { name: "same", result: "unchanged", keys: 1 },
      { name: "other", result: "changed", keys: 1 },
    ]);
    expect(cluster.writes).toBe(2);
    for (const { refreshTime } of results) expect((refreshTime ?? "") > BEFORE).toBe(true);
  });

  test("never takes a stale Ready=True for done: 124 with the last state", async () => {
    const cluster = shop();
    seeded(cluster, "idle", { A: "1" });
    const { results } = await run(cluster, ["idle"]);
    expect(results).toMatchObject([{ result: "failed", error: { code: "ESOB-E304", exitCode: 124 } }]);
    expect(results[0]?.error?.reason).toContain(`last synced ${BEFORE}`);
  });

  test("says what is wrong with the server where ESO has nothing to say", async () => {
    const cluster = shop();
    seeded(cluster, "idle", { A: "1" });
    const asked: number[] = [];
    const askServer: SyncOptions["askServer"] = async (secret, ms) => {
      asked.push(ms);
      return `${secret.namespace}'s Infisical does not answer`;
    };
    const { results } = await run(cluster, ["idle"], { askServer });
    expect(asked).toEqual([1000]);
    expect(results[0]?.error).toMatchObject({
      code: "ESOB-E304",
      fix: { command: "eso-bootstrap doctor shop/idle" },
    });
    expect(results[0]?.error?.reason).toMatch(
      /^shop's Infisical does not answer; last state: .*; last synced 2026/,
    );
  });

  test("does not take a status that was written without seeing the poke", async () => {
    const cluster = shop();
    seeded(cluster, "busy", { A: "1" });
    const old = syncedStatus(cluster.peek(esRef("busy")) as KubeObject, "2026-11-23T12:30:00Z");
    cluster.onApply((object) => {
      if (object.kind === "ExternalSecret") cluster.setStatus(esRef("busy"), old);
    });
    expect((await run(cluster, ["busy"])).results).toMatchObject([{ error: { code: "ESOB-E304" } }]);
  });

  test("waits for the generation that is there now", async () => {
    const cluster = shop();
    seeded(cluster, "edited", { A: "1" });
    cluster.onApply((object) => {
      if (object.kind === "ExternalSecret")
        cluster.setStatus(esRef("edited"), {
          ...syncedStatus(object, "2026-11-23T12:30:00Z"),
          syncedResourceVersion: "0-ff",
        });
    });
    expect((await run(cluster, ["edited"])).results).toMatchObject([{ error: { code: "ESOB-E304" } }]);
  });

  test("that fails is told with ESO's own event", async () => {
    const cluster = shop();
    seeded(cluster, "broken", { A: "1" });
    cluster.seed(warning("broken", "error processing spec.data[0] (key: A), err: Secret does not exist"));
    cluster.onApply((object) => {
      if (object.kind === "ExternalSecret")
        cluster.setStatus(
          esRef("broken"),
          ready(false, "could not get secret data from provider", "2026-11-23T12:00:01Z"),
        );
    });
    const [result] = (await run(cluster, ["broken"])).results;
    expect(result).toMatchObject({ result: "failed", error: { code: "ESOB-E302", exitCode: 1 } });
    expect(result?.error?.reason).toContain("Secret does not exist");
  });

  test("of one that has failed for long ends too, although the condition stays as it was", async () => {
    const cluster = shop();
    cluster.seed(externalSecret("old"));
    cluster.setStatus(esRef("old"), ready(false, "could not get secret data from provider"));
    expect((await run(cluster, ["old"])).results).toMatchObject([{ error: { code: "ESOB-E302" } }]);
  });

  test("waits as long as Infisical's rate limit says, and forces it again", async () => {
    const cluster = shop();
    seeded(cluster, "limited", { A: "1" });
    cluster.seed(
      warning(
        "limited",
        'APIError [status-code=429] [message="Rate limit exceeded. Please try again in 7 seconds"]',
      ),
    );
    let pokes = 0;
    cluster.onApply((object) => {
      if (object.kind !== "ExternalSecret") return;
      pokes += 1;
      if (pokes === 1)
        cluster.setStatus(
          esRef("limited"),
          ready(false, "could not get secret data from provider", "2026-11-23T12:00:01Z"),
        );
      else sync(cluster, object, { A: "2" }, "2026-11-23T12:00:09Z");
    });
    const { results, clock } = await run(cluster, ["limited"], { timeoutMs: 60_000 });
    expect(results).toMatchObject([{ result: "changed" }]);
    expect([pokes, clock.slept]).toEqual([2, [7000]]);
  });

  test("proves that the Secret has every key", async () => {
    const cluster = shop();
    seeded(cluster, "short", { A: "1" }, {}, ["A", "B"]);
    playEso(cluster, { A: "1" });
    expect((await run(cluster, ["short"])).results).toMatchObject([
      { error: { code: "ESOB-E103", message: expect.stringContaining("lacks B") } },
    ]);
  });

  test("a template makes its own keys; without a Secret of its own there is none to look at", async () => {
    const cluster = shop();
    seeded(cluster, "made", { url: "x" }, { target: { template: { data: { url: "{{ .A }}" } } } });
    seeded(cluster, "none", {}, { target: { creationPolicy: "None" } });
    playEso(cluster, { url: "x" });
    expect((await run(cluster, ["made", "none"])).results).toMatchObject([
      { result: "unchanged", keys: 1 },
      { result: "unchanged", keys: 0 },
    ]);
  });

  test.each([{ refreshPolicy: "CreatedOnce" }, { refreshInterval: "0s" }])(
    "cannot be forced with %o",
    async (spec) => {
      const cluster = shop();
      seeded(cluster, "once", { A: "1" }, spec);
      expect((await run(cluster, ["once"])).results).toMatchObject([{ error: { code: "ESOB-E303" } }]);
      expect(cluster.writes).toBe(0);
    },
  );

  test("of many is bounded, one failure does not stop the others, and each is poked once", async () => {
    const cluster = shop();
    const names = Array.from({ length: 60 }, (_, index) => `n${index}`);
    for (const name of names) seeded(cluster, name, { A: "1" });
    playEso(cluster, { A: "1" });
    cluster.remove(esRef("n7"));
    cluster.seed(externalSecret("n7", { refreshPolicy: "CreatedOnce" }));
    sync(cluster, cluster.peek(esRef("n7")) as KubeObject, { A: "1" }, BEFORE);
    const { results } = await run(cluster, names, { timeoutMs: 5000 });
    expect(results.filter(({ result }) => result === "unchanged")).toHaveLength(59);
    expect(cluster.writes).toBe(59);
  });

  test("ends when the run is called off", async () => {
    const cluster = shop();
    seeded(cluster, "idle", { A: "1" });
    const secret = parseExternalSecret(cluster.peek(esRef("idle")) as KubeObject);
    const calling = new AbortController();
    const context = { cluster, clock: createFakeClock(), emit: () => undefined, signal: calling.signal };
    cluster.onApply(() => calling.abort(new Error("called off")));
    await expect(syncSecrets(context, [secret], { timeoutMs: 10_000 })).rejects.toThrow("called off");
  });
});

describe("stores come first", () => {
  const storeRef = { apiVersion: ES, kind: "SecretStore", namespace: "shop", name: "infisical" };

  test("one that is not ready is poked, and its ExternalSecrets after it", async () => {
    const cluster = shop();
    seeded(cluster, "db", { A: "1" });
    cluster.setStatus(storeRef, ready(false, "unable to create client"));
    playEso(cluster, { A: "1" });
    cluster.onApply((object) => {
      if (object.kind === "SecretStore") cluster.setStatus(storeRef, ready(true, "store validated"));
    });
    expect((await run(cluster, ["db"])).results).toMatchObject([{ result: "unchanged" }]);
    const patches = cluster.calls.filter((call) => call.startsWith("patch"));
    expect(patches).toEqual(["patch SecretStore shop/infisical", "patch ExternalSecret shop/db"]);
  });

  test("one that stays so is the cause, and the ExternalSecret is not touched", async () => {
    const cluster = shop();
    seeded(cluster, "db", { A: "1" });
    cluster.setStatus(storeRef, ready(false, "unable to create client"));
    const [result] = (await run(cluster, ["db"])).results;
    expect(result).toMatchObject({ result: "failed", error: { code: "ESOB-E305" } });
    expect(cluster.calls).not.toContain("patch ExternalSecret shop/db");
  });
});

function warning(name: string, message: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.1`, namespace: "shop" },
    type: "Warning",
    message,
    lastTimestamp: "2026-11-23T12:00:00Z",
    involvedObject: { kind: "ExternalSecret", name, namespace: "shop" },
  };
}
