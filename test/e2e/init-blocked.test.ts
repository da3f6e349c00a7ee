import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { clearProxies, init, linesOf, plan, troubleOf, writesSeen } from "./driving.ts";
import { settings, SHOP_VALUES, startWorld, type World } from "./world.ts";

const OURS = { "app.kubernetes.io/managed-by": "eso-bootstrap" };
const ESO_API = "external-secrets.io/v1";

const foreignStore = (namespace: string) => ({
  apiVersion: ESO_API,
  kind: "SecretStore",
  metadata: { name: "infisical", namespace },
  spec: { provider: { fake: { data: [{ key: "DB_HOST", value: "theirs" }] } } },
});
const foreignSecret = (namespace: string, name: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace },
  stringData: { theirs: "value" },
});
const foreignBinding = (name: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
  subjects: [{ kind: "ServiceAccount", name: "theirs", namespace: "default" }],
});
const foreignExternalSecret = (namespace: string) => ({
  apiVersion: ESO_API,
  kind: "ExternalSecret",
  metadata: { name: "db", namespace },
  spec: {
    refreshInterval: "1h",
    secretStoreRef: { name: "none" },
    target: { name: "other" },
    data: [{ secretKey: "a", remoteRef: { key: "a" } }],
  },
});

/** What stands in the way, the line of the plan, and where to look at it. `reviewer`: the reviewer's name in that case. */
const CASES = [
  {
    what: "a SecretStore",
    object: foreignStore,
    blocked: (ns: string) => `kubernetes/SecretStore/${ns}/infisical`,
  },
  {
    what: "the identity's Secret",
    object: (ns: string) => foreignSecret(ns, "infisical-identity"),
    blocked: (ns: string) => `kubernetes/Secret/${ns}/infisical-identity`,
  },
  {
    what: "an ExternalSecret",
    object: foreignExternalSecret,
    blocked: (ns: string) => `kubernetes/ExternalSecret/${ns}/db`,
  },
  {
    what: "the Secret that ESO would write",
    object: (ns: string) => foreignSecret(ns, "db"),
    blocked: (ns: string) => `kubernetes/ExternalSecret/${ns}/db`,
  },
  {
    what: "a ClusterRoleBinding",
    object: (ns: string) => foreignBinding(`reviewer-${ns}`),
    blocked: (ns: string) => `kubernetes/ClusterRoleBinding/-/reviewer-${ns}`,
  },
] as const;

describe("what somebody else made", () => {
  let world: World;
  const configure = (namespace: string) =>
    world.config(
      settings(world, {
        reviewer: { serviceAccount: `reviewer-${namespace}` },
        stores: [{ name: "infisical", namespace, environment: "prod", path: "/shop" }],
        secrets: [{ name: "db", namespace, store: "infisical", refreshInterval: "1h", keys: ["DB_HOST"] }],
      }),
    );
  const read = async ({ kind, metadata }: { kind: string; metadata: { name: string; namespace?: string } }) =>
    JSON.parse(
      await world.stack.kubectl([
        "get",
        kind,
        metadata.name,
        ...(metadata.namespace ? ["-n", metadata.namespace] : []),
        "-o",
        "json",
      ]),
    ) as {
      metadata: { uid: string; resourceVersion: string; labels?: Record<string, string> };
      [field: string]: unknown;
    };

  beforeAll(async () => {
    world = await startWorld();
    await configure("first");
    expect(troubleOf(await init(world))).toBe("");
  });
  afterAll(() => world.stop());

  test.each(CASES)(
    "$what is blocked, and untouched; --adopt takes it over",
    async ({ what, object, blocked }) => {
      const namespace = `case-${CASES.findIndex((one) => one.what === what)}`;
      const foreign = object(namespace);
      await world.stack.kubectl(["create", "namespace", namespace]);
      await world.stack.kubectl(["create", "-f", "-"], JSON.stringify(foreign));
      await configure(namespace);
      const before = await read(foreign);
      clearProxies(world);
      const run = await init(world);
      expect(run.code).toBe(1);
      expect(linesOf(run.json).filter((line) => line.startsWith("blocked"))).toEqual([
        `blocked ${blocked(namespace)}`,
      ]);
      expect(run.json.failed?.error.code).toBe("ESOB-C203");
      expect(run.json.notDone.length).toBeGreaterThan(0);
      expect(writesSeen(world)).toEqual([]);
      expect((await plan(world)).code).toBe(1);
      const { status: _before, ...untouched } = before;
      expect(await read(foreign)).toMatchObject({ ...untouched, metadata: { uid: before.metadata.uid } });

      const adopted = await init(world, "--adopt");
      expect(troubleOf(adopted)).toBe("");
      const after = await read(foreign);
      if (what !== "the Secret that ESO would write") expect(after.metadata.labels).toMatchObject(OURS);
      expect(await world.secret(namespace, "db")).toMatchObject({ DB_HOST: SHOP_VALUES.DB_HOST });
      const again = await init(world);
      expect([again.code, again.json.writes, linesOf(again.json)]).toEqual([0, 0, []]);
    },
  );

  test("fields that another manager owns are blocked with its name; --force-conflicts takes over", async () => {
    await configure("first");
    const before = await read(foreignStore("first"));
    const theirs = {
      apiVersion: ESO_API,
      kind: "SecretStore",
      metadata: { name: "infisical", namespace: "first" },
      spec: { provider: { infisical: { secretsScope: { secretsPath: "/cart" } } } },
    };
    await world.stack.kubectl(
      ["apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "-f", "-"],
      JSON.stringify({
        ...theirs,
        spec: { ...(before["spec"] as object), ...merged(before["spec"], theirs.spec) },
      }),
    );
    const changed = await read(theirs);
    clearProxies(world);
    const run = await init(world);
    expect(run.code).toBe(1);
    expect(linesOf(run.json)).toEqual(["blocked kubernetes/SecretStore/first/infisical"]);
    const reason = run.json.changes.find(({ action }) => action === "blocked")?.reason;
    expect(reason).toContain("argocd-controller owns");
    expect(reason).toContain("secretsPath");
    expect(writesSeen(world)).toEqual([]);
    expect((await read(theirs)).metadata.resourceVersion).toBe(changed.metadata.resourceVersion);

    const forced = await init(world, "--force-conflicts");
    expect(troubleOf(forced)).toBe("");
    expect(linesOf(forced.json)).toEqual(["update kubernetes/SecretStore/first/infisical"]);
    expect(JSON.stringify((await read(theirs))["spec"])).toContain('"secretsPath":"/shop"');
    const again = await init(world);
    expect([again.code, again.json.writes, linesOf(again.json)]).toEqual([0, 0, []]);
  });
});

/** The spec with the other path: a second applier sends whole objects, as Argo CD does. */
function merged(spec: unknown, theirs: object): object {
  const { provider } = structuredClone(spec) as {
    provider: { infisical: { secretsScope: Record<string, unknown> } };
  };
  const { provider: other } = theirs as { provider: { infisical: { secretsScope: object } } };
  Object.assign(provider.infisical.secretsScope, other.infisical.secretsScope);
  return { provider };
}
