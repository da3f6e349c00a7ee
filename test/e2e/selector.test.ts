import { afterAll, beforeAll, expect, test } from "vitest";
import {
  clearProxies,
  identitiesIn,
  init,
  linesOf,
  plan,
  runJson,
  troubleOf,
  writesSeen,
} from "./driving.ts";
import type { ApplyResult } from "../../src/engine/apply.ts";
import { settings, startWorld, type World } from "./world.ts";

let world: World;
const TEAM = { selector: { team: "shop" } };

beforeAll(async () => {
  world = await startWorld();
  await world.config(
    settings(world, {
      stores: [{ name: "infisical", namespace: TEAM, environment: "prod", path: "/shop" }],
      secrets: [
        { name: "shop-db", namespace: TEAM, store: "infisical", refreshInterval: "5s", keys: ["DB_HOST"] },
      ],
    }),
  );
  for (const name of ["shop-1", "shop-2", "later", "other"])
    await world.stack.kubectl(["create", "namespace", name]);
  for (const name of ["shop-1", "shop-2"]) await label(name);
});
afterAll(() => world?.stop());

const label = (namespace: string) => world.stack.kubectl(["label", "namespace", namespace, "team=shop"]);
const objectsIn = async (namespace: string) => {
  const json = await world.stack.kubectl([
    "get",
    "secretstore,externalsecret,secret",
    "-n",
    namespace,
    "-o",
    "json",
  ]);
  const { items } = JSON.parse(json) as {
    items: { kind: string; metadata: { name: string; uid: string } }[];
  };
  return items.map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid}`);
};

test("a namespace that is labelled later gets its store and secret on the next apply, others stay as they are", async () => {
  expect(troubleOf(await init(world))).toBe("");
  const before = await Promise.all(["shop-1", "shop-2"].map(objectsIn));
  expect(before.map((objects) => objects.length)).toEqual([4, 4]);
  expect(await objectsIn("later")).toEqual([]);
  expect(linesOf((await plan(world)).json)).toEqual([]);

  await label("later");
  clearProxies(world);
  const run = await runJson<ApplyResult>(world, "apply", "--yes");
  expect(troubleOf(run)).toBe("");
  expect(linesOf(run.json)).toEqual([
    "create kubernetes/Secret/later/infisical-identity",
    "create kubernetes/SecretStore/later/infisical",
    "create kubernetes/ExternalSecret/later/shop-db",
  ]);
  expect(writesSeen(world).filter((line) => !/\/(later|kube-system)\//.test(line))).toEqual([]);
  expect(await world.secret("later", "shop-db")).toEqual({ DB_HOST: "db.internal" });
  expect(await Promise.all(["shop-1", "shop-2"].map(objectsIn))).toEqual(before);
  expect(await objectsIn("other")).toEqual([]);
  expect(identitiesIn(world, "eso-e2e-infisical")).toHaveLength(1);
});
