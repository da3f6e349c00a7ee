import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  accessOf,
  ask,
  identitiesIn,
  identityIdOf,
  identityIn,
  init,
  linesOf,
  plan,
  readyReason,
  troubleOf,
} from "./driving.ts";
import { settings, SHOP_VALUES, startWorld, type World } from "./world.ts";

/** A store and a secret of their own namespace, so that tests can share a cluster. */
const place = (name: string, path = "/shop", more: object = {}) => ({
  stores: [{ name: "infisical", namespace: name, environment: "prod", path, ...more }],
  secrets: [{ name: "db", namespace: name, store: "infisical", refreshInterval: "5s", keys: ["DB_HOST"] }],
});

const marks = async (world: World, store: string) => {
  const { metadata } = await world.stack.api<{ metadata: { uid: string } }>(
    "GET",
    "/api/v1/namespaces/kube-system",
  );
  return [
    { key: "managed-by", value: "eso-bootstrap" },
    { key: "cluster", value: metadata.uid },
    { key: "store", value: store },
  ];
};

const quiet = async (world: World) => {
  const again = await init(world);
  expect([again.code, again.json.writes, linesOf(again.json)]).toEqual([0, 0, []]);
};

describe.each(["2024-10", "2026"] as const)("identities at Infisical %s", (generation) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ generation });
  });
  afterAll(() => world.stop());

  test("two stores in two namespaces: each its own identity and its own values", async () => {
    world.infisical.setSecret("shop", "prod", "/cart", "DB_HOST", "cart.internal");
    const [shop, cart] = [place("one"), place("two", "/cart")];
    await world.config(
      settings(world, {
        stores: [...shop.stores, ...cart.stores],
        secrets: [...shop.secrets, ...cart.secrets],
      }),
    );
    const run = await init(world);
    expect(troubleOf(run)).toBe("");
    expect(await world.secret("one", "db")).toEqual({ DB_HOST: SHOP_VALUES.DB_HOST });
    expect(await world.secret("two", "db")).toEqual({ DB_HOST: "cart.internal" });
    expect(await identityIdOf(world, "one")).not.toBe(await identityIdOf(world, "two"));
    expect([
      identityIn(world, "eso-e2e-one-infisical"),
      identityIn(world, "eso-e2e-two-infisical"),
    ]).toHaveLength(2);
    await quiet(world);
  });

  test("the namespaces that were missing carry our mark; the stores' ids are in the file", async () => {
    const { metadata } = await world.stack.api<{ metadata: { labels: object } }>(
      "GET",
      "/api/v1/namespaces/one",
    );
    expect(metadata.labels).toMatchObject({ "app.kubernetes.io/managed-by": "eso-bootstrap" });
    const file = await world.file("eso-bootstrap.yaml");
    for (const name of ["one", "two"]) expect(file).toContain(await identityIdOf(world, name));
  });

  test("a namespace that is there stays somebody else's", async () => {
    await world.stack.kubectl(["create", "namespace", "theirs"]);
    await world.config(settings(world, place("theirs")));
    expect(troubleOf(await init(world))).toBe("");
    const { metadata } = await world.stack.api<{ metadata: { labels: object } }>(
      "GET",
      "/api/v1/namespaces/theirs",
    );
    expect(metadata.labels).not.toHaveProperty(["app.kubernetes.io/managed-by"]);
  });

  test("Universal Auth left over on an identity of ours is removed", async () => {
    const identity = world.infisical.createIdentity({
      name: "eso-e2e-left-infisical",
      metadata: await marks(world, "left/infisical"),
    });
    world.infisical.attachUniversalAuth(identity.id);
    await world.config(settings(world, place("left")));
    const run = await init(world);
    expect(troubleOf(run)).toBe("");
    expect(linesOf(run.json)).toContain("delete infisical/UniversalAuth/-/eso-e2e-left-infisical");
    expect(identityIn(world, "eso-e2e-left-infisical").authMethods).toEqual(["kubernetes-auth"]);
    expect(await identityIdOf(world, "left")).toBe(identity.id);
    await quiet(world);
  });

  test("a foreign identity of that name is blocked and keeps its Universal Auth; --adopt takes it over", async () => {
    const identity = world.infisical.createIdentity({ name: "eso-e2e-foreign-infisical" });
    world.infisical.attachUniversalAuth(identity.id);
    await world.config(settings(world, place("foreign")));
    const writes = world.infisical.log.writes.length;
    const run = await init(world);
    expect(run.code).toBe(1);
    expect(linesOf(run.json)).toContain("blocked infisical/MachineIdentity/-/eso-e2e-foreign-infisical");
    expect(world.infisical.log.writes).toHaveLength(writes);
    expect(identityIn(world, "eso-e2e-foreign-infisical")).toMatchObject({
      authMethods: ["universal-auth"],
      metadata: [],
    });

    const adopted = await init(world, "--adopt");
    expect(troubleOf(adopted)).toBe("");
    expect(identityIn(world, "eso-e2e-foreign-infisical").metadata).toEqual(
      expect.arrayContaining(await marks(world, "foreign/infisical")),
    );
    await quiet(world);
  });

  test("two foreign identities of that name: refused, with their ids", async () => {
    const ids = [1, 2].map(() => world.infisical.createIdentity({ name: "eso-e2e-twice-infisical" }).id);
    await world.config(settings(world, place("twice")));
    const result = await world.cli(["init", "-f", "eso-bootstrap.yaml", "--yes"]);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain("ESOB-I205");
    for (const id of ids) expect(result.stderr).toContain(id);
    expect(identitiesIn(world, "eso-e2e-twice-infisical").map(({ authMethods }) => authMethods)).toEqual([
      [],
      [],
    ]);
  });

  test("the identity that we are logged in as is never made a store's", async () => {
    const { identityId } = world.infisical.operator;
    const before = world.infisical.snapshot();
    await world.config(settings(world, place("operator", "/shop", { identityId, identity: "operator" })));
    const run = await init(world, "--adopt");
    expect(run.code).toBe(1);
    expect(linesOf(run.json)).toContain("blocked infisical/MachineIdentity/-/operator");
    expect(world.infisical.snapshot()).toEqual(before);
  });

  test("a bound reviewer token with the narrow ClusterRole", async () => {
    const reviewer = {
      serviceAccount: "bound-reviewer",
      tokenLifetime: "720h",
      clusterRole: "tokenreview-only",
    };
    await world.config(settings(world, { reviewer, ...place("bound") }));
    const run = await init(world);
    expect(troubleOf(run)).toBe("");
    const jwt = identityIn(world, "eso-e2e-bound-infisical").kubernetesAuth[0]?.tokenReviewerJwt ?? "";
    const claims = JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as {
      exp: number;
      iat: number;
    };
    expect(claims.exp - claims.iat).toBe(720 * 3600);
    const role = await world.stack.api<{ rules: unknown }>(
      "GET",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/bound-reviewer",
    );
    expect(role.rules).toEqual([
      { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
    ]);
    const secrets = await world.stack.kubectl([
      "get",
      "secret",
      "-n",
      "external-secrets",
      "-l",
      "eso-bootstrap/reviewer=bound-reviewer",
      "-o",
      "jsonpath={.items[*].type}",
    ]);
    expect(secrets).toBe("Opaque");
    expect(await readyReason(world, "namespaces/bound/externalsecrets/db")).toBe("SecretSynced");
    await quiet(world);
  });

  test("an empty project ends at Valid, exit 0, and says how to add a secret", async () => {
    world.infisical.createFolder("shop", "prod", "/empty");
    await world.config(settings(world, place("empty", "/empty")));
    const human = await world.cli(["init", "-f", "eso-bootstrap.yaml", "--yes"]);
    const words = (human.stderr + human.stdout).replaceAll(/\s+/g, " ");
    expect(words).toContain(
      "prod:/empty of shop holds no secrets yet, so ExternalSecret db waits. Add one: eso-bootstrap add-secret KEY --to db",
    );
    expect(words).not.toContain("envFrom");
    expect(human.code).toBe(0);
    expect(await readyReason(world, "namespaces/empty/secretstores/infisical")).toBe("Valid");
    await quiet(world);
  });

  test("--create makes project, environment and folder; without it what exists is listed", async () => {
    const inNew = { ...place("made", "/deep/down", { environment: "qa", project: "brandnew" }) };
    await world.config(settings(world, { infisical: { project: "brandnew" }, ...inNew }));
    const refused = await world.cli(["init", "-f", "eso-bootstrap.yaml", "--yes"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("ESOB-I201");
    expect(refused.stderr).toContain("shop");
    const run = await init(world, "--create");
    expect(troubleOf(run)).toBe("");
    expect(linesOf(run.json)).toEqual(
      expect.arrayContaining([
        "create infisical/Project/-/brandnew",
        "create infisical/Environment/-/brandnew/qa",
        "create infisical/Folder/-/brandnew/qa:/deep/down",
      ]),
    );
    expect(await readyReason(world, "namespaces/made/secretstores/infisical")).toBe("Valid");
    await quiet(world);
  });

  test("a missing folder or environment is not made unasked", async () => {
    await world.config(settings(world, place("nofolder", "/nowhere")));
    const folder = await world.cli(["init", "-f", "eso-bootstrap.yaml", "--yes"]);
    expect([folder.code, folder.stderr.includes("ESOB-I203"), folder.stderr.includes("/cart")]).toEqual([
      1,
      true,
      true,
    ]);
    await world.config(settings(world, place("noenv", "/shop", { environment: "qa" })));
    const environment = await world.cli(["init", "-f", "eso-bootstrap.yaml", "--yes"]);
    expect([
      environment.code,
      environment.stderr.includes("ESOB-I202"),
      environment.stderr.includes("staging"),
    ]).toEqual([1, true, true]);
  });
});

/** A member may create identities in the organization (infisical-api.md 2); who may not, creates them in the project. */
const OPERATORS = [
  { orgRole: "member", project: null },
  { orgRole: "no-access", project: "shop" },
];

describe.each(OPERATORS)(
  "an operator who is $orgRole in the organization, at Infisical 2026",
  ({ orgRole, project }) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ infisical: { operator: { orgRole }, plan: { rbac: true } } });
    });
    afterAll(() => world.stop());

    test(`makes the identity in ${project ? "the project" : "the organization"}, with the same narrow rights`, async () => {
      await world.config(settings(world));
      const before = await plan(world);
      expect(before.code).toBe(6);
      const run = await init(world);
      expect(troubleOf(run)).toBe("");
      expect(identityIn(world, "eso-e2e-shop-infisical").project).toBe(project);
      expect(accessOf(world, "shop", "eso-e2e-shop-infisical")).toEqual({
        roles: ["k8s-e2e-shop-infisical"],
        privileges: [],
      });
      expect(await world.secret("shop", "shop-db")).toMatchObject({ DB_USER: "shop" });
      const token = world.infisical.tokenFor(await identityIdOf(world, "shop"));
      const other = await ask(
        world,
        token,
        "GET",
        "/api/v3/secrets/raw?workspaceSlug=shop&environment=prod&secretPath=/cart",
      );
      expect(other.status).toBe(403);
      await quiet(world);
    });
  },
);
