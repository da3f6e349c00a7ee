import { stringify } from "yaml";
import { describe, expect, it } from "vitest";
import { attributeOf, flagName, keyAt, type Field } from "../../../src/inputs/field.ts";
import { ALL_FIELDS, FIELDS } from "../../../src/inputs/fields.ts";
import { valueAt } from "../../../src/inputs/given.ts";
import { optionsFor, settingsTable, VARIABLES } from "../../../src/inputs/options.ts";
import { resolveInputs, type ResolveOptions } from "../../../src/inputs/resolve.ts";

/** For each setting that a flag can give: its text there, the same in YAML, and what `Inputs` must then hold. */
const SAMPLES: Readonly<Record<string, readonly [text: string, yaml: unknown, inputs: unknown]>> = {
  "cluster.name": ["prod-us", "prod-us", "prod-us"],
  "cluster.context": ["arn:aws:eks/x", "arn:aws:eks/x", "arn:aws:eks/x"],
  "cluster.apiServer": ["https://k8s.example:6443/", "https://k8s.example:6443/", "https://k8s.example:6443"],
  "cluster.caFile": ["./ca.crt", "./ca.crt", "./ca.crt"],
  "infisical.host": ["eu", "eu", "https://eu.infisical.com"],
  "infisical.hostFromCluster": ["https://in.example/api", "https://in.example/api", "https://in.example"],
  "infisical.caFile": ["./in.crt", "./in.crt", "./in.crt"],
  "infisical.organization": ["acme", "acme", "acme"],
  "infisical.project": ["infra", "infra", "infra"],
  "infisical.create": ["true", true, true],
  "eso.manage": ["false", false, false],
  "eso.namespace": ["eso", "eso", "eso"],
  "eso.release": ["eso", "eso", "eso"],
  "eso.chart": ["oci://ghcr.io/eso", "oci://ghcr.io/eso", "oci://ghcr.io/eso"],
  "eso.repo": ["https://charts.example", "https://charts.example", "https://charts.example"],
  "eso.version": ["0.20.4", "0.20.4", "0.20.4"],
  "eso.installCRDs": ["false", false, false],
  "eso.controllerClass": ["second", "second", "second"],
  "eso.values": ['{"replicaCount": 2}', { replicaCount: 2 }, { replicaCount: 2 }],
  "reviewer.mode": ["self", "self", "self"],
  "reviewer.namespace": ["auth", "auth", "auth"],
  "reviewer.serviceAccount": ["judge", "judge", "judge"],
  "reviewer.clusterRole": ["tokenreview-only", "tokenreview-only", "tokenreview-only"],
  "reviewer.tokenLifetime": ["30d", "30d", 2_592_000],
  "stores[].name": ["vault", "vault", "vault"],
  "stores[].kind": ["ClusterSecretStore", "ClusterSecretStore", "ClusterSecretStore"],
  "stores[].namespace": ["shop", "shop", { names: ["shop"] }],
  "stores[].allowedNamespaces": ["shop,cart", ["shop", "cart"], { names: ["shop", "cart"] }],
  "stores[].project": ["infra", "infra", "infra"],
  "stores[].environment": ["dev", "dev", "dev"],
  "stores[].path": ["/shop/db/", "/shop/db/", "/shop/db"],
  "stores[].recursive": ["true", true, true],
  "stores[].alsoRead": ["/a,/b", ["/a", "/b"], ["/a", "/b"]],
  "stores[].imports": ["true", true, true],
  "stores[].identity": ["eso-{cluster}", "eso-{cluster}", "eso-{cluster}"],
  "stores[].identityId": [
    "3f61c2d4-0000-4000-8000-000000000000",
    "3f61c2d4-0000-4000-8000-000000000000",
    "3f61c2d4-0000-4000-8000-000000000000",
  ],
  "stores[].accessTokenTTL": ["90m", "90m", 5400],
  "stores[].spec": [
    "retrySettings: {maxRetries: 3}",
    { retrySettings: { maxRetries: 3 } },
    { retrySettings: { maxRetries: 3 } },
  ],
  "secrets[].name": ["db", "db", "db"],
  "secrets[].namespace": ["shop", "shop", { names: ["shop"] }],
  "secrets[].store": ["infisical", "infisical", "infisical"],
  "secrets[].target": ["db-env", "db-env", "db-env"],
  "secrets[].refreshInterval": ["1h30m", "1h30m", "1h30m"],
  "secrets[].creationPolicy": ["Orphan", "Orphan", "Orphan"],
  "secrets[].deletionPolicy": ["Delete", "Delete", "Delete"],
  "secrets[].keys": ["all", "all", "all"],
  "secrets[].spec": ["{}", {}, {}],
  "secrets[].restart": ["none", "none", "none"],
};

const withFlag = ALL_FIELDS.filter((field) => field.flag !== undefined);

/** Everything that must be there so that the rest can be tried one by one. */
function base(field: Field): ResolveOptions {
  const flags: Record<string, unknown> = { project: "shop", environment: "prod", keys: "A" };
  if (field.key === "stores[].allowedNamespaces") flags["storeKind"] = "ClusterSecretStore";
  if (field.key.endsWith("llowedNamespaces") || field.key === "secrets[].namespace")
    flags["namespace"] = "shop";
  // The flag would win over the file's only store.
  if (field.key === "stores[].project") delete flags["project"];
  delete flags[attributeOf(field.flag ?? "")];
  return {
    flags,
    env: {},
    file: undefined,
    filePath: "eso-bootstrap.yaml",
    needs: ["store", "secret"],
  };
}

function fileWith(field: Field, value: unknown): string {
  const [section = "", name = ""] = field.key.split(".");
  const isStore = field.key === "stores[].allowedNamespaces" ? { kind: "ClusterSecretStore" } : {};
  const entry = section === "secrets[]" ? { name: "x", [name]: value } : { ...isStore, [name]: value };
  const root = section.endsWith("[]")
    ? { [section.replace("[]", "")]: [entry] }
    : { [section]: { [name]: value } };
  return stringify({ apiVersion: "eso-bootstrap/v1", ...root });
}

describe("the table of settings", () => {
  it("names every key, flag and variable once", () => {
    for (const names of [
      ALL_FIELDS.map(({ key }) => key),
      withFlag.map(({ flag }) => flagName(flag ?? "")),
      withFlag.map(({ variable }) => variable),
    ])
      expect(new Set(names).size).toBe(names.length);
  });

  it("gives every setting a help that is a sentence", () => {
    for (const { key, help } of ALL_FIELDS) expect(`${key}: ${help}`).toMatch(/: \S.*[.…]$/);
  });

  it("says of every setting that it is required, or what holds without it", () => {
    for (const field of ALL_FIELDS) {
      const known = [field.isRequired, field.default !== undefined, field.defaultText].filter(Boolean);
      expect({ key: field.key, known: known.length }).toEqual({ key: field.key, known: 1 });
    }
  });

  it("has defaults that its own rules accept", () => {
    for (const field of ALL_FIELDS.filter((candidate) => candidate.default !== undefined))
      expect({ key: field.key, read: field.type.read(field.default) }).toHaveProperty("read.value");
  });

  it("writes what it reads", () => {
    for (const [key, [, , inputs]] of Object.entries(SAMPLES)) {
      const field = ALL_FIELDS.find((candidate) => candidate.key === key);
      expect({ key, read: field?.type.read(field.type.write(inputs)) }).toEqual({
        key,
        read: { value: inputs },
      });
    }
  });

  it("has a sample below for every flag", () => {
    expect(withFlag.map(({ key }) => key)).toEqual(Object.keys(SAMPLES));
  });
});

describe.each(withFlag)("$key", (field) => {
  const [text, yaml, expected] = SAMPLES[field.key] ?? ["", undefined, undefined];
  const key = keyAt(field.key, field.scope === "run" ? undefined : 0);
  const attribute = attributeOf(field.flag ?? "");
  const flagValue = /[<[]/.test(field.flag ?? "") ? text : !field.flag?.includes("--no-");

  function check(options: ResolveOptions, source: string): void {
    const inputs = resolveInputs(options);
    expect(valueAt(inputs, key)).toEqual(expected);
    expect(inputs.sources[key]).toBe(source);
  }

  it("is set by its flag", () => {
    const options = base(field);
    check({ ...options, flags: { ...options.flags, [attribute]: flagValue } }, "flag");
  });

  it("is set by its variable", () => {
    expect(VARIABLES.get(field.variable ?? "")).toBe(field);
    check({ ...base(field), env: { [field.variable ?? ""]: text } }, "environment");
  });

  it("is set by the file", () => {
    const options = base(field);
    const { storeKind: _, ...flags } = options.flags;
    check({ ...options, flags, file: fileWith(field, yaml) }, "file");
  });

  it("is set by an answer", () => {
    check({ ...base(field), answers: { [field.key]: yaml } }, "answer");
  });
});

describe("the flags of a command", () => {
  it("are those of its scopes, without the global ones", () => {
    const flags = optionsFor(["store"]).map((option) => option.flags);
    expect(flags).toContain("--environment <slug>");
    expect(flags).not.toContain("--project <slug>");
    expect(flags).not.toContain("-n, --namespace <name>");
  });

  it("can be narrowed to parts of the file", () => {
    const sections = optionsFor(["run"], ["eso"]).map(({ field }) => field.key.split(".")[0]);
    expect(new Set(sections)).toEqual(new Set(["eso"]));
  });

  it("say their default once", () => {
    const [path] = optionsFor(["store"]).filter(({ field }) => field === FIELDS.store.path);
    expect(path).toMatchObject({
      flags: "--path <path>",
      description: "Folder in Infisical that the store reads. (default: /)",
    });
  });
});

describe("the README's table", () => {
  it("has one row per setting, each with six cells", () => {
    const lines = settingsTable().trimEnd().split("\n");
    expect(lines).toHaveLength(ALL_FIELDS.length + 2);
    for (const line of lines) expect(line.replaceAll("\\|", "").split("|")).toHaveLength(8);
    expect(lines).toContain(
      "| `stores[].path` | path | `--path <path>` | `ESO_BOOTSTRAP_PATH` | `/` | Folder in Infisical that the store reads. |",
    );
  });
});
