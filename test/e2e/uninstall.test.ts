import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { ApplyResult } from "../../src/engine/apply.ts";
import type { Plan } from "../../src/engine/plan.ts";
import { isKubernetesWrite } from "../helpers/proxy.ts";
import type { Running } from "../helpers/run-cli.ts";
import { clearProxies, init, runJson, troubleOf, writesSeen } from "./driving.ts";
import { everything, marked } from "./inventory.ts";
import { until } from "./stack/poll.ts";
import { settings, startWorld, type World } from "./world.ts";

const uninstall = (world: World, ...more: string[]) =>
  runJson<ApplyResult>(world, "uninstall", "--yes", ...more);
const WHOLE = ["--infisical", "--eso", "--crds"];

/** A Deployment whose pods read the Secret through envFrom. */
const APP = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "shop", namespace: "shop" },
  spec: {
    selector: { matchLabels: { app: "shop" } },
    template: {
      metadata: { labels: { app: "shop" } },
      spec: { containers: [{ name: "shop", image: "shop", envFrom: [{ secretRef: { name: "shop-db" } }] }] },
    },
  },
};

interface SecretState {
  metadata: { uid: string; ownerReferences?: unknown[] };
  data: Record<string, string>;
}

const shopSecret = ({ stack }: World) =>
  stack.api<SecretState>("GET", "/api/v1/namespaces/shop/secrets/shop-db");
const apply = ({ stack }: World, ...objects: object[]) =>
  stack.kubectl(["apply", "-f", "-"], objects.map((object) => JSON.stringify(object)).join("\n---\n"));
const remove = ({ stack }: World, ...args: string[]) =>
  stack.kubectl(["delete", ...args, "--ignore-not-found", "--wait=true"]);
const linesOf = ({ changes }: Pick<Plan, "changes">, ...actions: string[]) =>
  changes
    .filter(({ action }) => actions.includes(action))
    .map(({ action, target: { kind, namespace, name } }) => `${action} ${kind} ${namespace ?? "-"}/${name}`);

describe("uninstall after the whole road", () => {
  let world: World;
  let atFirst: { cluster: string[]; infisical: unknown };

  const isAsAtFirst = async () => {
    await until(
      "the garbage collector",
      async () => (await everything(world)).length <= atFirst.cluster.length,
      {
        timeoutMs: 60_000,
        everyMs: 500,
      },
    ).catch(() => undefined);
    expect(await everything(world)).toEqual(atFirst.cluster);
    expect(world.infisical.snapshot()).toEqual(atFirst.infisical);
  };

  beforeAll(async () => {
    world = await startWorld();
    await world.config(settings(world));
    atFirst = { cluster: await everything(world), infisical: world.infisical.snapshot() };
  });
  afterAll(() => world.stop());

  beforeEach(async () => {
    const done = await init(world);
    expect(troubleOf(done)).toBe("");
    clearProxies(world);
  });

  test("all of it: nothing of ours is left, and nothing of others is missing", async () => {
    const run = await uninstall(world, ...WHOLE, "--delete-secrets");
    expect(troubleOf(run)).toBe("");
    expect(run.json.writes).toBeGreaterThan(0);
    expect(await marked(world)).toEqual([]);
    await isAsAtFirst();
    clearProxies(world);
    const second = await uninstall(world, ...WHOLE, "--delete-secrets");
    expect(troubleOf(second)).toBe("");
    expect([second.code, second.json.writes, writesSeen(world)]).toEqual([0, 0, []]);
  });

  test("the default keeps the Secret for the pods that read it: same uid, same data, no owner", async () => {
    await apply(world, APP);
    await world.stack.kubectl(["rollout", "status", "deployment/shop", "-n", "shop", "--timeout=60s"]);
    const others = await everything(world);
    const before = await shopSecret(world);
    const run = await uninstall(world, ...WHOLE);
    expect(troubleOf(run)).toBe("");
    const after = await shopSecret(world);
    expect([after.metadata.uid, after.data]).toEqual([before.metadata.uid, before.data]);
    expect(after.metadata.ownerReferences).toBeUndefined();
    expect(await marked(world)).toEqual([]);
    const now = new Set(await everything(world));
    const foreign = others.filter((one) => atFirst.cluster.includes(one) || / shop\/shop(-|\b)/.test(one));
    expect(foreign.filter((one) => !now.has(one) && !/^(ExternalSecret|ReplicaSet) /.test(one))).toEqual([]);
    clearProxies(world);
    const second = await uninstall(world, ...WHOLE);
    expect([second.code, second.json.writes]).toEqual([0, 0]);
    const again = await init(world);
    expect(troubleOf(again)).toBe("");
    expect((await shopSecret(world)).metadata.uid).toBe(before.metadata.uid);
    await remove(world, "deployment", "shop", "-n", "shop");
    expect(troubleOf(await uninstall(world, ...WHOLE, "--delete-secrets"))).toBe("");
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("with ESO scaled to 0 it says so, and with consent ends without hanging", async () => {
    await world.stack.kubectl([
      "scale",
      "deployment",
      "external-secrets",
      "-n",
      "external-secrets",
      "--replicas=0",
    ]);
    await until("ESO to stop", () => world.eso.running().size === 0);
    const before = await shopSecret(world);
    const refused = await runJson<{ code: string }>(world, "uninstall", "--yes");
    expect([refused.code, refused.json.code]).toEqual([2, "ESOB-C403"]);
    expect(writesSeen(world)).toEqual([]);
    const run = await uninstall(world, ...WHOLE, "--clear-finalizers");
    expect(troubleOf(run)).toBe("");
    const after = await shopSecret(world);
    expect([after.metadata.uid, after.data, after.metadata.ownerReferences]).toEqual([
      before.metadata.uid,
      before.data,
      undefined,
    ]);
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("with Infisical down the owner is taken off by hand", async () => {
    const before = await shopSecret(world);
    await world.stack.kubectl([
      "patch",
      "secretstore/infisical",
      "-n",
      "shop",
      "--type=merge",
      "-p",
      JSON.stringify({ spec: { provider: { infisical: { hostAPI: "http://127.0.0.1:9" } } } }),
    ]);
    const run = await uninstall(world);
    expect(troubleOf(run)).toBe("");
    const after = await shopSecret(world);
    expect([after.metadata.uid, after.data, after.metadata.ownerReferences]).toEqual([
      before.metadata.uid,
      before.data,
      undefined,
    ]);
    expect(troubleOf(await uninstall(world, ...WHOLE))).toBe("");
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("a foreign store beside ours, and whatever reads from it, is not touched", async () => {
    const shared = { apiVersion: "external-secrets.io/v1", metadata: { name: "theirs", namespace: "shop" } };
    await apply(
      world,
      { ...shared, kind: "SecretStore", spec: { provider: { fake: { data: [{ key: "A", value: "1" }] } } } },
      {
        ...shared,
        kind: "ExternalSecret",
        spec: {
          refreshInterval: "1h",
          secretStoreRef: { name: "theirs" },
          data: [{ secretKey: "A", remoteRef: { key: "A" } }],
        },
      },
    );
    await until("their Secret", () => world.secret("shop", "theirs").then(({ A }) => A === "1"));
    const theirs = (await everything(world)).filter((one) => / shop\/theirs /.test(one));
    expect(theirs).toHaveLength(3);
    const run = await uninstall(world, ...WHOLE);
    expect(troubleOf(run)).toBe("");
    const stays = run.json.changes.filter(({ reason }) =>
      reason?.startsWith("still used, by ExternalSecret shop/theirs"),
    );
    expect(stays.map(({ target }) => target.kind)).toContain("Release");
    expect((await everything(world)).filter((one) => / shop\/theirs /.test(one))).toEqual(theirs);
    await remove(world, "externalsecret,secretstore,secret", "--all", "-n", "shop");
    expect(troubleOf(await uninstall(world, ...WHOLE))).toBe("");
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("an ExternalSecret of somebody else holds the store that it reads from, and what the store needs", async () => {
    await apply(world, {
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name: "by-hand", namespace: "shop" },
      spec: {
        refreshInterval: "1h",
        secretStoreRef: { name: "infisical" },
        data: [{ secretKey: "A", remoteRef: { key: "DB_HOST" } }],
      },
    });
    const run = await uninstall(world, ...WHOLE);
    expect(run.code).toBe(0);
    expect(linesOf(run.json, "unchanged")).toEqual(
      expect.arrayContaining([
        "unchanged SecretStore shop/infisical",
        "unchanged MachineIdentity -/eso-e2e-shop-infisical",
        "unchanged Secret shop/infisical-identity",
        "unchanged ServiceAccount external-secrets/infisical-token-reviewer",
        "unchanged Release external-secrets/external-secrets",
      ]),
    );
    await until("it to sync", () => world.secret("shop", "by-hand").then(({ A }) => A === "db.internal"));
    await remove(world, "externalsecret", "by-hand", "-n", "shop");
    expect(troubleOf(await uninstall(world, ...WHOLE))).toBe("");
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("killed at writes from the first to the last, the next run finishes", async () => {
    for (const write of [1, 5, 9, 14, 20]) {
      let child: Running | undefined;
      let seen = 0;
      world.proxies.kubernetes.judge = (request) => {
        if (isKubernetesWrite(request)) seen += 1;
        return seen === write ? { kind: "pass", afterwards: () => child?.kill() } : { kind: "pass" };
      };
      const killed = await world.cli(["uninstall", "--yes", "--delete-secrets", ...WHOLE], {
        onStart: (started) => (child = started),
      });
      world.proxies.kubernetes.judge = () => ({ kind: "pass" });
      expect(killed.signal, `at write ${write}`).toBe("SIGKILL");
      const run = await uninstall(world, ...WHOLE, "--delete-secrets");
      expect(troubleOf(run), `killed at write ${write}`).toBe("");
      await isAsAtFirst();
      if (write < 20) expect(troubleOf(await init(world)), `init after ${write}`).toBe("");
    }
  }, 600_000);
});
