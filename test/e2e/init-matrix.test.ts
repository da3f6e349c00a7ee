import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  accessOf,
  identityIn,
  init,
  linesOf,
  readyReason,
  troubleOf,
  writesSeen,
  clearProxies,
} from "./driving.ts";
import { settings, SHOP_VALUES, startWorld, type World } from "./world.ts";

/** The servers: which generation, and whether its plan has custom roles. A server of 2024 has them in every plan. */
const SERVERS = [
  { server: "2024-10", generation: "2024-10", rbac: false, roles: true },
  { server: "2026 with custom roles", generation: "2026", rbac: true, roles: true },
  { server: "2026 without custom roles", generation: "2026", rbac: false, roles: false },
] as const;

const KINDS = ["SecretStore", "ClusterSecretStore"] as const;
const MODES = ["token", "self"] as const;

const CELLS = MODES.flatMap((mode) => KINDS.map((kind) => ({ mode, kind })));

describe.each(SERVERS)("init on Infisical $server", ({ generation, rbac, roles }) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ generation, infisical: { plan: { rbac } } });
  });
  afterAll(() => world.stop());

  test.each(CELLS)("$kind, reviewer mode $mode", async ({ mode, kind }) => {
    const name = `${mode}-${kind.toLowerCase()}`;
    const cluster = kind === "ClusterSecretStore";
    const store = { name, kind, namespace: cluster ? "platform" : name, environment: "prod", path: "/shop" };
    await world.config(
      settings(world, {
        reviewer: { mode },
        stores: [{ ...store, ...(cluster && { allowedNamespaces: [name] }) }],
        secrets: [
          {
            name: "db",
            namespace: name,
            store: name,
            refreshInterval: "5s",
            keys: ["DB_HOST", { PASSWORD: "DB_PASSWORD" }],
          },
        ],
      }),
    );
    clearProxies(world);
    const run = await init(world);

    if (mode === "self" && generation === "2024-10") {
      expect(run.code).toBe(1);
      expect(linesOf(run.json)).toContain(
        `blocked infisical/KubernetesAuth/-/eso-e2e-${cluster ? "platform" : name}-${name}`,
      );
      expect(run.json.failed?.error.code).toBe("ESOB-C203");
      const reason = run.json.changes.find(({ action }) => action === "blocked")?.reason;
      expect(reason).toContain("demands a reviewer token");
      expect(writesSeen(world)).toEqual([]);
      return;
    }
    expect(troubleOf(run)).toBe("");
    expect(run.code).toBe(0);
    const storePath = cluster ? `clustersecretstores/${name}` : `namespaces/${name}/secretstores/${name}`;
    expect(await readyReason(world, storePath)).toBe("Valid");
    expect(await readyReason(world, `namespaces/${name}/externalsecrets/db`)).toBe("SecretSynced");
    expect(await world.secret(name, "db")).toEqual({
      DB_HOST: SHOP_VALUES.DB_HOST,
      PASSWORD: SHOP_VALUES.DB_PASSWORD,
    });

    const identity = `eso-e2e-${cluster ? "platform" : name}-${name}`;
    const auth = identityIn(world, identity);
    expect(auth).toMatchObject({ orgRole: "no-access", project: null, authMethods: ["kubernetes-auth"] });
    expect(auth.kubernetesAuth[0]?.tokenReviewerJwt === "").toBe(mode === "self");
    const slug = identity.replace(/^eso-/, "k8s-");
    expect(accessOf(world, "shop", identity)).toEqual(
      roles ? { roles: [slug], privileges: [] } : { roles: ["no-access"], privileges: [slug] },
    );
    expect(run.json.checks.filter(({ category }) => category === "login")).toEqual([
      expect.objectContaining({
        status: "pass",
        evidence: expect.stringContaining("refused: prod:/, dev:/shop"),
      }),
    ]);
  });
});
