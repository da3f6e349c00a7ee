import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { ApplyResult } from "../../src/engine/apply.ts";
import {
  accessOf,
  clearProxies,
  identityIn,
  init,
  linesOf,
  plan,
  readyReason,
  runJson,
  troubleOf,
  writesSeen,
} from "./driving.ts";
import { settings, startWorld, type World } from "./world.ts";

const IDENTITY = "eso-e2e-shop-infisical";

/** What is in both systems at the end, without what differs between two clusters. */
async function endState(world: World) {
  const kinds = "serviceaccount,secret,secretstore,externalsecret,clusterrolebinding,namespace";
  const json = await world.stack.kubectl([
    "get",
    kinds,
    "-A",
    "-l",
    "app.kubernetes.io/managed-by=eso-bootstrap",
    "-o",
    "json",
  ]);
  const { items } = JSON.parse(json) as {
    items: {
      kind: string;
      metadata: { name: string; namespace?: string };
      type?: string;
      roleRef?: unknown;
      subjects?: unknown;
    }[];
  };
  const identity = identityIn(world, IDENTITY);
  const [auth] = identity.kubernetesAuth;
  return {
    objects: items.map(({ kind, metadata, type, roleRef, subjects }) => ({
      name: `${kind} ${metadata.namespace ?? "-"}/${metadata.name}`,
      type,
      roleRef,
      subjects,
    })),
    identity: {
      ...identity,
      metadata: identity.metadata.filter(({ key }) => key !== "cluster"),
      kubernetesAuth: [],
    },
    auth: { ...auth, kubernetesHost: "", caCert: "", tokenReviewerJwt: auth?.tokenReviewerJwt.length },
    access: accessOf(world, "shop", IDENTITY),
  };
}

describe("plan, and apply of what was planned", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ infisical: { plan: { rbac: true } } });
    await world.config(settings(world));
  });
  afterAll(() => world.stop());

  test("a plan exits 6 and writes nothing but its file, without secrets", async () => {
    clearProxies(world);
    const planned = await plan(world, "--output-file", "plan.json");
    expect(planned.code).toBe(6);
    expect(writesSeen(world)).toEqual([]);
    const text = await readFile(join(world.dir, "plan.json"), "utf8");
    expect(JSON.parse(text)).toMatchObject({
      apiVersion: "eso-bootstrap/v1",
      kind: "Plan",
      changes: planned.json.changes,
    });
    expect(text).not.toContain(world.infisical.operator.clientSecret);
    expect((await world.cli(["init", "-f", "eso-bootstrap.yaml", "--dry-run"])).code).toBe(6);
    expect(writesSeen(world)).toEqual([]);
  });

  test("without --yes and without a terminal nothing is applied", async () => {
    clearProxies(world);
    const result = await world.cli(["apply"]);
    expect([result.code, result.stderr.includes("ESOB-C107")]).toEqual([2, true]);
    expect(writesSeen(world)).toEqual([]);
  });

  test("apply --plan is refused when the world has moved since", async () => {
    await world.stack.kubectl(["create", "namespace", "shop"]);
    clearProxies(world);
    const result = await world.cli(["apply", "--plan", "plan.json", "--yes"]);
    expect([result.code, result.stderr.includes("ESOB-C201")]).toEqual([1, true]);
    expect(writesSeen(world)).toEqual([]);
    const json = await world.cli(["apply", "--plan", "plan.json", "--yes", "-o", "json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ kind: "Error", code: "ESOB-C201", exitCode: 1 });
  });

  test("something that is no plan is refused", async () => {
    await world.cli(["render", "--out", "rendered"]);
    for (const file of ["missing.json", "eso-bootstrap.yaml"]) {
      const result = await world.cli(["apply", "--plan", file, "--yes"]);
      expect([file, result.code, result.stderr.includes("ESOB-C202")]).toEqual([file, 2, true]);
    }
  });

  test("a fresh plan is applied; then plan exits 0", async () => {
    await plan(world, "--output-file", "plan.json");
    const run = await runJson<ApplyResult>(world, "apply", "--plan", "plan.json", "--yes");
    expect(troubleOf(run)).toBe("");
    expect(await readyReason(world, "namespaces/shop/externalsecrets/shop-db")).toBe("SecretSynced");
    const next = await plan(world);
    expect([next.code, linesOf(next.json)]).toEqual([0, []]);
  });
});

describe("install, reviewer, identity, store, one after the other", () => {
  test("lead to the same as init", async () => {
    const worlds = await Promise.all([startWorld(), startWorld()]);
    const [byParts, byInit] = worlds;
    try {
      for (const world of worlds) {
        const { secrets: _secrets, ...rest } = settings(world);
        await world.config({ ...rest, secrets: [] });
      }
      const steps: Record<string, string[]> = {};
      for (const part of ["install", "reviewer", "identity", "store"]) {
        const run = await runJson<ApplyResult>(byParts, part, "--yes");
        expect(`${part} ${troubleOf(run)}`).toBe(`${part} `);
        steps[part] = [...new Set(run.json.changes.map(({ step }) => step))];
      }
      expect(steps).toEqual({
        install: ["eso"],
        reviewer: ["reviewer"],
        identity: ["project", "identity", "kubernetes-auth"],
        store: ["store"],
      });
      const whole = await init(byInit);
      expect(troubleOf(whole)).toBe("");
      expect(await endState(byParts)).toEqual(await endState(byInit));
      expect(await readyReason(byParts, "namespaces/shop/secretstores/infisical")).toBe("Valid");
      clearProxies(byParts);
      const after = await init(byParts);
      expect([after.code, after.json.writes, linesOf(after.json), writesSeen(byParts)]).toEqual([
        0,
        0,
        [],
        [],
      ]);
    } finally {
      await Promise.all(worlds.map((world) => world.stop()));
    }
  });
});
