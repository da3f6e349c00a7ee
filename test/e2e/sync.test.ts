import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import type { SyncedSecret, SyncResult } from "../../src/sync/result.ts";
import { runCli } from "../helpers/run-cli.ts";
import { clearProxies, init, runJson, troubleOf, writesSeen, type Run } from "./driving.ts";
import { until } from "./stack/poll.ts";
import { wantsSandbox } from "./stack/sandbox.ts";
import { settings, startWorld, type World } from "./world.ts";

type Synced = Omit<SyncResult, "secrets"> & {
  secrets: (Omit<SyncedSecret, "error"> & { error?: { code: string; message: string; cause?: string } })[];
  code?: string;
  message?: string;
};

/** Long enough that nothing is synced unless it is forced. */
const HOUR = "1h";
const secretOf = (name: string, keys: string[]) => ({
  name,
  namespace: "shop",
  store: "infisical",
  refreshInterval: HOUR,
  keys,
});

/** What uses Secret `shop-db`, each in another way. */
function workload(kind: string, name: string, spec: object, extra: object = {}, annotations: object = {}) {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace: "shop", annotations },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "app", image: "example.com/app:1" }], ...spec },
      },
      ...extra,
    },
  };
}
const from = { name: "app", image: "example.com/app:1", envFrom: [{ secretRef: { name: "shop-db" } }] };
const projected = { name: "all", projected: { sources: [{ secret: { name: "shop-db" } }] } };
const WORKLOADS = [
  workload("Deployment", "web", { containers: [from] }),
  workload("Deployment", "reloaded", { containers: [from] }, {}, { "reloader.stakater.com/auto": "true" }),
  workload("Deployment", "bystander", {}),
  workload("StatefulSet", "queue", { volumes: [projected] }, { serviceName: "queue" }),
  workload("DaemonSet", "agent", { imagePullSecrets: [{ name: "shop-db" }] }),
];

describe("sync", () => {
  let world: World;
  const sync = (...args: string[]): Promise<Run<Synced>> => runJson<Synced>(world, "sync", ...args);
  const short = ({ json }: Run<Synced>) =>
    json.secrets.map(({ namespace, name, result, error }) =>
      [`${namespace}/${name}`, result, error?.code].filter(Boolean).join(" "),
    );
  const change = (value: string, name = "DB_PASSWORD") =>
    world.infisical.setSecret("shop", "prod", "/shop", name, value);
  const scaleEso = async (replicas: number) => {
    await world.stack.kubectl([
      "scale",
      "deployment/external-secrets",
      "-n",
      "external-secrets",
      `--replicas=${replicas}`,
    ]);
    await until("the controller", () => world.eso.running().size === replicas);
  };
  const patch = (kind: string, name: string, spec: object) =>
    world.stack.kubectl(["patch", kind, name, "-n", "shop", "--type=merge", "-p", JSON.stringify(spec)]);

  beforeAll(async () => {
    world = await startWorld();
    await world.stack.kubectl(["create", "namespace", "shop"]);
    await world.stack.kubectl(
      ["apply", "-f", "-"],
      WORKLOADS.map((workload) => JSON.stringify(workload)).join("\n"),
    );
    await world.config(
      settings(world, {
        secrets: [secretOf("shop-db", ["DB_HOST", "DB_PASSWORD"]), secretOf("other", ["DB_USER"])],
      }),
    );
    expect(troubleOf(await init(world))).toBe("");
    // From here on no one has a credential of Infisical.
    world.env["INFISICAL_UNIVERSAL_AUTH_CLIENT_ID"] = "";
    world.env["INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET"] = "";
  });
  afterAll(() => world?.stop());
  afterEach(() => {
    world.infisical.faults.clear();
    clearProxies(world);
  });

  test("nothing changed: proved anew, told as such, and one annotation each is all that is written", async () => {
    clearProxies(world);
    const before = Date.now();
    const run = await sync();
    expect(short(run).toSorted()).toEqual(["shop/other unchanged", "shop/shop-db unchanged"]);
    expect(run.code).toBe(0);
    for (const { refreshTime, keys } of run.json.secrets) {
      expect(Date.parse(refreshTime ?? "")).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000);
      expect(keys).toBeGreaterThan(0);
    }
    expect(
      writesSeen(world)
        .map((line) => line.replace(/\?.*/, ""))
        .toSorted(),
    ).toEqual(
      ["other", "shop-db"].map(
        (name) => `PATCH /apis/external-secrets.io/v1/namespaces/shop/externalsecrets/${name}`,
      ),
    );
    expect(world.proxies.infisical.seen).toEqual([]);
  });

  test("a value changed at Infisical is in the Secret when it says so; the value is nowhere", async () => {
    change("rotated-7a21");
    const run = await sync("-v");
    expect(short(run).toSorted()).toEqual(["shop/other unchanged", "shop/shop-db changed"]);
    expect((await world.secret("shop", "shop-db"))["DB_PASSWORD"]).toBe("rotated-7a21");
    expect(run.stdout + run.stderr).not.toContain("rotated-7a21");
  });

  test("one by name; one that is not there, with the nearest", async () => {
    expect(short(await sync("other"))).toEqual(["shop/other unchanged"]);
    expect(short(await sync("shop/shop-db"))).toEqual(["shop/shop-db unchanged"]);
    const run = await sync("shop-bd");
    expect([run.code, run.json.code]).toEqual([1, "ESOB-E301"]);
    expect(run.json).toMatchObject({ cause: "did you mean shop-db?" });
  });

  test("without a file: the namespace of the context, -n, and -A", async () => {
    const at = (...args: string[]) =>
      runCli({ args: ["sync", ...args, "-o", "json"], cwd: world.stack.dir, env: world.env });
    const empty = await at();
    expect([empty.code, JSON.parse(empty.stdout)]).toMatchObject([0, { kind: "SyncResult", secrets: [] }]);
    const byPlace = await at("shop/shop-db");
    expect([byPlace.code, (JSON.parse(byPlace.stdout) as Synced).secrets.map(({ name }) => name)]).toEqual([
      0,
      ["shop-db"],
    ]);
    expect((await at("-n", "nowhere")).code).toBe(1);
    for (const args of [["-n", "shop"], ["-A"]]) {
      const run = await at(...args);
      expect(run.code).toBe(0);
      expect((JSON.parse(run.stdout) as Synced).secrets.map(({ name }) => name).toSorted()).toEqual([
        "other",
        "shop-db",
      ]);
    }
  });

  test("--restart: everything that uses the Secret, once; not what Reloader restarts", async () => {
    change("rotated-8b32");
    const run = await sync("shop-db", "--restart");
    expect(run.json.secrets[0]?.error).toBeUndefined();
    expect(run.json.secrets[0]).toMatchObject({
      result: "changed",
      restarted: ["deployment/web", "statefulset/queue", "daemonset/agent"],
    });
    const pods = await world.stack.kubectl(["get", "pods", "-n", "shop", "-o", "json"]);
    const { items } = JSON.parse(pods) as {
      items: {
        metadata: {
          labels: { app: string };
          annotations?: Record<string, string>;
          deletionTimestamp?: string;
        };
      }[];
    };
    for (const { metadata } of items.filter((pod) => pod.metadata.deletionTimestamp === undefined)) {
      const isRestarted = ["web", "queue", "agent"].includes(metadata.labels.app);
      expect([metadata.labels.app, "eso-bootstrap/secret-shop-db" in (metadata.annotations ?? {})]).toEqual([
        metadata.labels.app,
        isRestarted,
      ]);
    }
    const again = await sync("shop-db", "--restart");
    expect(again.json.secrets[0]).toMatchObject({ result: "unchanged", restarted: [] });
  });

  test("a template that cannot come up: told, with what stands in the way", async () => {
    await patch("deployment", "web", { spec: { template: { spec: { nodeSelector: { none: "such" } } } } });
    change("rotated-9c43");
    const run = await sync("shop-db", "--restart", "--timeout", "12s");
    expect(run.json.secrets[0]).toMatchObject({ result: "failed", error: { code: "ESOB-E306" } });
    expect(run.code).toBe(124);
    await patch("deployment", "web", { spec: { template: { spec: { nodeSelector: null } } } });
  });

  test("Infisical fails: the cause, by ESO's own event, within the time", async () => {
    world.infisical.faults.add({ kind: "500", match: () => true });
    change("rotated-while-away");
    const began = Date.now();
    const run = await sync("--timeout", "60s");
    expect(run.code).toBe(1);
    expect(Date.now() - began).toBeLessThan(60_000);
    for (const { error, result } of run.json.secrets) {
      expect([result, error?.code]).toEqual(["failed", expect.stringMatching(/^ESOB-E30[25]$/)]);
      expect(error?.cause).toMatch(/status-code=500|Something went wrong/);
    }
  });

  test("and afterwards the store is woken first, so that it need not wait for ESO's back-off", async () => {
    const run = await sync();
    expect([run.code, ...short(run).toSorted()]).toEqual([
      0,
      "shop/other unchanged",
      expect.stringMatching(/^shop\/shop-db (un)?changed$/),
    ]);
    expect((await world.secret("shop", "shop-db"))["DB_PASSWORD"]).toBe("rotated-while-away");
  });

  test("a rate limit is waited out", async () => {
    // Longer than ESO's own next tries, so that only waiting as long as it was told helps.
    const until = Date.now() + 9000;
    const match = ({ path }: { path: string }) => path.includes("secrets") && Date.now() < until;
    world.infisical.faults.add({ kind: "429", retryAfter: 5, match });
    change("rotated-ad54");
    const run = await sync("shop-db", "--timeout", "60s");
    expect([run.code, ...short(run)]).toEqual([0, "shop/shop-db changed"]);
  });

  test("no controller: 124 with the last state, and a stale Ready=True never passes", async () => {
    await scaleEso(0);
    const run = await sync("shop-db", "--timeout", "6s");
    expect(run.code).toBe(124);
    expect(run.json.secrets[0]).toMatchObject({
      result: "failed",
      error: { code: "ESOB-E304", cause: expect.stringContaining("SecretSynced") },
    });
    await scaleEso(1);
  });

  test("one that ESO reads only once cannot be forced, and says so", async () => {
    await patch("externalsecret", "other", { spec: { refreshPolicy: "CreatedOnce" } });
    const run = await sync("other");
    expect([run.code, ...short(run)]).toEqual([1, "shop/other failed ESOB-E303"]);
  });

  test("a right that is missing ends with 5 and is named", async () => {
    world.proxies.kubernetes.judge = (seen) =>
      seen.method === "PATCH"
        ? {
            kind: "answer",
            status: 403,
            headers: { "content-type": "application/json" },
            body: JSON.stringify({
              kind: "Status",
              apiVersion: "v1",
              status: "Failure",
              reason: "Forbidden",
              code: 403,
              message:
                'externalsecrets.external-secrets.io "shop-db" is forbidden: User "me" cannot patch resource "externalsecrets"',
            }),
          }
        : { kind: "pass" };
    const run = await sync("shop-db");
    world.proxies.kubernetes.judge = () => ({ kind: "pass" });
    expect([run.code, ...short(run)]).toEqual([5, "shop/shop-db failed ESOB-K104"]);
  });

  test("Infisical hangs: what ESO says is stale and does not pass; the cause, within the time", async () => {
    world.infisical.faults.add({ kind: "silence", match: () => true });
    change("rotated-never-seen");
    const began = Date.now();
    const run = await sync("shop-db", "--timeout", "8s");
    // The time of its own start and end aside.
    expect(Date.now() - began).toBeLessThan(8000 + 5000);
    expect([run.code, ...short(run)]).toEqual([124, "shop/shop-db failed ESOB-E304"]);
    expect(run.json.secrets[0]?.error?.cause).toMatch(
      /^http:\S+ did not answer in time .*tried from this machine\); last state: SecretSynced: .*; last synced 20/,
    );
    expect((await world.secret("shop", "shop-db"))["DB_PASSWORD"]).not.toBe("rotated-never-seen");
  });

  // The last of all: it does not come back.
  test("Infisical is stopped: the closed port where there is no time for ESO to give up, ESO's own words where there is", async () => {
    await world.infisical.stop();
    // The simulated ESO does not try again for a quarter of a minute, and has its own words at once.
    if (!wantsSandbox()) {
      const args = ["sync", "shop-db", "-n", "shop", "--timeout", "6s", "-o", "json"];
      const run = await runCli({ args, cwd: world.stack.dir, env: world.env });
      const [early] = (JSON.parse(run.stdout) as Synced).secrets;
      expect([run.code, early?.error?.code]).toEqual([124, "ESOB-E304"]);
      expect(early?.error?.cause).toMatch(/^Infisical cannot be reached at .*ECONNREFUSED.*; last state: Se/);
    }
    const began = Date.now();
    const run = await sync("shop-db", "--timeout", "90s");
    expect(Date.now() - began).toBeLessThan(90_000);
    expect([run.code, ...short(run)]).toEqual([1, "shop/shop-db failed ESOB-E302"]);
    expect(run.json.secrets[0]?.error?.cause).toMatch(/connection refused|ECONNREFUSED/);
  });
});
