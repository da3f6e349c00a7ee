import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startProxy, type Proxy } from "../helpers/proxy.ts";
import { init, linesOf, plan, runJson, troubleOf } from "./driving.ts";
import { settings, startWorld, type World } from "./world.ts";

/*
 * Promise 5: ESO's ServiceAccount token can read the cluster's Secrets, and whoever may write a SecretStore chooses the address
 * in it. So the tool sends that token where the configuration says, and never to an address that it found in a store.
 */

/** The lifetime that the tool asks for (steps/login.ts), by which its tokens are told from those that ESO itself sends. */
const TOKEN_SECONDS = 600;
/** A class that no controller of this cluster has: ESO leaves the store alone, and what arrives at its address came from us. */
const NOBODY = "someone-else";

let world: World;
/** Where the planted stores point to: it answers as the real Infisical does, and remembers. */
let trap: Proxy;

beforeAll(async () => {
  world = await startWorld();
  trap = await startProxy({ url: world.infisical.url });
  await world.config(settings(world));
  expect(troubleOf(await init(world))).toBe("");
});
afterAll(async () => {
  await trap?.stop();
  await world?.stop();
});
beforeEach(() => {
  trap.clear();
  for (const proxy of Object.values(world.proxies)) proxy.clear();
});

/** A store like ours in everything but the address, made by somebody else. */
function planted(
  kind: "SecretStore" | "ClusterSecretStore",
  name: string,
  namespace: string,
  controller = NOBODY,
) {
  const identityId = {
    name: "infisical-identity",
    key: "identityId",
    ...(kind === "ClusterSecretStore" && { namespace }),
  };
  return {
    apiVersion: "external-secrets.io/v1",
    kind,
    metadata: { name, ...(kind === "SecretStore" && { namespace }) },
    spec: {
      controller,
      provider: {
        infisical: {
          hostAPI: trap.url,
          auth: { kubernetesAuthCredentials: { identityId } },
          secretsScope: { projectSlug: "shop", environmentSlug: "prod", secretsPath: "/shop" },
        },
      },
    },
  };
}

const create = (object: object) => world.stack.kubectl(["create", "-f", "-"], JSON.stringify(object));

/** The settings of another store, in a namespace that somebody else was in first. */
const configure = (namespace: string) =>
  world.config(
    settings(world, {
      stores: [{ name: "infisical", namespace, environment: "prod", path: "/shop" }],
      secrets: [{ name: "db", namespace, store: "infisical", refreshInterval: "1h", keys: ["DB_HOST"] }],
    }),
  );

const lifetimeOf = (jwt: string): number => {
  const payload = Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8");
  const { exp, iat } = JSON.parse(payload) as { exp: number; iat: number };
  return exp - iat;
};

/** ESO's tokens among what arrived there, as far as the tool had asked for them. */
const tokensOfTheTool = ({ seen }: Pick<Proxy, "seen">): string[] =>
  seen
    .flatMap(({ body }) => [...body.matchAll(/"jwt":"([^"]+)"/g)].map(([, jwt = ""]) => jwt))
    .filter((jwt) => lifetimeOf(jwt) === TOKEN_SECONDS);

const tokensAskedFor = (): number =>
  world.proxies.kubernetes.seen.filter(({ path }) => path.includes("/serviceaccounts/external-secrets/token"))
    .length;

describe("an address in a store that somebody else wrote", () => {
  test("hears nothing from init, plan, apply and store when the store is in our way", async () => {
    await create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "theirs" } });
    await create(planted("SecretStore", "infisical", "theirs"));
    await configure("theirs");
    const runs = [
      await init(world),
      await plan(world),
      await runJson(world, "apply", "--yes"),
      await runJson(world, "store", "--yes"),
    ];
    expect(runs.map(({ code }) => code)).toEqual([1, 1, 1, 1]);
    expect(
      runs.map(({ json }) => linesOf(json as never).filter((line) => line.startsWith("blocked"))),
    ).toEqual(runs.map(() => ["blocked kubernetes/SecretStore/theirs/infisical"]));
    expect(trap.seen).toEqual([]);
    expect(tokensAskedFor()).toBe(0);
  });

  test("hears nothing while the store stands beside ours, and the proof runs where it should", async () => {
    await create(planted("SecretStore", "beside", "shop"));
    await create(planted("ClusterSecretStore", "infisical", "shop"));
    await world.config(settings(world));
    expect([(await init(world)).code, (await runJson(world, "apply", "--yes")).code]).toEqual([0, 0]);
    // A run in which Kubernetes Auth changes logs in as ESO.
    await world.stack.kubectl([
      "delete",
      "serviceaccount",
      "infisical-token-reviewer",
      "-n",
      "external-secrets",
    ]);
    expect(troubleOf(await init(world))).toBe("");
    expect(trap.seen).toEqual([]);
    expect(tokensAskedFor()).toBeGreaterThan(0);
    expect(tokensOfTheTool(world.proxies.infisical)).toHaveLength(tokensAskedFor());
  });

  test("hears at most from ESO itself when our own store was turned to it, and the run turns it back", async () => {
    await world.config(settings(world));
    const turned = { spec: { provider: { infisical: { hostAPI: trap.url } } } };
    const patch = JSON.stringify(turned);
    await world.stack.kubectl([
      "patch",
      "secretstore",
      "infisical",
      "-n",
      "shop",
      "--type=merge",
      "-p",
      patch,
    ]);
    expect(troubleOf(await init(world))).toBe("");
    expect(await hostOf("shop")).toBe(world.infisical.url);
    expectNothingOfTheTool();
  });

  test("hears at most from ESO itself when --adopt takes the store over", async () => {
    await create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "adopted" } });
    await create(planted("SecretStore", "infisical", "adopted", "default"));
    await configure("adopted");
    expect(troubleOf(await init(world, "--adopt"))).toBe("");
    expect(await hostOf("adopted")).toBe(world.infisical.url);
    expectNothingOfTheTool();
    expect(tokensOfTheTool(world.proxies.infisical)).not.toEqual([]);
  });
});

const hostOf = (namespace: string) => {
  const host = "jsonpath={.spec.provider.infisical.hostAPI}";
  return world.stack.kubectl(["get", "secretstore", "infisical", "-n", namespace, "-o", host]);
};

/** ESO looks at these stores too, and it sends its token where they say: that is what they are for. */
function expectNothingOfTheTool(): void {
  expect(trap.seen.filter(({ headers }) => headers["user-agent"] === "eso-bootstrap")).toEqual([]);
  expect(tokensOfTheTool(trap)).toEqual([]);
}
