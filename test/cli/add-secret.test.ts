import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { createInfisical } from "../../src/infisical/client.ts";
import { startInfisical, type InfisicalServer } from "../../src/sandbox/infisical/index.ts";
import { createClock } from "../../src/system/clock.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { createFakeHelm } from "../fakes/helm.ts";
import { createFakePrompt, CTRL_C, type Script } from "../fakes/prompt.ts";
import { base64, ES, esRef, externalSecret, playEso, secretRef, shop, sync } from "../unit/sync/eso.ts";
import { documentIn, run } from "./person.ts";

let server: InfisicalServer;
const OPEN: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  server = await startInfisical({ generation: "2026", seed: "add-secret" });
  server.createProject("shop", "shop");
  server.addMember("shop", server.operator.identityId, "admin");
});
afterEach(async () => {
  for (const one of OPEN.splice(0)) await one.close();
});
afterAll(() => server.stop());

const FILE = () => `apiVersion: eso-bootstrap/v1
infisical:
  host: ${server.url}   # ours
  project: shop
stores:
  - name: infisical
    namespace: shop
    environment: prod
    path: /shop
    recursive: true
secrets:
  - name: shop-db
    namespace: shop
    store: infisical
    keys:
      - A   # the first
`;

interface Scene {
  readonly values?: Readonly<Record<string, string>>;
  readonly answers?: Script;
  readonly file?: string | undefined;
  readonly stdin?: string;
  readonly cluster?: FakeCluster;
  /** What comes to Infisical within the run. */
  readonly late?: Readonly<Record<string, string>>;
}

/** Runs the command with a fake cluster whose ESO syncs what Infisical has, and the simulated Infisical. */
async function addSecret(args: readonly string[], scene: Scene = {}) {
  const { values = { A: "1", B: "2" }, answers, stdin = "", cluster = shop(), late = {} } = scene;
  for (const [name, value] of Object.entries(values)) server.setSecret("shop", "prod", "/shop", name, value);
  playEso(cluster, { ...values, ...late });
  const prompt = answers && createFakePrompt(answers);
  const file = "file" in scene ? scene.file : FILE();
  const ran = await run(["add-secret", ...args], {
    files: file === undefined ? {} : { "eso-bootstrap.yaml": file },
    env: {
      INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: server.operator.clientId,
      INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: server.operator.clientSecret,
      ...(file === undefined && { INFISICAL_API_URL: server.url }),
    },
    deps: {
      clock: async () => createClock(),
      openCluster: async () => cluster,
      openHelm: async () => createFakeHelm(),
      openInfisical: async (options) => {
        const infisical = createInfisical(options);
        OPEN.push(infisical);
        return infisical;
      },
      readStdin: async () => stdin,
      ...(prompt && { interactive: true, prompt: async () => prompt }),
    },
  });
  return { ...ran, cluster, prompt, text: ran.files.get("eso-bootstrap.yaml") };
}

describe("in a terminal", () => {
  test("without arguments: which ExternalSecret, which of the names that are not synced yet", async () => {
    const ran = await addSecret([], {
      answers: { "Add to": "shop/shop-db", Keys: ["B"], "Apply this change": true },
    });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.prompt?.unused()).toEqual([]);
    expect(ran.text).toBe(`${FILE()}      - B\n`);
    expect(ran.stderr.replace(/\s+/g, " ")).toContain(
      "Proved: ESO synced Secret shop/shop-db after this began, and it has B.",
    );
    expect(ran.cluster.peek(esRef("shop-db"))).toMatchObject({
      spec: { data: [{ secretKey: "A" }, { secretKey: "B" }] },
    });
  });

  test("without a file and without an ExternalSecret there is nothing to choose: it says how to go on", async () => {
    const ran = await addSecret([], {
      file: undefined,
      cluster: new FakeCluster({ eso: true }),
      answers: {},
    });
    expect([ran.code, ran.stderr.includes("This is a bug")]).toEqual([1, false]);
    expect(ran.stderr).toContain("ESOB-E301");
    expect(ran.stderr).toContain("--to NAMESPACE/NAME");
  });

  test("a name that is close to one that is there is offered as that one", async () => {
    const ran = await addSecret(["PASWORD"], {
      values: { A: "1", PASSWORD: "2" },
      answers: { "PASWORD is not in prod:/shop": "take PASSWORD", "Apply this change": true },
    });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.text).toBe(`${FILE()}      - PASSWORD\n`);
  });

  test("a new key: its value is asked for, hidden, made in Infisical after the plan", async () => {
    const ran = await addSecret(["NEW"], {
      answers: { "Value of NEW": "hidden-value-51", "Apply these 2 changes": true },
      late: { NEW: "hidden-value-51" },
    });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toMatch(/\+ SecretValue shop\/prod:\/shop NEW/);
    expect(ran.stderr + ran.stdout + ran.text).not.toContain("hidden-value-51");
    expect(server.log.sawToken("hidden-value-51").map(({ method }) => method)).toEqual(["POST"]);
    server.deleteSecret("shop", "prod", "/shop", "NEW");
  });

  test("declined: nothing is made, and the file is as it was", async () => {
    const ran = await addSecret(["NEW"], { answers: { Value: "v", "Apply these 2 changes": false } });
    expect([ran.code, ran.text]).toEqual([130, FILE()]);
    expect(ran.cluster.writes).toBe(0);
    const stopped = await addSecret([], { answers: { "Add to": CTRL_C } });
    expect([stopped.code, stopped.text]).toEqual([130, FILE()]);
  });

  test("a new ExternalSecret, with a line break before it as the file has them", async () => {
    const ran = await addSecret([], {
      answers: {
        "Add to": "a new ExternalSecret",
        "Name of the new ExternalSecret": ["shop-db", "mail"],
        Keys: ["B"],
        Apply: true,
      },
    });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.prompt?.screen.join("\n")).toContain("shop-db is there already");
    expect(ran.text?.startsWith(FILE())).toBe(true);
    expect(ran.text?.slice(FILE().length)).toBe(
      "  - name: mail\n    namespace: shop\n    store: infisical\n    keys:\n      - B\n",
    );
  });

  test("names of folders below, where the rule reaches them", async () => {
    server.setSecret("shop", "prod", "/shop/smtp", "HOST", "h");
    const ran = await addSecret([], {
      answers: { "Add to": "shop/shop-db", Keys: ["/shop/smtp/HOST"], Apply: true },
      values: { A: "1", HOST: "h" },
    });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.text).toBe(`${FILE()}      - /shop/smtp/HOST\n`);
  });
});

describe("without a terminal", () => {
  test("the plan is shown, and --yes wanted", async () => {
    const ran = await addSecret(["B"]);
    expect([ran.code, ran.text, ran.cluster.writes]).toEqual([2, FILE(), 0]);
    expect(ran.stderr).toContain("ESOB-C107");
    expect(ran.stderr).toContain("eso-bootstrap.yaml, line 17:  + - B");
  });

  test("there already: exit 0, and not one write", async () => {
    const cluster = shop();
    const first = await addSecret(["B", "--yes"], { cluster });
    const writes = cluster.writes;
    const again = await addSecret(["B", "--yes"], { cluster, file: first.text });
    expect([again.code, cluster.writes, again.text]).toEqual([0, writes, first.text]);
    expect(again.stderr).toContain("Nothing to add: Secret shop/shop-db has B already.");
  });

  test("the cluster has it and the file does not: only the line is added", async () => {
    const cluster = shop();
    await addSecret(["B", "--yes"], { cluster });
    const writes = cluster.writes;
    const ran = await addSecret(["B", "--yes"], { cluster });
    expect([ran.code, cluster.writes, ran.text]).toEqual([0, writes, `${FILE()}      - B\n`]);
  });

  test("--dry-run tells the line as a change, also where it is the only one: exit 6, and nothing is written", async () => {
    const line = {
      step: "secret",
      action: "update",
      target: { system: "kubernetes", kind: "File", name: "eso-bootstrap.yaml" },
      summary: "line 17: + - B",
    };
    const cluster = shop();
    const both = await addSecret(["B", "--dry-run", "-o", "json"], { cluster });
    expect([both.code, documentIn(both)]).toEqual([
      6,
      expect.objectContaining({
        changes: [line, expect.objectContaining({ action: "create" })],
        summary: expect.objectContaining({ update: 1, create: 1 }),
      }),
    ]);
    const { text } = await addSecret(["B", "--yes"], { cluster });
    const writes = cluster.writes;
    const only = await addSecret(["B", "--dry-run", "-o", "json"], { cluster });
    expect([only.code, documentIn(only), cluster.writes, only.text]).toEqual([
      6,
      expect.objectContaining({
        changes: [line, expect.objectContaining({ action: "unchanged" })],
        summary: expect.objectContaining({ update: 1, unchanged: 1 }),
      }),
      writes,
      FILE(),
    ]);
    const people = await addSecret(["B", "--dry-run"], { cluster });
    expect([people.code, people.stderr]).toEqual([6, expect.not.stringContaining("nothing to change")]);
    const done = documentIn(await addSecret(["B", "--yes", "-o", "json"], { cluster }));
    expect(done).toMatchObject({ applied: [line], notDone: [], writes: 0 });
    const nothing = await addSecret(["B", "--dry-run", "-o", "json"], { cluster, file: text });
    expect([nothing.code, documentIn(nothing)["summary"]]).toEqual([
      0,
      expect.objectContaining({ update: 0 }),
    ]);
  });

  test.each([
    [["B A"], "ESOB-C301"],
    [["B:A"], "ESOB-C301"],
    [["B", "--as", "a/b"], "ESOB-C301"],
    [["A", "B", "--as", "C"], "ESOB-C302"],
    [["A", "B", "--value-stdin"], "ESOB-C302"],
    [["--value-stdin"], "ESOB-C302"],
    [["B", "/x/B"], "ESOB-C302"],
    [[], "ESOB-C302"],
    [["NEW", "--value-stdin"], "ESOB-C304"],
    [["B", "--as", "A"], "ESOB-C303"],
    [["/other/B"], "ESOB-E307"],
    [["ZZZ"], "ESOB-E105"],
    [["B", "--to", "shop-bd"], "ESOB-E301"],
  ])("%j: %s, and nothing is written", async (args, code) => {
    const ran = await addSecret([...args, "--yes", "-o", "json"]);
    expect(documentIn(ran)).toMatchObject({ kind: "Error", code });
    expect(ran.code).toBe(code.startsWith("ESOB-C") ? 2 : 1);
    expect([ran.cluster.writes, ran.text]).toEqual([0, FILE()]);
  });

  test("one that takes all keys, in two namespaces: each is synced and proved", async () => {
    const cluster = shop();
    const places = ["shop", "cart"];
    cluster.seed({ apiVersion: "v1", kind: "Namespace", metadata: { name: "cart" } });
    for (const namespace of places) {
      const object = externalSecret("all", {
        data: undefined,
        dataFrom: [{ find: { name: { regexp: ".*" } } }],
      });
      cluster.seed({ ...object, metadata: { name: "all", namespace } });
    }
    const file = FILE()
      .replace("    namespace: shop\n    environment", "    namespace: [shop, cart]\n    environment")
      .replace(
        /  - name: shop-db[^]*/,
        "  - {name: all, namespace: [shop, cart], store: infisical, keys: all}\n",
      );
    const ran = await addSecret(["B", "--yes"], { cluster, file });
    expect(ran.code, ran.stderr).toBe(0);
    for (const namespace of places)
      expect(cluster.peek(secretRef("all", namespace))).toMatchObject({ data: { B: base64("2") } });
    const writes = cluster.writes;
    expect((await addSecret(["B", "--yes"], { cluster, file })).code).toBe(0);
    expect(cluster.writes).toBe(writes);
  });

  /** `shop-db` from line 12 on, and another that has the same keys. */
  const sharing = (first: string, second: string) =>
    FILE().replace(
      /  - name: shop-db[^]*/,
      `${first}  - name: mail\n    namespace: shop\n    store: infisical\n${second}`,
    );
  const DB = "  - name: shop-db\n    namespace: shop\n    store: infisical\n";

  test.each([
    [
      "the alias",
      "mail",
      `${DB}    keys: &db\n      - A\n`,
      "    keys: *db\n",
      "line 20, which takes it from line 16",
      "behind line 16",
    ],
    [
      "the anchor",
      "shop-db",
      `${DB}    keys: &db\n      - A\n`,
      "    keys: *db\n",
      "line 16)",
      "behind line 16",
    ],
    [
      "on one line",
      "mail",
      `${DB}    keys: &db [A]\n`,
      "    keys: *db\n",
      "line 19, which takes it from line 15",
      "to the list in line 15",
    ],
    [
      "merged",
      "mail",
      `  - &db\n${DB.replace("  - ", "    ")}    keys: [A]\n`,
      "    <<: *db\n",
      "line 20, which takes it from line 16",
      "to the list in line 16",
    ],
    [
      "merged from",
      "shop-db",
      `  - &db\n${DB.replace("  - ", "    ")}    keys: [A]\n`,
      "    <<: *db\n",
      "line 16)",
      "to the list in line 16",
    ],
  ])(
    "a list of keys that is shared (%s) is not changed for others: the line is said",
    async (_, to, first, second, where, place) => {
      const file = sharing(first, second);
      const cluster = shop();
      const ran = await addSecret(["B", "--to", to, "--yes", "-o", "json"], { cluster, file });
      expect([ran.code, documentIn(ran)]).toEqual([
        2,
        expect.objectContaining({
          code: "ESOB-C306",
          message: expect.stringContaining(where),
          fix: {
            summary: expect.stringContaining(`Add ${place.startsWith("to") ? "" : "- "}B ${place} by hand`),
          },
        }),
      ]);
      expect([ran.text, cluster.writes]).toEqual([file, 0]);
    },
  );

  test("an anchor that nobody else uses is no obstacle: the line alone is added", async () => {
    const file = FILE().replace("keys:", "keys: &db");
    const ran = await addSecret(["B", "--yes"], { file });
    expect([ran.code, ran.text]).toEqual([0, `${file}      - B\n`]);
  });

  test("two that write one Secret", async () => {
    const cluster = shop();
    cluster.seed(externalSecret("rival", { target: { name: "shop-db" } }));
    const ran = await addSecret(["B", "--yes", "-o", "json"], { cluster });
    expect(documentIn(ran)).toMatchObject({ code: "ESOB-E308" });
  });
});

describe("without a file", () => {
  const live = (cluster: FakeCluster, metadata: object = {}) => {
    const object = externalSecret("db", {}, ["A"]);
    cluster.seed({ ...object, metadata: { ...object.metadata, ...metadata } });
    const seeded = cluster.peek(esRef("db"));
    if (seeded) sync(cluster, seeded, { A: "1" }, "2026-11-23T11:00:00Z");
    return cluster;
  };

  test("the live object gets one entry, guarded", async () => {
    const ran = await addSecret(["B", "--to", "shop/db", "--as", "b", "--yes"], {
      cluster: live(shop(server.url)),
      file: undefined,
      values: { A: "1", B: "2", b: "2" },
    });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.cluster.peek(esRef("db"))).toMatchObject({
      spec: { data: [{ secretKey: "A" }, { secretKey: "b", remoteRef: { key: "B" } }] },
    });
    expect(ran.cluster.peek(secretRef("db"))).toMatchObject({ data: { b: base64("2") } });
    expect(ran.files.size).toBe(0);
  });

  test("what does not sync is taken back", async () => {
    const cluster = live(shop(server.url));
    const ran = await addSecret(["B", "--to", "shop/db", "--yes", "-o", "json", "--timeout", "1s"], {
      cluster,
      file: undefined,
      values: { A: "1", B: "2" },
    });
    expect(ran.code).toBe(0);
    cluster.onApply((object) => {
      if (object.kind === "ExternalSecret")
        cluster.setStatus(esRef("db"), {
          conditions: [{ type: "Ready", status: "False", reason: "SecretSyncedError", message: "no" }],
        });
    });
    const failed = await addSecret(
      ["A", "--as", "C", "--to", "shop/db", "--yes", "-o", "json", "--timeout", "1s"],
      { cluster, file: undefined },
    );
    expect(failed.code).not.toBe(0);
    expect(failed.stdout).toContain("was taken back");
    expect(JSON.stringify(cluster.peek(esRef("db"))?.["spec"])).not.toContain('"C"');
  });

  test("one of GitOps is not touched", async () => {
    const cluster = live(shop(server.url), { labels: { "argocd.argoproj.io/instance": "shop" } });
    const ran = await addSecret(["B", "--to", "shop/db", "--yes"], { cluster, file: undefined });
    expect([ran.code, cluster.writes]).toEqual([1, 0]);
    expect(ran.stderr).toContain("ESOB-E312");
    expect(ran.stderr.replaceAll(/\s+/g, " ")).toContain('{"secretKey":"B","remoteRef":{"key":"B"}}');
  });

  test("one that apply made from a file is not changed behind that file", async () => {
    const cluster = shop(server.url);
    await cluster.apply(externalSecret("db", {}, ["A"]));
    const before = cluster.writes;
    const ran = await addSecret(["B", "--to", "shop/db", "--yes"], { cluster, file: undefined });
    expect([ran.code, cluster.writes - before]).toEqual([1, 0]);
    expect(ran.stderr).toContain("ESOB-E313");
    expect(ran.stderr).toContain("eso-bootstrap add-secret B -f PATH/eso-bootstrap.yaml");
  });

  test("a store at another address gets no credential", async () => {
    const cluster = live(shop());
    const storeRef = { apiVersion: ES, kind: "SecretStore", namespace: "shop", name: "infisical" };
    expect(cluster.peek(storeRef)).toMatchObject({
      spec: { provider: { infisical: { hostAPI: "https://eu.infisical.com" } } },
    });
    const ran = await addSecret(["B", "--to", "shop/db", "--yes"], { cluster, file: undefined });
    expect([ran.code, ran.stderr.includes("ESOB-C305")]).toEqual([2, true]);
  });
});
