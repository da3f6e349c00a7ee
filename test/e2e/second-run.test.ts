import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { clearProxies, init, linesOf, plan, troubleOf, writesSeen } from "./driving.ts";
import { until } from "./stack/poll.ts";
import { settings, SHOP_VALUES, startWorld, type World } from "./world.ts";

const KUBERNETES_AUTH = "infisical/KubernetesAuth/-/eso-e2e-shop-infisical";
const REVIEWER = "infisical-token-reviewer";

interface Case {
  readonly what: string;
  readonly spoil: (world: World) => Promise<unknown>;
  readonly plan: readonly string[];
  /** What is left to do when its turn comes, where that is less than was planned. */
  readonly applied?: readonly string[];
  /** Why more than the one object is in the plan. */
  readonly because?: string;
  /** ESO itself is repaired, by one more Helm revision. */
  readonly helm?: true;
}

const patch = (kind: string, name: string, namespace: string | undefined, body: object) => (world: World) =>
  world.stack.kubectl([
    "patch",
    kind,
    name,
    ...(namespace ? ["-n", namespace] : []),
    "--type=merge",
    "-p",
    JSON.stringify(body),
  ]);
const remove = (kind: string, name: string, namespace?: string) => (world: World) =>
  world.stack.kubectl(["delete", kind, name, ...(namespace ? ["-n", namespace] : []), "--wait=true"]);

const CASES: readonly Case[] = [
  {
    what: "the SecretStore edited",
    spoil: patch("secretstore", "infisical", "shop", {
      spec: { provider: { infisical: { secretsScope: { secretsPath: "/cart" } } } },
    }),
    plan: ["update kubernetes/SecretStore/shop/infisical"],
  },
  {
    what: "the SecretStore deleted",
    spoil: remove("secretstore", "infisical", "shop"),
    plan: ["create kubernetes/SecretStore/shop/infisical"],
  },
  {
    what: "the ExternalSecret edited",
    spoil: patch("externalsecret", "shop-db", "shop", { spec: { refreshInterval: "2h" } }),
    plan: ["update kubernetes/ExternalSecret/shop/shop-db"],
  },
  {
    what: "the ExternalSecret deleted, and with it the Secret",
    spoil: async (world) => {
      await remove("externalsecret", "shop-db", "shop")(world);
      await until(
        "the Secret to go",
        async () =>
          !(await world.stack.kubectl(["get", "secret", "-n", "shop", "-o", "name"])).includes(
            "secret/shop-db\n",
          ),
        { timeoutMs: 90_000 }, // the garbage collector needs up to a minute to know a new kind
      );
    },
    plan: ["create kubernetes/ExternalSecret/shop/shop-db"],
  },
  {
    what: "the Secret with the identity's id edited",
    spoil: patch("secret", "infisical-identity", "shop", {
      metadata: { labels: { "app.kubernetes.io/managed-by": "eso-bootstrap" } },
      data: { identityId: null },
    }),
    plan: ["update kubernetes/Secret/shop/infisical-identity"],
  },
  {
    what: "the Secret with the identity's id deleted",
    spoil: remove("secret", "infisical-identity", "shop"),
    plan: ["create kubernetes/Secret/shop/infisical-identity"],
  },
  {
    what: "the reviewer's binding edited",
    spoil: patch("clusterrolebinding", REVIEWER, undefined, {
      subjects: [{ kind: "ServiceAccount", name: "other", namespace: "default" }],
    }),
    plan: [`update kubernetes/ClusterRoleBinding/-/${REVIEWER}`],
  },
  {
    what: "the reviewer's binding deleted",
    spoil: remove("clusterrolebinding", REVIEWER),
    plan: [`create kubernetes/ClusterRoleBinding/-/${REVIEWER}`],
  },
  {
    what: "the reviewer's binding pointing at another role",
    spoil: async (world) => {
      const live = JSON.parse(
        await world.stack.kubectl(["get", "clusterrolebinding", REVIEWER, "-o", "json"]),
      ) as {
        metadata: { labels: object };
        subjects: object;
      };
      await remove("clusterrolebinding", REVIEWER)(world);
      const other = {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: REVIEWER, labels: live.metadata.labels },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: live.subjects,
      };
      await world.stack.kubectl(["create", "-f", "-"], JSON.stringify(other));
    },
    plan: [`replace kubernetes/ClusterRoleBinding/-/${REVIEWER}`],
  },
  {
    what: "the reviewer's ServiceAccount edited",
    spoil: patch("serviceaccount", REVIEWER, "external-secrets", { automountServiceAccountToken: true }),
    plan: [`update kubernetes/ServiceAccount/external-secrets/${REVIEWER}`],
  },
  {
    what: "the reviewer's token deleted",
    spoil: remove("secret", `${REVIEWER}-1`, "external-secrets"),
    plan: [`create kubernetes/Secret/external-secrets/${REVIEWER}-1`, `update ${KUBERNETES_AUTH}`],
    because:
      "a new Secret may hold a new token; Kubernetes signs the same one for a Secret of the same name, so the old one fits",
    applied: [`create kubernetes/Secret/external-secrets/${REVIEWER}-1`],
  },
  {
    what: "the reviewer's ServiceAccount deleted",
    spoil: async (world) => {
      await remove("serviceaccount", REVIEWER, "external-secrets")(world);
      await until(
        "the tokens to go",
        async () =>
          !(await world.stack.kubectl(["get", "secret", "-n", "external-secrets", "-o", "name"])).includes(
            REVIEWER,
          ),
      );
    },
    plan: [
      `create kubernetes/ServiceAccount/external-secrets/${REVIEWER}`,
      `create kubernetes/Secret/external-secrets/${REVIEWER}-1`,
      `update ${KUBERNETES_AUTH}`,
    ],
    because: "Kubernetes deletes a ServiceAccount's tokens with it",
  },
  {
    what: "the namespace deleted",
    spoil: remove("namespace", "shop"),
    plan: [
      "create kubernetes/Namespace/-/shop",
      "create kubernetes/Secret/shop/infisical-identity",
      "create kubernetes/SecretStore/shop/infisical",
      "create kubernetes/ExternalSecret/shop/shop-db",
    ],
    because: "all that was in it is gone",
  },
  {
    what: "ESO's Deployment deleted",
    spoil: remove("deployment", "external-secrets", "external-secrets"),
    plan: ["update helm/Release/external-secrets/external-secrets"],
    helm: true,
  },
  {
    what: "ESO upgraded by hand with other values",
    spoil: (world) =>
      world.stack.helm([
        "upgrade",
        "external-secrets",
        world.stack.chart.tgz,
        "-n",
        "external-secrets",
        "--reuse-values",
        "--set",
        "replicaCount=2",
      ]),
    plan: ["update helm/Release/external-secrets/external-secrets"],
    helm: true,
  },
];

describe("a second run", () => {
  let world: World;
  const revisions = async () =>
    (
      JSON.parse(
        await world.stack.helm(["history", "external-secrets", "-n", "external-secrets", "-o", "json"]),
      ) as unknown[]
    ).length;

  const expectQuiet = async () => {
    const before = await revisions();
    clearProxies(world);
    const run = await init(world);
    expect(troubleOf(run)).toBe("");
    expect([run.code, run.json.writes, linesOf(run.json)]).toEqual([0, 0, []]);
    expect(run.json.changes.every(({ action }) => action === "unchanged")).toBe(true);
    expect(writesSeen(world)).toEqual([]);
    expect(await revisions()).toBe(before);
  };

  beforeAll(async () => {
    world = await startWorld({ infisical: { plan: { rbac: true } } });
    await world.config(
      settings(world, {
        secrets: [
          {
            name: "shop-db",
            namespace: "shop",
            store: "infisical",
            refreshInterval: "1h",
            keys: ["DB_HOST", "DB_PASSWORD"],
          },
        ],
      }),
    );
    const run = await init(world);
    expect(troubleOf(run)).toBe("");
    // The proxies count what the tool counts, Helm's own writes besides: a first run is not 0 by a broken counter.
    expect(run.json.writes).toBeGreaterThan(8);
    expect(writesSeen(world).length).toBeGreaterThanOrEqual(run.json.writes);
  });
  afterAll(() => world.stop());

  test("writes nothing, in either system, and makes no Helm revision", async () => {
    await expectQuiet();
    expect(await revisions()).toBe(1);
    expect((await plan(world)).code).toBe(0);
  });

  test.each(CASES)(
    "$what: exactly that is repaired",
    async ({ spoil, plan: wanted, applied = wanted, helm }) => {
      await spoil(world);
      const before = await revisions();
      const planned = await plan(world);
      expect(linesOf(planned.json)).toEqual(wanted);
      expect(planned.code).toBe(6);

      const run = await init(world);
      expect(troubleOf(run)).toBe("");
      expect(linesOf({ changes: run.json.applied })).toEqual(applied);
      expect(await revisions()).toBe(before + (helm ? 1 : 0));
      await expectQuiet();
      const data = await until("the Secret", () => world.secret("shop", "shop-db"));
      expect(data).toEqual({ DB_HOST: SHOP_VALUES.DB_HOST, DB_PASSWORD: SHOP_VALUES.DB_PASSWORD });
    },
  );

  test("the target Secret deleted: ESO's own work, not ours", async () => {
    await remove("secret", "shop-db", "shop")(world);
    await until("ESO to write it again", () => world.secret("shop", "shop-db"));
    await expectQuiet();
  });
});
