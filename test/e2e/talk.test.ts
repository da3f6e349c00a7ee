import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { init, linesOf, plan, runJson, troubleOf } from "./driving.ts";
import { until } from "./stack/poll.ts";
import { settings, SHOP_VALUES, startWorld, type World } from "./world.ts";

const VARIABLES = ["DB_HOST", "DB_PASSWORD", "DB_PORT", "DB_USER", "API_KEY"];
const INTERVAL_S = 5;

/** An application with five variables from the Secret shop-db. */
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "shop", namespace: "shop" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "shop" } },
    template: {
      metadata: { labels: { app: "shop" } },
      spec: {
        containers: [
          {
            name: "shop",
            image: "example.com/shop:1",
            env: VARIABLES.map((name) => ({
              name,
              valueFrom: { secretKeyRef: { name: "shop-db", key: name } },
            })),
          },
        ],
      },
    },
  },
};

interface Live {
  metadata: { generation: number };
  spec: { template: { metadata: { annotations?: Record<string, string> } } };
  status: { observedGeneration?: number; updatedReplicas?: number; availableReplicas?: number };
}

/** The road of the talk: an application, four of its five variables, the fifth, a changed value, and the end. */
describe("the talk's road", () => {
  let world: World;
  const configure = (keys: readonly string[]) =>
    world.config(
      settings(world, {
        secrets: [
          { name: "shop-db", namespace: "shop", store: "infisical", refreshInterval: `${INTERVAL_S}s`, keys },
        ],
      }),
    );
  const app = () => world.stack.api<Live>("GET", "/apis/apps/v1/namespaces/shop/deployments/shop");
  /** The variables that a container would be started with now; undefined for one that keeps it from starting. */
  const variables = async () => {
    const data = await world.secret("shop", "shop-db").catch((): Record<string, string> => ({}));
    return VARIABLES.filter((name) => name in data);
  };

  beforeAll(async () => {
    world = await startWorld({ infisical: { plan: { rbac: true } } });
    await world.stack.kubectl(["create", "namespace", "shop"]);
    await world.stack.kubectl(["apply", "-f", "-"], JSON.stringify(deployment));
  });
  afterAll(() => world.stop());

  test("four keys", async () => {
    expect(await variables()).toEqual([]);
    await configure(VARIABLES.slice(0, 4));
    const run = await init(world, "--restart");
    expect(troubleOf(run)).toBe("");
    expect(await world.secret("shop", "shop-db")).toEqual(SHOP_VALUES);
    expect(await variables()).toHaveLength(4);
    const { status } = await until("the application", async () => {
      const live = await app();
      return live.status.availableReplicas === 2 && live;
    });
    expect(status.availableReplicas).toBe(2);
  });

  test("a key that Infisical does not have is blocked, with the names that are there", async () => {
    await configure(VARIABLES);
    const planned = await plan(world);
    expect(planned.code).toBe(1);
    expect(linesOf(planned.json)).toEqual(["blocked kubernetes/ExternalSecret/shop/shop-db"]);
    const reason = planned.json.changes.find(({ action }) => action === "blocked")?.reason;
    expect(reason).toContain("not in prod:/shop: API_KEY; there are DB_HOST, DB_PASSWORD");
  });

  test("the fifth key, and a restart of what uses the Secret", async () => {
    world.infisical.setSecret("shop", "prod", "/shop", "API_KEY", "key-1");
    const before = await app();
    const planned = await plan(world, "--restart");
    expect(linesOf(planned.json)).toEqual([
      "update kubernetes/ExternalSecret/shop/shop-db",
      "update kubernetes/Deployment/shop/shop",
    ]);
    const run = await runJson<Parameters<typeof troubleOf>[0]["json"]>(world, "apply", "--yes", "--restart");
    expect(troubleOf(run)).toBe("");
    expect(await world.secret("shop", "shop-db")).toEqual({ ...SHOP_VALUES, API_KEY: "key-1" });
    expect(await variables()).toEqual(VARIABLES);
    const after = await app();
    expect(after.metadata.generation).toBeGreaterThan(before.metadata.generation);
    expect(after.spec.template.metadata.annotations).toHaveProperty(["eso-bootstrap/secret-shop-db"]);
    expect(after.status).toMatchObject({
      observedGeneration: after.metadata.generation,
      updatedReplicas: 2,
      availableReplicas: 2,
    });
  });

  test("again: nothing to do, nothing to restart", async () => {
    const run = await runJson<Parameters<typeof troubleOf>[0]["json"]>(world, "apply", "--yes", "--restart");
    expect([run.code, run.json.writes, linesOf(run.json)]).toEqual([0, 0, []]);
  });

  test("a value changed in Infisical arrives within the interval", async () => {
    world.infisical.setSecret("shop", "prod", "/shop", "DB_PASSWORD", "rotated-19c4");
    const changed = Date.now();
    await until(
      "the new value",
      async () => (await world.secret("shop", "shop-db"))["DB_PASSWORD"] === "rotated-19c4",
      { timeoutMs: 30_000 },
    );
    // The interval, and a moment for ESO to read and write on a machine that is busy.
    expect(Date.now() - changed).toBeLessThan((INTERVAL_S + 3) * 1000);
    const run = await runJson<Parameters<typeof troubleOf>[0]["json"]>(world, "apply", "--yes", "--restart");
    expect(troubleOf(run)).toBe("");
    expect(linesOf({ changes: run.json.applied })).toEqual(["update kubernetes/Deployment/shop/shop"]);
  });

  test("the ExternalSecret deleted: its Secret is gone, and the plan has it back", async () => {
    await world.stack.kubectl(["delete", "externalsecret", "shop-db", "-n", "shop", "--ignore-not-found"]);
    // The garbage collector learns of kinds that came later only every 30 s, and then reads them all.
    await until(
      "the Secret to go",
      async () => {
        const names = await world.stack.kubectl(["get", "secret", "-n", "shop", "-o", "name"]);
        return !names.includes("secret/shop-db");
      },
      { timeoutMs: 120_000 },
    );
    expect(await variables()).toEqual([]);
    expect(linesOf((await plan(world)).json)).toEqual(["create kubernetes/ExternalSecret/shop/shop-db"]);
  });
});
