import { describe, expect, it } from "vitest";
import type { Inputs } from "../../../src/inputs/inputs.ts";
import {
  missingFields,
  openFields,
  resolveAll,
  resolveInputs,
  whereIs,
  type ResolveOptions,
} from "../../../src/inputs/resolve.ts";
import { givenValues } from "../../../src/inputs/given-values.ts";
import { slugFrom } from "../../../src/inputs/resolve-parts.ts";
import { failureOf, GOOD, linesOf } from "./mistakes.ts";

const V1 = "apiVersion: eso-bootstrap/v1\n";

const options = (changes: Partial<ResolveOptions> = {}): ResolveOptions => ({
  flags: {},
  env: {},
  file: undefined,
  filePath: "eso-bootstrap.yaml",
  ...changes,
});

const resolve = (changes: Partial<ResolveOptions>): Inputs => resolveInputs(options(changes));
const fails = (changes: Partial<ResolveOptions>) => failureOf(() => resolve(changes));

describe("precedence", () => {
  const LAYERS: readonly (readonly [source: string, changes: Partial<ResolveOptions>])[] = [
    ["flag", { flags: { esoNamespace: "flag" } }],
    ["environment", { env: { ESO_BOOTSTRAP_ESO_NAMESPACE: "environment" } }],
    ["file", { file: `${V1}eso: {namespace: file}\n` }],
    ["answer", { answers: { "eso.namespace": "answer" } }],
    ["detected", { detected: { "eso.namespace": "detected" } }],
  ];

  it.each(LAYERS.map(([source], index) => [source, index] as const))(
    "%s wins over what comes after",
    (source, index) => {
      const changes = LAYERS.slice(index).map(([, layer]) => layer);
      const inputs = resolve(Object.assign({}, ...changes));
      expect(inputs.eso.namespace).toBe(source);
      expect(inputs.sources["eso.namespace"]).toBe(source);
    },
  );

  it("ends with the default", () => {
    const inputs = resolve({});
    expect(inputs.eso.namespace).toBe("external-secrets");
    expect(inputs.sources["eso.namespace"]).toBe("default");
  });

  it("counts an empty variable as not set", () => {
    expect(resolve({ env: { ESO_BOOTSTRAP_ESO_NAMESPACE: " " } }).sources["eso.namespace"]).toBe("default");
  });

  it("passes over a detected value that cannot be right", () => {
    expect(resolve({ detected: { "eso.namespace": "Not A Namespace" } }).eso.namespace).toBe(
      "external-secrets",
    );
  });

  it("knows --no-manage-eso from commander's default", () => {
    expect(resolve({ flags: { manageEso: true } }).sources["eso.manage"]).toBe("default");
    expect(resolve({ flags: { manageEso: false } }).eso.manage).toBe(false);
    expect(resolve({ flags: { manageEso: true }, file: `${V1}eso: {manage: false}\n` }).eso.manage).toBe(
      false,
    );
  });

  it("takes a flag that was given several times as one list", () => {
    const inputs = resolve({ flags: { project: "shop", environment: "prod", alsoRead: ["/a", "/b"] } });
    expect(inputs.stores[0]?.alsoRead).toEqual(["/a", "/b"]);
  });
});

describe("one store and one secret", () => {
  it("can be described by flags alone", () => {
    const inputs = resolve({
      flags: {
        project: "shop",
        environment: "prod",
        path: "/team/shop",
        keys: "DB_HOST,DB_PASSWORD=PASSWORD",
      },
      detected: { "stores[].namespace": "shop" },
    });
    expect(inputs.stores).toEqual([
      {
        name: "infisical",
        kind: "SecretStore",
        namespace: { names: ["shop"] },
        allowedNamespaces: undefined,
        project: "shop",
        environment: "prod",
        path: "/team/shop",
        recursive: false,
        alsoRead: [],
        imports: false,
        identity: undefined,
        identityId: undefined,
        accessTokenTTL: 7200,
        spec: {},
      },
    ]);
    expect(inputs.secrets).toMatchObject([
      {
        name: "shop",
        namespace: { names: ["shop"] },
        store: "infisical",
        target: "shop",
        refreshInterval: "60s",
        creationPolicy: "Owner",
        deletionPolicy: "Retain",
        restart: "auto",
      },
    ]);
    expect(inputs).toMatchObject({ fileExists: false, file: "eso-bootstrap.yaml" });
  });

  it("are not made up where the command needs none", () => {
    const inputs = resolve({ env: { ESO_BOOTSTRAP_ENVIRONMENT: "prod", ESO_BOOTSTRAP_KEYS: "A" } });
    expect(inputs.stores).toEqual([]);
    expect(inputs.secrets).toEqual([]);
  });

  it("complete what the file's only store leaves open", () => {
    const file = `${V1}stores:\n  - name: a\nsecrets:\n  - name: b\n`;
    const inputs = resolve({ file, flags: { project: "shop", environment: "prod", keys: "A" } });
    expect(inputs.stores[0]).toMatchObject({ name: "a", project: "shop", environment: "prod" });
    expect(inputs.secrets[0]).toMatchObject({ name: "b", store: "a", keys: [{ as: "A", key: "A" }] });
  });

  it("overrule the file's only store", () => {
    const inputs = resolve({
      file: GOOD,
      flags: { path: "/other" },
      env: { ESO_BOOTSTRAP_ENVIRONMENT: "dev" },
    });
    expect(inputs.stores[0]).toMatchObject({ path: "/other", environment: "dev" });
    expect(inputs.sources).toMatchObject({
      "stores[0].path": "flag",
      "stores[0].environment": "environment",
    });
  });

  it("take --project also where the file's only store has a project of its own", () => {
    const file = `${V1}stores:\n  - {project: infra, environment: prod}\n`;
    expect(resolve({ file }).stores[0]?.project).toBe("infra");
    expect(resolve({ file, flags: { project: "shop" } }).stores[0]?.project).toBe("shop");
  });
});

describe("namespaces", () => {
  const store = (more: string) =>
    `${V1}infisical: {project: shop}\nstores:\n  - {environment: prod${more}}\n`;
  const namespaceOf = (changes: Partial<ResolveOptions>) => resolve(changes).stores[0]?.namespace;

  it("are the file's, even with -n, which only says what the file leaves open", () => {
    const file = store(", namespace: shop");
    expect(namespaceOf({ file, flags: { namespace: "cart" } })).toEqual({ names: ["shop"] });
  });

  it("come from -n, then from the context, then are default", () => {
    const detected = { "stores[].namespace": "team" };
    expect(namespaceOf({ file: store(""), flags: { namespace: "cart" }, detected })).toEqual({
      names: ["cart"],
    });
    expect(namespaceOf({ file: store(""), detected })).toEqual({ names: ["team"] });
    expect(namespaceOf({ file: store("") })).toEqual({ names: ["default"] });
  });

  it("of a cluster store's identity are ESO's unless the file says", () => {
    const detected = { "stores[].namespace": "team" };
    const inputs = resolve({
      file: store(", kind: ClusterSecretStore"),
      flags: { esoNamespace: "eso" },
      detected,
    });
    expect(inputs.stores[0]?.namespace).toEqual({ names: ["eso"] });
    expect(inputs.sources["stores[0].namespace"]).toBe("default");
  });

  it("of a secret are its store's, or those of -n with a cluster store", () => {
    const secret = "secrets:\n  - {name: a, keys: all}\n";
    const namespaced = resolve({ file: `${store(", namespace: [shop, cart]")}${secret}` });
    expect(namespaced.secrets[0]?.namespace).toEqual({ names: ["shop", "cart"] });
    const cluster = { file: `${store(", kind: ClusterSecretStore")}${secret}`, flags: { namespace: "cart" } };
    expect(resolve(cluster).secrets[0]?.namespace).toEqual({ names: ["cart"] });
  });

  it("choose among stores of the same name", () => {
    const file = `${V1}infisical: {project: shop}
stores:
  - {name: a, namespace: shop, environment: prod}
  - {name: a, namespace: cart, environment: prod}
secrets:
  - {name: x, namespace: cart, store: a, keys: all}
`;
    expect(resolve({ file }).secrets[0]).toMatchObject({ namespace: { names: ["cart"] }, store: "a" });
  });

  it("that only flags and defaults bring are judged like those of the file", () => {
    const file = `${V1}infisical: {project: shop}\nstores:\n  - {environment: prod}\nsecrets:\n  - {name: x, namespace: cart, keys: all}\n`;
    const error = fails({ file, flags: { namespace: "shop" } });
    expect(error).toMatchObject({ code: "ESOB-C101", exitCode: 2 });
    expect(linesOf(error)).toEqual([
      "line 6, column 15: secrets[0] is in cart, but SecretStore infisical serves shop only",
    ]);
  });

  it("that exclude each other are also found without a file", () => {
    const flags = {
      project: "shop",
      environment: "prod",
      keys: "A",
      namespace: "shop",
      secretNamespace: "cart",
    };
    const error = fails({ flags });
    expect(error).toMatchObject({ code: "ESOB-C104", exitCode: 2 });
    expect(error.reason).toContain("serves shop only");
  });
});

describe("what is missing", () => {
  it("is listed in one go, each with its flag, variable and key", () => {
    const error = fails({ needs: ["project", "store", "secret"] });
    expect(error).toMatchObject({ code: "ESOB-C103", exitCode: 2 });
    expect(error.message).toBe(
      "3 settings are missing: infisical.project, stores[0].environment, secrets[0].keys.",
    );
    expect(linesOf(error)).toEqual([
      "infisical.project: --project <slug>, ESO_BOOTSTRAP_PROJECT or infisical.project in eso-bootstrap.yaml",
      "stores[0].environment: --environment <slug>, ESO_BOOTSTRAP_ENVIRONMENT or stores[0].environment in eso-bootstrap.yaml",
      "secrets[0].keys: --keys <keys>, ESO_BOOTSTRAP_KEYS or secrets[0].keys in eso-bootstrap.yaml",
    ]);
    expect(error.fix.command).toBe("eso-bootstrap init --project <slug> --environment <slug> --keys <keys>");
  });

  it("is what a wizard must ask", () => {
    const asked = missingFields(
      options({ needs: ["project", "store", "secret"], flags: { project: "shop" } }),
    );
    expect(asked.map(({ key }) => key)).toEqual(["stores[].environment", "secrets[].keys"]);
    expect(missingFields(options({ file: GOOD }))).toEqual([]);
  });

  it("differs from what is open, which has a default", () => {
    const open = openFields(
      options({ file: GOOD, flags: { refreshInterval: "5m" }, needs: ["project", "store"] }),
    );
    expect(open.map(({ key }) => key)).toEqual(["cluster.context", "infisical.host", "reviewer.mode"]);
  });

  it("is not asked of a project when every store names its own", () => {
    const file = `${V1}stores:\n  - {project: a, environment: prod}\n`;
    expect(missingFields(options({ file, needs: ["project"] }))).toEqual([]);
  });

  it("is told before it is asked: values by key", () => {
    const given = givenValues(
      options({
        file: GOOD,
        flags: { path: "/x" },
        env: { INFISICAL_DOMAIN: "https://eu.infisical.com/api" },
      }),
    );
    expect(given).toMatchObject({
      "infisical.host": "https://eu.infisical.com",
      "infisical.project": "shop",
      "stores[].path": "/x",
      "stores[].environment": "prod",
      "secrets[].keys": ["DB_HOST"],
    });
    expect(given).not.toHaveProperty("eso.namespace");
  });
});

describe("wrong flags and variables", () => {
  it("are all told, by the name under which they were given", () => {
    const error = fails({
      flags: { path: "shop", project: "shop", environment: "prod" },
      env: { ESO_BOOTSTRAP_CREATE: "perhaps", ESO_BOOTSTRAP_ESO_VALUES: "{" },
    });
    expect(error).toMatchObject({ code: "ESOB-C104", exitCode: 2, message: "3 values are wrong." });
    expect(linesOf(error)).toEqual([
      'ESO_BOOTSTRAP_CREATE: expected true or false, found "perhaps"',
      'ESO_BOOTSTRAP_ESO_VALUES: expected a mapping, found "{"',
      '--path: expected a path such as /shop/db: letters, digits, dashes, dots and underscores between slashes, found "shop"',
    ]);
  });

  it("cannot describe one of several stores", () => {
    const file = GOOD.replace("stores:\n", "stores:\n  - {name: b, namespace: shop, environment: dev}\n");
    const error = fails({ file, flags: { path: "/x" }, env: { ESO_BOOTSTRAP_STORE_KIND: "SecretStore" } });
    expect(error).toMatchObject({ code: "ESOB-C105", exitCode: 2 });
    expect(error.message).toBe(
      "ESO_BOOTSTRAP_STORE_KIND, --path can only describe one store, but eso-bootstrap.yaml has 2.",
    );
  });

  it("cannot describe one of several secrets", () => {
    const file = `${GOOD}  - {name: b, namespace: shop, keys: all}\n`;
    const error = fails({ file, flags: { target: "x" } });
    expect(error).toMatchObject({ code: "ESOB-C105", exitCode: 2 });
    expect(error.message).toBe("--target can only describe one secret, but eso-bootstrap.yaml has 2.");
  });

  it("may give several stores a common namespace and project", () => {
    const file = `${V1}stores:\n  - {name: a, environment: prod}\n  - {name: b, environment: dev, project: infra}\n`;
    const inputs = resolve({ file, flags: { namespace: "shop", project: "shop" } });
    expect(inputs.stores).toMatchObject([
      { namespace: { names: ["shop"] }, project: "shop" },
      { namespace: { names: ["shop"] }, project: "infra" },
    ]);
  });
});

describe("Infisical's address", () => {
  const file = `${V1}infisical:\n  host: https://eu.infisical.com/\n`;

  it.each(["INFISICAL_DOMAIN", "INFISICAL_API_URL"])("comes from %s", (name) => {
    const inputs = resolve({ env: { [name]: "https://in.example/api" } });
    expect(inputs.infisical.host).toBe("https://in.example");
    expect(inputs.sources["infisical.host"]).toBe("environment");
  });

  it("may be named twice when both mean the same", () => {
    const env = {
      INFISICAL_DOMAIN: "https://eu.infisical.com",
      INFISICAL_API_URL: "https://eu.infisical.com/api",
    };
    expect(resolve({ file, env }).infisical.host).toBe("https://eu.infisical.com");
  });

  it("is ESOB-C106 when the file names another server", () => {
    const error = fails({ file, env: { INFISICAL_API_URL: "https://app.infisical.com/api" } });
    expect(error).toMatchObject({
      code: "ESOB-C106",
      exitCode: 2,
      message: "INFISICAL_API_URL and eso-bootstrap.yaml, line 3 name different Infisical servers.",
      reason:
        "INFISICAL_API_URL is https://app.infisical.com, eso-bootstrap.yaml, line 3 is https://eu.infisical.com",
    });
    expect(error.fix.command).toBe("unset INFISICAL_API_URL");
  });

  it("is ESOB-C106 when two variables disagree", () => {
    const env = { INFISICAL_DOMAIN: "https://a.example", ESO_BOOTSTRAP_INFISICAL_HOST: "eu" };
    expect(fails({ env }).message).toBe(
      "INFISICAL_DOMAIN and ESO_BOOTSTRAP_INFISICAL_HOST name different Infisical servers.",
    );
  });

  it("is decided by a flag", () => {
    const env = { INFISICAL_DOMAIN: "https://a.example" };
    expect(resolve({ file, env, flags: { infisicalHost: "us" } }).infisical.host).toBe(
      "https://app.infisical.com",
    );
  });

  it("is ESOB-C104 when the variable holds none", () => {
    expect(fails({ env: { INFISICAL_DOMAIN: "nowhere" } })).toMatchObject({ code: "ESOB-C104", exitCode: 2 });
  });
});

describe("the operator's credential", () => {
  const ID = { INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "3f61" };
  const SECRET = { INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "hunter2" };

  it("is Universal Auth, and never shows its secret", () => {
    const inputs = resolve({ env: { ...ID, ...SECRET, INFISICAL_TOKEN: "t0ken" } });
    expect(inputs.credential).toMatchObject({ kind: "universal-auth", clientId: "3f61" });
    expect(inputs.credential?.kind === "universal-auth" && inputs.credential.clientSecret.reveal()).toBe(
      "hunter2",
    );
    expect(JSON.stringify(inputs)).not.toMatch(/hunter2|t0ken/);
  });

  it("is a token otherwise", () => {
    const { credential } = resolve({ env: { ...ID, INFISICAL_TOKEN: " t0ken\n" } });
    expect(credential?.kind === "token" && credential.token.reveal()).toBe("t0ken");
    expect(resolve({}).credential).toBeUndefined();
  });

  it("is ESOB-C104 when it is half, unless somebody can be asked", () => {
    const error = fails({ env: SECRET });
    expect(error).toMatchObject({ code: "ESOB-C104", exitCode: 2 });
    expect(error.message).toBe(
      "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET is set, but INFISICAL_UNIVERSAL_AUTH_CLIENT_ID is not.",
    );
    expect(resolve({ env: ID, interactive: true }).credential).toBeUndefined();
  });
});

describe("several clusters", () => {
  const file = `${V1}infisical: {project: shop}
clusters:
  - {name: prod-eu, context: eu}
  - {context: US_2, apiServer: "https://us.example:6443"}
stores:
  - {environment: prod}
`;
  const all = (changes: Partial<ResolveOptions>) => resolveAll(options(changes));

  it("give one Inputs each, with what is its own", () => {
    const detected = (context: string | undefined) => ({
      "stores[].namespace": `ns-${context?.slice(0, 2).toLowerCase()}`,
    });
    const [eu, us, ...others] = all({ file, detected });
    expect(others).toEqual([]);
    expect(eu?.cluster).toMatchObject({ name: "prod-eu", context: "eu", apiServer: undefined });
    expect(us?.cluster).toMatchObject({
      name: "us-2",
      context: "US_2",
      apiServer: "https://us.example:6443",
    });
    expect([eu, us].map((inputs) => inputs?.stores[0]?.namespace)).toEqual([
      { names: ["ns-eu"] },
      { names: ["ns-us"] },
    ]);
    expect(us && whereIs(us, "cluster.apiServer")).toBe("eso-bootstrap.yaml, line 5");
  });

  it("can be narrowed with --context", () => {
    expect(all({ file, flags: { context: "US_2" } }).map(({ cluster }) => cluster.context)).toEqual(["US_2"]);
    const error = failureOf(() => all({ file, flags: { context: "us" } }));
    expect(error).toMatchObject({ code: "ESOB-C104", reason: "it lists eu, US_2" });
  });

  it.each([
    ["a flag", { flags: { context: "a, b" } }, "flag"],
    ["a variable", { env: { ESO_BOOTSTRAP_CONTEXT: "a,b" } }, "environment"],
  ])("come from a list in %s", (_, changes, source) => {
    const found = all(changes);
    expect(found.map(({ cluster }) => cluster)).toMatchObject([
      { name: "a", context: "a" },
      { name: "b", context: "b" },
    ]);
    expect(found.map(({ sources }) => sources["cluster.context"])).toEqual([source, source]);
  });

  it("from a list do not share what the file says of one", () => {
    const one = `${V1}infisical: {project: shop}
cluster: {name: prod, context: a, apiServer: "https://a.example"}
stores:
  - {environment: prod, identityId: 3f61c2d4-0000-4000-8000-000000000000}
`;
    const [a, b] = all({ file: one, flags: { context: "a,b" } });
    expect(a?.cluster).toMatchObject({ name: "prod", apiServer: "https://a.example" });
    expect(b?.cluster).toMatchObject({ name: "b", apiServer: undefined });
    expect(a?.stores[0]?.identityId).toBeDefined();
    expect(b?.stores[0]).toMatchObject({ environment: "prod", identityId: undefined });
  });

  it("refuse flags that describe one", () => {
    const error = failureOf(() => all({ file, flags: { apiServer: "https://k8s.example" } }));
    expect(error).toMatchObject({ code: "ESOB-C108", exitCode: 2 });
    expect(error.message).toBe("--api-server describes one cluster, but 2 are meant.");
  });

  it("are too many for a command that works on one", () => {
    const error = fails({ file });
    expect(error).toMatchObject({ code: "ESOB-C108", exitCode: 2, reason: "eu, US_2" });
  });
});

describe("Inputs", () => {
  it("are frozen to the bottom, without harm to what was given", () => {
    const spec = { a: { b: 1 } };
    const inputs = resolve({ file: GOOD, answers: { "stores[].spec": spec } });
    expect(Object.isFrozen(inputs)).toBe(true);
    expect(Object.isFrozen(inputs.stores[0]?.namespace)).toBe(true);
    expect(Object.isFrozen(inputs.secrets[0]?.keys)).toBe(true);
    expect(inputs.stores[0]?.spec).toEqual(spec);
    expect(Object.isFrozen(spec)).toBe(false);
  });

  it("know where in the file a key stands", () => {
    const inputs = resolve({ file: GOOD });
    expect(whereIs(inputs, "infisical.project")).toBe("eso-bootstrap.yaml, line 3");
    expect(whereIs(inputs, "stores[0].path")).toBe("eso-bootstrap.yaml, line 8");
    expect(whereIs(inputs, "eso.namespace")).toBeUndefined();
  });

  it("take the cluster's name from the context", () => {
    const inputs = resolve({ detected: { "cluster.context": "kind-Dev_1" } });
    expect(inputs.cluster).toMatchObject({ name: "kind-dev-1", context: "kind-Dev_1" });
    expect(inputs.sources["cluster.name"]).toBe("detected");
    expect(slugFrom("arn:aws:eks:eu-central-1:123456789012:cluster/a-very-long-name")).toBe(
      "eks-eu-central-1-123456789012-cluster-a-very-long-name".slice(-50).replace(/^-/, ""),
    );
    expect(slugFrom("…")).toBeUndefined();
  });

  it("take paths of the file from where the file is, those of flags from here", () => {
    const file = `${V1}cluster: {caFile: ca.crt}\ninfisical: {caFile: /etc/in.crt}\neso: {chart: ../charts/eso.tgz}\n`;
    const inputs = resolve({ file, filePath: "deploy/prod/eso-bootstrap.yaml" });
    expect(inputs.cluster.caFile).toBe("./deploy/prod/ca.crt");
    expect(inputs.infisical.caFile).toBe("/etc/in.crt");
    expect(inputs.eso.chart).toBe("./deploy/charts/eso.tgz");
    const flags = { caFile: "ca.crt", chart: "./eso.tgz" };
    const fromFlags = resolve({ file, filePath: "deploy/prod/eso-bootstrap.yaml", flags });
    expect([fromFlags.cluster.caFile, fromFlags.eso.chart]).toEqual(["ca.crt", "./eso.tgz"]);
    const system = resolve({ file: `${V1}cluster: {caFile: system}\n`, filePath: "deploy/x.yaml" });
    expect(system.cluster.caFile).toBe("system");
  });

  it("hold what doctor ignores", () => {
    const file = `${V1}doctor:\n  ignore:\n    - {code: ESOB-S102, resource: shop/infisical, reason: planned, until: 2027-01-31}\n    - {code: ESOB-E102, reason: slow}\n`;
    expect(resolve({ file }).ignore).toEqual([
      { code: "ESOB-S102", resource: "shop/infisical", reason: "planned", until: "2027-01-31" },
      { code: "ESOB-E102", resource: undefined, reason: "slow", until: undefined },
    ]);
  });
});
