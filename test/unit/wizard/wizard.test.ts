import { describe, expect, it } from "vitest";
import { FIELDS, ALL_FIELDS } from "../../../src/inputs/fields.ts";
import { QUESTIONS } from "../../../src/wizard/questions.ts";
import { CTRL_C } from "../../fakes/prompt.ts";
import { ask, createWorld, DRAFT, LOGIN, SHOP } from "./world.ts";

const FULL = {
  Cluster: "prod-eu",
  Infisical: "eu",
  "Log in with": "Universal Auth",
  "Client id": "3f61",
  "Client secret": "right",
  Project: "shop-x7k2",
  Environment: "prod",
  Folder: [{ go: "/shop" }, { take: "/shop" }],
  Namespace: "another",
  "Name of the new namespace": "shop",
  Store: "SecretStore",
  Keys: [["DB_HOST", "DB_PASSWORD", "DB_USER"]],
  "Name of the Secret": "shop-db",
  "Refresh every": "60s",
  Reviewer: "token",
};
const { Folder: _, ...REST } = FULL;

describe("the wizard", () => {
  it("asks everything in order and hands over plain values and the login", async () => {
    const { answers, prompt } = await ask(FULL);
    expect(answers).toEqual({
      values: {
        "cluster.context": "prod-eu",
        "infisical.host": "https://eu.infisical.com",
        "infisical.project": "shop-x7k2",
        "stores[].environment": "prod",
        "stores[].path": "/shop",
        "stores[].namespace": "shop",
        "stores[].kind": "SecretStore",
        "secrets[].keys": ["DB_HOST", "DB_PASSWORD", "DB_USER"],
        "secrets[].name": "shop-db",
        "secrets[].refreshInterval": "60s",
        "reviewer.mode": "token",
      },
      credential: LOGIN,
      firstValues: [],
    });
    expect(prompt.unused()).toEqual([]);
    expect(`\n${prompt.screen.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      ? Cluster prod-eu (https://k8s.example:6443)
      ? Infisical eu · https://eu.infisical.com
      ? Log in with Universal Auth (recommended)
      ? Client id 3f61
      ? Client secret ********
      ? Project shop-x7k2  (Shop)
      ? Environment prod
      ? Folder /shop →
      ? Folder /shop  (4 names, 1 folder below)
      ? Namespace another, new one
      ? Name of the new namespace shop
      ? Store SecretStore (recommended)
      ? Keys DB_HOST, DB_PASSWORD, DB_USER
      ? Name of the Secret shop-db
      ? Refresh every 60s  → about 5 requests a minute of 40 the free plan allows
      ? Reviewer a token of its own (recommended)
      "
    `);
  });

  it("answers only with keys of the fields table", async () => {
    const { answers } = await ask({ ...FULL, Store: "ClusterSecretStore" });
    const keys = new Set(ALL_FIELDS.map(({ key }) => key));
    expect(Object.keys(answers?.values ?? {}).filter((key) => !keys.has(key))).toEqual([]);
    expect(QUESTIONS.map(({ field }) => field).filter((key) => !keys.has(key))).toEqual(["credential"]);
  });

  it("asks only what is missing", async () => {
    const given = {
      "cluster.context": "prod-eu",
      "infisical.host": "https://eu.infisical.com",
      "infisical.project": "shop-x7k2",
      "stores[].path": "/shop",
      "stores[].namespace": "shop",
      "stores[].kind": "SecretStore",
      "secrets[].name": "shop-db",
      "secrets[].refreshInterval": "60s",
      "reviewer.mode": "token",
    };
    const script = { Environment: "prod", Keys: [["DB_HOST"]] };
    const { answers, prompt } = await ask(script, createWorld(), { given, credential: LOGIN });
    expect(answers).toEqual({
      values: { "stores[].environment": "prod", "secrets[].keys": ["DB_HOST"] },
      credential: undefined,
      firstValues: [],
    });
    expect(prompt.screen).toHaveLength(2);
  });

  it("asks only what has no default when a file is there", async () => {
    const script = { Project: "shop-x7k2", Environment: "dev", "Name of the first": "" };
    const { answers, prompt } = await ask(script, createWorld(), { credential: LOGIN, ask: "needed" });
    expect(answers?.values).toEqual({ "infisical.project": "shop-x7k2", "stores[].environment": "dev" });
    expect(prompt.unused()).toEqual([]);
  });

  it("asks nothing and contacts nobody when all is given", async () => {
    const given = Object.fromEntries(QUESTIONS.map(({ field }) => [field, "x"]));
    const { answers, prompt } = await ask({}, createWorld(), { given, credential: LOGIN });
    expect(answers).toEqual({ values: {}, credential: undefined, firstValues: [] });
    expect(prompt.screen).toEqual([]);
  });

  it("offers self review only where the server can", async () => {
    const { Reviewer: _reviewer, ...script } = FULL;
    const { answers } = await ask(script, createWorld({ selfReview: false }));
    expect(answers?.values).not.toHaveProperty("reviewer.mode");
  });
});

describe("a wrong answer", () => {
  it("to the login is told with the reason and asked again, the client id stays", async () => {
    const script = {
      ...FULL,
      "Log in with": ["Universal Auth", "Universal Auth"],
      "Client id": ["3f61", undefined],
      "Client secret": ["wrong", "right"],
    };
    const { answers, events, prompt } = await ask(script);
    expect(answers?.credential).toEqual(LOGIN);
    expect(events).toContainEqual({
      type: "warning",
      text: "Infisical refused the login. The client secret is wrong",
    });
    expect(prompt.screen.join("\n")).not.toMatch(/wrong|right/);
  });

  it("that locks the identity ends the wizard: more attempts would make it worse", async () => {
    const { error } = await ask({ ...FULL, "Client secret": "locked" });
    expect(error).toMatchObject({ code: "ESOB-I106" });
  });

  it("to the cluster is asked again, unless there is no other", async () => {
    const world = createWorld({ unreachable: ["prod-eu"] });
    const again = await ask({ ...FULL, Cluster: ["prod-eu", "dev"] }, world);
    expect(again.answers?.values).toMatchObject({ "cluster.context": "dev" });
    expect(again.events).toContainEqual({ type: "warning", text: "prod-eu does not answer. Refused" });
    const only = createWorld({ unreachable: ["prod-eu"], contexts: world.contexts.slice(1) });
    expect((await ask(FULL, only)).error).toMatchObject({ code: "ESOB-K101" });
  });

  it("to the server is asked again", async () => {
    const script = {
      ...FULL,
      Infisical: ["a server of my own", "eu"],
      "Address of your Infisical": ["infisical.example", "https://infisical.example/api"],
    };
    const world = createWorld({ unreachable: ["https://infisical.example"] });
    const { answers, prompt } = await ask(script, world);
    expect(answers?.values).toMatchObject({ "infisical.host": "https://eu.infisical.com" });
    expect(prompt.screen).toContain("  > expected a URL that starts with https://, or us, or eu");
  });

  it("to the Secret's name is refused while something foreign has it", async () => {
    const world = createWorld({
      objects: [
        { apiVersion: "v1", kind: "Secret", metadata: { namespace: "shop", name: "taken" } },
        {
          apiVersion: "external-secrets.io/v1",
          kind: "ExternalSecret",
          metadata: { namespace: "shop", name: "foreign" },
        },
      ],
    });
    const script = { ...FULL, "Name of the Secret": ["taken", "foreign", "Shop_DB", "shop-db"] };
    const { prompt } = await ask(script, world);
    expect(prompt.screen.filter((line) => line.startsWith("  >"))).toEqual([
      "  > Secret shop/taken is there already, and ESO does not keep it",
      "  > ExternalSecret shop/foreign is there and not ours",
      expect.stringContaining("expected a Kubernetes name"),
    ]);
  });
});

describe("the project", () => {
  it("is found by its name, too", async () => {
    const script = { ...FULL, Project: "another", "Slug or name": ["nope", "SHOP"] };
    const { answers, prompt } = await ask(script);
    expect(answers?.values).toMatchObject({ "infisical.project": "shop-x7k2" });
    expect(prompt.screen).toContain('  > there is no project "nope" that you may see');
  });

  it("given by name instead of slug is said at once, with the slug", async () => {
    const given = { "infisical.project": "Shop" };
    const { error } = await ask(REST, createWorld(), { given, credential: LOGIN });
    expect(error).toMatchObject({
      code: "ESOB-I204",
      fix: { command: "eso-bootstrap init --project shop-x7k2" },
      facts: { Exists: "infra, shop-x7k2" },
    });
  });

  it("given and absent is said at once, unless it may be created", async () => {
    const given = { "infisical.project": "new-one" };
    const { error } = await ask(REST, createWorld(), { given, credential: LOGIN });
    expect(error).toMatchObject({ code: "ESOB-I201" });
    const script = { ...REST, Path: "/app", "Name of the first": "", Environment: "staging" };
    const created = await ask(script, createWorld(), {
      given: { ...given, "infisical.create": true },
      credential: LOGIN,
    });
    expect(created.answers?.values).toMatchObject({
      "stores[].environment": "staging",
      "stores[].path": "/app",
    });
  });

  it("can be typed by who may not list projects", async () => {
    const script = { ...FULL, Project: "another", "Slug or name": "shop-x7k2" };
    const { answers } = await ask(script, createWorld({ mayListProjects: false }));
    expect(answers?.values).toMatchObject({ "infisical.project": "shop-x7k2" });
  });

  it("can be new, with a free slug, and then everything in it is", async () => {
    const script = {
      ...REST,
      Project: "a new project",
      "Slug of the new project": ["infra", "website"],
      Environment: "a new environment",
      "Slug of the new environment": "qa",
      Path: undefined,
      "Name of the first": "API_KEY",
      "Value of API_KEY": "hunter2",
      "Name of the next": "",
    };
    const { answers, prompt } = await ask(script);
    expect(prompt.screen).toContain("  > project infra is there already");
    expect(answers?.values).toMatchObject({
      "infisical.project": "website",
      "infisical.create": true,
      "stores[].environment": "qa",
      "stores[].path": "/",
      "secrets[].keys": ["API_KEY"],
    });
  });
});

describe("an empty folder", () => {
  const EMPTY = { ...FULL, Environment: "dev", Folder: { take: "/" } };

  it("is filled with typed names and hidden values", async () => {
    const { Keys: _keys, ...script } = EMPTY;
    const { answers, prompt } = await ask({
      ...script,
      "Name of the first": ["DB HOST", "DB_HOST"],
      "Value of DB_HOST": ["", "hunter2"],
      "Name of the next": ["DB_HOST", "DB_USER", ""],
      "Value of DB_USER": "hunter3",
    });
    expect(answers?.values).toMatchObject({ "secrets[].keys": ["DB_HOST", "DB_USER"] });
    expect(answers?.firstValues.map(({ name, value }) => [name, value.reveal()])).toEqual([
      ["DB_HOST", "hunter2"],
      ["DB_USER", "hunter3"],
    ]);
    expect(JSON.stringify([prompt.screen, answers])).not.toContain("hunter");
  });

  it("may stay empty: then there is no Secret to be named or refreshed", async () => {
    const { Keys: _keys, "Name of the Secret": _name, "Refresh every": _every, ...script } = EMPTY;
    const { answers } = await ask({ ...script, "Name of the first": "" });
    expect(Object.keys(answers?.values ?? {}).filter((key) => key.startsWith("secrets"))).toEqual([]);
  });
});

describe("the place", () => {
  it("can be a folder that is walked to, up and down", async () => {
    const script = {
      ...FULL,
      Folder: [{ go: "/shop" }, { go: "/shop/api" }, { go: "/shop" }, { go: "/" }, { take: "/" }],
      Keys: [["ROOT"]],
    };
    const { answers, prompt } = await ask(script);
    expect(answers?.values).toMatchObject({ "stores[].path": "/" });
    expect(prompt.screen.filter((line) => line.startsWith("? Folder"))).toMatchInlineSnapshot(`
      [
        "? Folder /shop →",
        "? Folder /shop/api →",
        "? Folder ← up",
        "? Folder ← up",
        "? Folder /  (1 name, 1 folder below)",
      ]
    `);
  });

  it("can be a typed folder that is created when that is wanted", async () => {
    const { Keys: _keys, "Name of the Secret": _name, "Refresh every": _every, ...rest } = FULL;
    const script = {
      ...rest,
      Folder: "another",
      Path: ["shop", "/shopp", "/new/"],
      "There is no folder /shopp": false,
      "There is no folder /new": true,
      "Name of the first": "",
    };
    const { answers } = await ask(script);
    expect(answers?.values).toMatchObject({ "stores[].path": "/new", "infisical.create": true });
  });

  it("of a ClusterSecretStore is ESO's, and the Secret's namespace may use it", async () => {
    const { answers } = await ask({ ...FULL, Store: "ClusterSecretStore" });
    expect(answers?.values).toMatchObject({
      "stores[].kind": "ClusterSecretStore",
      "stores[].allowedNamespaces": ["shop"],
      "secrets[].namespace": "shop",
    });
    expect(answers?.values).not.toHaveProperty(["stores[].namespace"]);
  });

  it("of a ClusterSecretStore by flag comes out the same", async () => {
    const { Store: _store, ...script } = FULL;
    const given = { "stores[].kind": "ClusterSecretStore" };
    const { answers } = await ask(script, createWorld(), { given });
    expect(answers?.values).toMatchObject({
      "stores[].allowedNamespaces": ["shop"],
      "secrets[].namespace": "shop",
    });
    expect(answers?.values).not.toHaveProperty(["stores[].namespace"]);
  });

  it("is typed by who may not list namespaces", async () => {
    const { "Name of the new namespace": _name, ...script } = FULL;
    const world = createWorld({ namespaces: "forbidden" });
    const { answers } = await ask({ ...script, Namespace: ["Shop", "shop"] }, world);
    expect(answers?.values).toMatchObject({ "stores[].namespace": "shop" });
  });

  it("never offers a namespace of Kubernetes itself, and offers the project's as a new one", async () => {
    const { "Name of the new namespace": _name, ...script } = FULL;
    const system = await ask({ ...script, Namespace: "kube-system" });
    expect(String(system.error)).toContain("has no choice");
    const preset = await ask({ ...script, Namespace: "shop-x7k2 (new" });
    expect(preset.answers?.values).toMatchObject({ "stores[].namespace": SHOP.slug });
  });
});

describe("all keys", () => {
  it("include those that come later", async () => {
    const { answers } = await ask({ ...FULL, Keys: "all" });
    expect(answers?.values).toMatchObject({ "secrets[].keys": "all" });
  });
});

describe("Ctrl-C", () => {
  it("keeps the answers so far, without secrets, and offers them the next time", async () => {
    const world = createWorld();
    const first = await ask({ ...FULL, Environment: CTRL_C }, world);
    expect(first.error).toMatchObject({ code: "ESOB-C205", exitCode: 130 });
    const kept = world.files.get(DRAFT) ?? "";
    expect(JSON.parse(kept)).toEqual({
      savedAt: "2026-11-23T20:15:00.000Z",
      values: {
        "cluster.context": "prod-eu",
        "infisical.host": "https://eu.infisical.com",
        "infisical.project": "shop-x7k2",
      },
    });
    expect(kept).not.toMatch(/right|3f61/);

    const second = await ask(
      { ...FULL, Cluster: undefined, Infisical: undefined, Project: undefined },
      world,
    );
    expect(second.answers?.values).toMatchObject({
      "cluster.context": "prod-eu",
      "infisical.host": "https://eu.infisical.com",
      "infisical.project": "shop-x7k2",
    });
    expect(second.events[0]).toMatchObject({ type: "note", text: expect.stringContaining("2026-11-23") });
    expect(world.files.get(DRAFT)).toBe("{}\n");
  });

  it("never keeps values that were typed", async () => {
    const world = createWorld();
    const { Keys: _keys, ...rest } = FULL;
    const script = {
      ...rest,
      Environment: "dev",
      Folder: { take: "/" },
      "Name of the first": "DB_HOST",
      "Value of DB_HOST": "hunter2",
      "Name of the next": "",
      "Name of the Secret": CTRL_C,
    };
    await ask(script, world);
    expect(world.files.get(DRAFT)).toContain("DB_HOST");
    expect(world.files.get(DRAFT)).not.toContain("hunter2");
  });

  it("at the first question keeps nothing", async () => {
    const world = createWorld();
    expect((await ask({ Cluster: CTRL_C }, world)).error).toMatchObject({ code: "ESOB-C205" });
    expect(world.files.size).toBe(0);
  });

  it("offers defaults of every kind again", async () => {
    const world = createWorld();
    await ask(
      { ...FULL, Infisical: "a server of my own", "Address of": "https://i.example", Reviewer: CTRL_C },
      world,
    );
    const again = {
      ...FULL,
      Infisical: undefined,
      "Address of": undefined,
      Folder: { take: "/shop" },
      "Name of the Secret": undefined,
      "Refresh every": undefined,
      Reviewer: "self",
      Namespace: undefined,
      "Name of the new namespace": undefined,
      Store: undefined,
      Environment: undefined,
    };
    const { answers } = await ask(again, world);
    expect(answers?.values).toMatchObject({
      "infisical.host": "https://i.example",
      "stores[].environment": "prod",
      "stores[].namespace": "shop",
      "stores[].kind": "SecretStore",
      "secrets[].name": "shop-db",
      "secrets[].refreshInterval": "60s",
      "reviewer.mode": "self",
    });
  });

  it("ignores a draft that cannot be used", async () => {
    const world = createWorld({ files: new Map([[DRAFT, "not json"]]) });
    expect((await ask(FULL, world)).answers?.values).toHaveProperty([FIELDS.cluster.context.key]);
  });
});
