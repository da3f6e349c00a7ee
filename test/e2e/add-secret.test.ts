import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import type { ApplyResult } from "../../src/engine/apply.ts";
import {
  clearProxies,
  init,
  linesOf,
  readyReason,
  runJson,
  troubleOf,
  writesSeen,
  type Run,
} from "./driving.ts";
import { until } from "./stack/poll.ts";
import { settings, startWorld, type World } from "./world.ts";

/** A config file as a person keeps it. */
const FILE_TAIL = `
# what the shop reads
secrets:
  - name: "shop-db"   # the database
    namespace: shop
    store: infisical
    refreshInterval: 1h
    keys:
      - DB_HOST       # never changes
      - 'DB_USER'

  - {name: mail, namespace: shop, store: infisical, refreshInterval: 1h, keys: [DB_PORT]}
  - name: all
    namespace: shop
    store: infisical
    refreshInterval: 1h
    keys: all
# the end
`;

const ES = "/apis/external-secrets.io/v1/namespaces/shop/externalsecrets";
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
          { name: "shop", image: "example.com/shop:1", envFrom: [{ secretRef: { name: "shop-db" } }] },
        ],
      },
    },
  },
};

interface Failed {
  code: string;
  message: string;
  cause?: string;
  fix: { summary: string; command?: string };
}

interface Pod {
  metadata: { name: string; annotations?: Record<string, string>; deletionTimestamp?: string };
}

/** The line in the file is one of the changes. */
const FILE_LINE = "update kubernetes/File/-/eso-bootstrap.yaml";

describe("add-secret", () => {
  let world: World;
  let original: string;
  const file = () => world.file("eso-bootstrap.yaml");
  const add = (...args: string[]): Promise<Run<ApplyResult>> =>
    runJson<ApplyResult>(world, "add-secret", ...args, "--yes");
  const refused = async (...args: string[]) => {
    clearProxies(world);
    const before = await file();
    const run = await runJson<Failed>(world, "add-secret", ...args, "--yes");
    expect(writesSeen(world)).toEqual([]);
    expect(await file()).toBe(before);
    return { exit: run.code, ...run.json };
  };
  const withValue = async (value: string, ...args: string[]) => {
    const run = await world.cli(["add-secret", ...args, "--value-stdin", "--yes", "-o", "json"], {
      input: value,
    });
    return { ...run, json: JSON.parse(run.stdout) as ApplyResult & Failed };
  };
  const addedLines = (before: string, after: string) => {
    const old = before.split("\n");
    const kept = after.split("\n").filter((line) => old.includes(line));
    expect(kept.join("\n")).toBe(before);
    return after.split("\n").filter((line) => !old.includes(line));
  };
  const inInfisical = (name: string, value = "v", path = "/shop") =>
    world.infisical.setSecret("shop", "prod", path, name, value);
  const podsOf = async () => {
    const { items } = await world.stack.api<{ items: Pod[] }>(
      "GET",
      "/api/v1/namespaces/shop/pods?labelSelector=app%3Dshop",
    );
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };

  beforeAll(async () => {
    world = await startWorld();
    const { secrets: _, ...rest } = settings(world);
    await world.config(rest);
    original = (await file()) + FILE_TAIL;
    await writeFile(join(world.dir, "eso-bootstrap.yaml"), original);
    expect(troubleOf(await init(world))).toBe("");
    original = await file();
    await world.stack.kubectl(["apply", "-f", "-"], JSON.stringify(deployment));
    await until("the application", async () => (await podsOf()).length === 2);
  });
  afterAll(() => world?.stop());
  afterEach(() => {
    world.infisical.faults.clear();
    clearProxies(world);
  });

  test("a new value on stdin, with --restart: Infisical, one line in the file, Secret and new pods have it", async () => {
    const before = await podsOf();
    const run = await withValue("key-1\n", "API_KEY", "--to", "shop-db", "--restart");
    expect(troubleOf(run)).toBe("");
    expect(linesOf(run.json)).toEqual([
      "create infisical/SecretValue/-/shop/prod:/shop API_KEY",
      FILE_LINE,
      "update kubernetes/ExternalSecret/shop/shop-db",
      "update kubernetes/Deployment/shop/shop",
    ]);
    expect(await world.secret("shop", "shop-db")).toMatchObject({ API_KEY: "key-1", DB_HOST: "db.internal" });
    expect(addedLines(original, await file())).toEqual(["      - API_KEY"]);
    const after = await podsOf();
    expect(after).toHaveLength(2);
    for (const { metadata } of after) {
      expect(before.map((pod) => pod.metadata.name)).not.toContain(metadata.name);
      expect(metadata.annotations).toHaveProperty(["eso-bootstrap/secret-shop-db"]);
    }
    expect(run.stdout + run.stderr).not.toContain("key-1");
  });

  test("again: says so, exit 0, and writes nothing on any side", async () => {
    clearProxies(world);
    const before = await file();
    const run = await withValue("key-2", "API_KEY", "--to", "shop-db", "--restart");
    expect([run.code, linesOf(run.json), run.json.writes]).toEqual([0, [], 0]);
    expect(writesSeen(world)).toEqual([]);
    expect(await file()).toBe(before);
    expect(run.stderr).toContain("API_KEY is in prod:/shop already");
    expect((await world.secret("shop", "shop-db"))["API_KEY"]).toBe("key-1");
    const told = await world.cli(["add-secret", "API_KEY", "--to", "shop-db", "--yes"]);
    expect(told.stderr).toContain("Nothing to add: Secret shop/shop-db has API_KEY already.");
  });

  test("--dry-run and a terminal that is none change nothing", async () => {
    inInfisical("SMTP_HOST");
    const dry = await world.cli(["add-secret", "SMTP_HOST", "--to", "shop-db", "--dry-run", "-o", "json"]);
    expect([dry.code, linesOf(JSON.parse(dry.stdout) as ApplyResult)]).toEqual([
      6,
      [FILE_LINE, "update kubernetes/ExternalSecret/shop/shop-db"],
    ]);
    const asked = await world.cli(["add-secret", "SMTP_HOST", "--to", "shop-db"]);
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining("ESOB-C107")]);
    expect(asked.stderr).toMatch(/eso-bootstrap\.yaml, line \d+: {2}\+ - SMTP_HOST/);
    expect(await file()).not.toContain("SMTP_HOST");
  });

  test("another name, into a list on one line", async () => {
    const before = await file();
    const run = await add("SMTP_HOST", "--to", "mail", "--as", "host");
    expect(troubleOf(run)).toBe("");
    expect(
      (await file())
        .replace("[DB_PORT, host: SMTP_HOST]", "[DB_PORT]")
        .replace("[DB_PORT, {host: SMTP_HOST}]", "[DB_PORT]"),
    ).toBe(before);
    expect(await world.secret("shop", "mail")).toEqual({ DB_PORT: "5432", host: "v" });
  });

  test("where all keys are taken, nothing is added to the file: the value is made, synced and proved", async () => {
    const before = await file();
    const run = await withValue("t-1", "TOKEN", "--to", "all");
    expect(troubleOf(run)).toBe("");
    expect((await world.secret("shop", "all"))["TOKEN"]).toBe("t-1");
    expect(await file()).toBe(before);
  });

  test("bad input: what is wrong, what to do, and nothing is written", async () => {
    expect(await refused("DB_PASWORD", "--to", "shop-db")).toMatchObject({
      exit: 1,
      code: "ESOB-E105",
      cause: "did you mean DB_PASSWORD?",
    });
    expect(await refused("BAD KEY", "--to", "shop-db")).toMatchObject({ exit: 2, code: "ESOB-C301" });
    expect(await refused("KEY:1", "--to", "shop-db")).toMatchObject({ exit: 2, code: "ESOB-C301" });
    expect(await refused("DB_PASSWORD", "--as", "ä", "--to", "shop-db")).toMatchObject({
      exit: 2,
      code: "ESOB-C301",
    });
    expect(await refused("A", "B", "--as", "c", "--to", "shop-db")).toMatchObject({
      exit: 2,
      code: "ESOB-C302",
    });
    expect(await refused("DB_PASSWORD")).toMatchObject({ exit: 2, code: "ESOB-C302" });
    expect(await refused("DB_PASSWORD", "--to", "shop-bd")).toMatchObject({
      exit: 1,
      code: "ESOB-E301",
      cause: "did you mean shop-db?",
    });
    expect(await refused("DB_PASSWORD", "--as", "DB_HOST", "--to", "shop-db")).toMatchObject({
      exit: 2,
      code: "ESOB-C303",
    });
    const elsewhere = await refused("/cart/DB_PASSWORD", "--to", "shop-db");
    expect(elsewhere).toMatchObject({
      exit: 1,
      code: "ESOB-E307",
      cause: "its rule is: read prod:/shop, nothing else",
    });
    expect(elsewhere.fix.summary).toContain("alsoRead");
    const empty = await world.cli(["add-secret", "X", "--to", "shop-db", "--value-stdin", "--yes"], {
      input: "\n",
    });
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining("ESOB-C304")]);
  });

  test("two ExternalSecrets with the same target", async () => {
    await world.stack.kubectl(
      ["apply", "-f", "-"],
      JSON.stringify(foreign("rival", { target: { name: "shop-db" } })),
    );
    expect(await refused("DB_PASSWORD", "--to", "shop-db")).toMatchObject({ exit: 1, code: "ESOB-E308" });
    await world.stack.kubectl(["delete", "externalsecret", "rival", "-n", "shop"]);
  });

  test("a change policy that wants an approval is told, not taken for done; afterwards it goes on", async () => {
    const before = await file();
    const held = { id: "a1", status: "open" };
    world.infisical.faults.add({
      kind: "json",
      status: 200,
      body: { approval: held },
      match: ({ method, path }) => method === "POST" && path.includes("/secrets/"),
    });
    const run = await withValue("held", "HELD_KEY", "--to", "shop-db");
    expect(run.code).toBe(1);
    expect(run.json.failed?.error.code).toBe("ESOB-E309");
    expect(run.json.applied).toEqual([]);
    expect(await file()).toBe(before);
    world.infisical.faults.clear();
    inInfisical("HELD_KEY", "approved");
    expect(troubleOf(await add("HELD_KEY", "--to", "shop-db"))).toBe("");
    expect((await world.secret("shop", "shop-db"))["HELD_KEY"]).toBe("approved");
  });

  test("killed after the line was written: the next run finishes", async () => {
    inInfisical("LATE_KEY");
    const text = await file();
    await writeFile(
      join(world.dir, "eso-bootstrap.yaml"),
      text.replace("      - HELD_KEY\n", "      - HELD_KEY\n      - LATE_KEY\n"),
    );
    const run = await add("LATE_KEY", "--to", "shop-db");
    expect(troubleOf(run)).toBe("");
    expect(linesOf(run.json)).toEqual(["update kubernetes/ExternalSecret/shop/shop-db"]);
    expect((await world.secret("shop", "shop-db"))["LATE_KEY"]).toBe("v");
  });

  /** As somebody made it by hand. */
  function foreign(name: string, spec: object = {}, metadata: object = {}) {
    return {
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name, namespace: "shop", ...metadata },
      spec: {
        refreshInterval: "1h",
        secretStoreRef: { kind: "SecretStore", name: "infisical" },
        data: [{ secretKey: "DB_HOST", remoteRef: { key: "DB_HOST" } }],
        ...spec,
      },
    };
  }
  const dataOf = async (name: string) =>
    (
      await world.stack.api<{ spec: { data: { secretKey: string; remoteRef: { key: string } }[] } }>(
        "GET",
        `${ES}/${name}`,
      )
    ).spec.data;

  test("one that no file names: a guarded patch of the live object, and nothing else of it", async () => {
    await world.stack.kubectl(["apply", "-f", "-"], JSON.stringify(foreign("byhand")));
    const before = await file();
    clearProxies(world);
    const run = await add("DB_PASSWORD", "--to", "shop/byhand", "--as", "password");
    expect(troubleOf(run)).toBe("");
    const patch = world.proxies.kubernetes.seen.find(({ body }) => body.includes("/spec/data"));
    expect(JSON.parse(patch?.body ?? "[]")).toMatchObject([
      { op: "test", path: "/metadata/resourceVersion" },
      { op: "add", path: "/spec/data/-" },
    ]);
    expect((await dataOf("byhand")).map(({ secretKey }) => secretKey)).toEqual(["DB_HOST", "password"]);
    expect(await world.secret("shop", "byhand")).toMatchObject({ password: "canary-value-7f31" });
    expect(await file()).toBe(before);
    clearProxies(world);
    const again = await add("DB_PASSWORD", "--to", "shop/byhand", "--as", "password");
    expect([again.code, again.json.writes, writesSeen(world)]).toEqual([0, 0, []]);
  });

  test("a key there that ESO may not read is taken back, so that the others go on", async () => {
    const run = await add("/cart/DB_PASSWORD", "--to", "shop/byhand", "--timeout", "40s");
    expect(run.code).toBe(1);
    expect(run.json.failed?.error.code).toBe("ESOB-E302");
    expect(JSON.stringify(run.json.failed)).toContain("was taken back");
    expect(await dataOf("byhand")).toHaveLength(2);
    await until(
      "it to sync again",
      async () => (await readyReason(world, "namespaces/shop/externalsecrets/byhand")) === "SecretSynced",
    );
  });

  test("one that GitOps keeps is not touched: the lines and where they belong are told", async () => {
    const labels = {
      "kustomize.toolkit.fluxcd.io/name": "shop",
      "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    };
    await world.stack.kubectl(["apply", "-f", "-"], JSON.stringify(foreign("gitops", {}, { labels })));
    const flux = await refused("DB_PASSWORD", "--to", "shop/gitops");
    expect(flux).toMatchObject({ exit: 1, code: "ESOB-E312" });
    expect(flux.message).toContain("Flux Kustomization flux-system/shop");
    expect(flux.fix.summary).toContain('{"secretKey":"DB_PASSWORD","remoteRef":{"key":"DB_PASSWORD"}}');
    expect(await dataOf("gitops")).toHaveLength(1);
    const tracking = {
      "argocd.argoproj.io/tracking-id": "shop:external-secrets.io/ExternalSecret:shop/gitops",
    };
    await world.stack.kubectl(
      ["apply", "-f", "-"],
      JSON.stringify(foreign("gitops", {}, { annotations: tracking })),
    );
    expect((await refused("DB_PASSWORD", "--to", "shop/gitops")).message).toContain(
      "Argo CD application shop",
    );
  });

  test("one that ESO reads only once cannot grow", async () => {
    await world.stack.kubectl(
      ["apply", "-f", "-"],
      JSON.stringify(foreign("once", { refreshPolicy: "CreatedOnce" })),
    );
    await until(
      "it to sync",
      async () => (await readyReason(world, "namespaces/shop/externalsecrets/once")) === "SecretSynced",
    );
    expect(await refused("DB_PASSWORD", "--to", "shop/once")).toMatchObject({ exit: 1, code: "ESOB-E303" });
  });

  test("the whole file is as a person kept it", async () => {
    const text = await readFile(join(world.dir, "eso-bootstrap.yaml"), "utf8");
    for (const kept of [
      "# what the shop reads",
      '"shop-db"   # the database',
      "- DB_HOST       # never changes",
      "- 'DB_USER'",
      "# the end",
    ])
      expect(text).toContain(kept);
  });
});
