import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { configText, setInFile } from "../../../src/inputs/config-write.ts";
import type { Inputs } from "../../../src/inputs/inputs.ts";
import { resolveAll, resolveInputs, type ResolveOptions } from "../../../src/inputs/resolve.ts";
import { GOOD } from "./mistakes.ts";

const options = (changes: Partial<ResolveOptions>): ResolveOptions => ({
  flags: {},
  env: {},
  file: undefined,
  filePath: "eso-bootstrap.yaml",
  ...changes,
});

/** Inputs without where they came from, which a file changes by design. */
function content({ sources: _sources, lines: _lines, fileExists: _fileExists, ...rest }: Inputs) {
  return rest;
}

describe("a fresh file", () => {
  const FLAGS = {
    project: "shop",
    environment: "prod",
    path: "/shop",
    namespace: "shop",
    keys: "DB_HOST,DB_PASSWORD=PASSWORD",
    tokenLifetime: "30d",
    releases: "ignored",
  };
  const chosen = options({
    flags: FLAGS,
    answers: { "infisical.host": "eu", "secrets[].refreshInterval": "60s", "eso.namespace": "eso" },
    detected: { "cluster.context": "Prod EU", "cluster.apiServer": "https://k8s.example" },
  });

  it("holds what was chosen and what is written down, and nothing that is a default", () => {
    expect(configText(resolveInputs(chosen)))
      .toBe(`# Written by eso-bootstrap init. There are no secrets in this file; it is safe to commit.
# Run it again without questions:  eso-bootstrap init -f eso-bootstrap.yaml --yes
# Every setting:  the README, or schemas/eso-bootstrap.schema.json of the package.

apiVersion: eso-bootstrap/v1

cluster:
  name: prod-eu

infisical:
  host: https://eu.infisical.com
  project: shop

eso:
  namespace: eso
  version: 2.9.0

reviewer:
  tokenLifetime: 720h

stores:
  - name: infisical
    namespace: shop
    environment: prod
    path: /shop

secrets:
  - name: shop
    namespace: shop
    store: infisical
    keys:
      - DB_HOST
      - DB_PASSWORD: PASSWORD
`);
  });

  it("says the same when it is read", () => {
    const inputs = resolveInputs(chosen);
    const again = resolveInputs({ ...chosen, flags: {}, answers: {}, file: configText(inputs) });
    expect(content(again)).toEqual(content(inputs));
  });

  it("says the same for everything that a file can hold", () => {
    const file = `apiVersion: eso-bootstrap/v1
cluster: {name: prod, context: p, apiServer: "https://k8s.example:6443", caFile: system}
infisical: {host: eu, hostFromCluster: "http://in.svc:8080", caFile: /in.crt, organization: acme, project: shop, create: true}
eso: {manage: false, namespace: a, release: b, chart: ./c.tgz, repo: "https://d.example", version: 1.0.0, installCRDs: true, controllerClass: e, values: {replicaCount: 2}}
reviewer: {mode: self, namespace: a, serviceAccount: b, clusterRole: tokenreview-only, tokenLifetime: unlimited}
stores:
  - {name: a, namespace: {selector: {team: shop}}, environment: prod, recursive: true, imports: true, alsoRead: [/a], identity: "eso-{cluster}", identityId: 3f61c2d4-0000-4000-8000-000000000000, accessTokenTTL: 90m, spec: {x: [1, null]}}
  - {name: b, kind: ClusterSecretStore, namespace: infra, allowedNamespaces: [x, y], project: infra, environment: dev, path: /deep}
secrets:
  - {name: a, namespace: {selector: {team: shop}}, store: a, target: t, refreshInterval: 0s, creationPolicy: Orphan, deletionPolicy: Merge, keys: all, spec: {y: 1}, restart: [deploy/shop]}
  - {name: b, namespace: [x, y], store: b, keys: [A, {B: C}, {as: D, key: /e/F, property: g, allowEmpty: true}], restart: none}
doctor:
  ignore: [{code: ESOB-S102, resource: shop/infisical, reason: "planned: soon", until: 2027-01-31}, {code: ESOB-E102, reason: slow}]
`;
    const inputs = resolveInputs(options({ file }));
    const text = configText(inputs);
    expect(content(resolveInputs(options({ file: text })))).toEqual(content(inputs));
    expect(configText(resolveInputs(options({ file: text })))).toBe(text);
  });

  it("lists several clusters, without what is each one's own", () => {
    const several = resolveAll(
      options({ flags: { ...FLAGS, context: "eu,us", identityId: "3f61c2d4-0000-4000-8000-000000000000" } }),
    );
    const [first, ...others] = several;
    const text = first ? configText(first, ...others) : "";
    expect(parse(text)).toMatchObject({
      clusters: [
        { name: "eu", context: "eu" },
        { name: "us", context: "us" },
      ],
      stores: [{ name: "infisical" }],
    });
    expect(text).not.toMatch(/^cluster:|identityId/m);
    expect(resolveAll(options({ file: text })).map(content)).toEqual(
      several.map((inputs) => ({
        ...content(inputs),
        stores: inputs.stores.map((store) => ({ ...store, identityId: undefined })),
      })),
    );
  });

  it("holds no credential", () => {
    const env = { INFISICAL_TOKEN: "hunter2" };
    expect(configText(resolveInputs({ ...chosen, env }))).not.toContain("hunter2");
  });
});

const FILE = `# the shop
apiVersion: eso-bootstrap/v1   # the only one
cluster: {context: 'prod'}
infisical:
  project: "shop"     # slug

  caFile: './ca.crt'
stores:
    - name: infisical   # first
      environment: prod

      # identityId: later

    - {name: two, environment: dev,}
    - &third
      name: three
      environment: &env qa
    - <<: *third
      name: four
      path: /x
secrets:
- name: shop-db
  keys:
  - A   # a
  - B: C
  refreshInterval: 60s
- name: y
  keys: [A, B]
  spec: {}
- name: z
  keys: all
  target: &t |
    text`;

const ID = "3f61c2d4-0000-4000-8000-000000000000";

/** The lines that went and came: everything else must be the same text. */
function change(before: string, after: string): string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < old.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(old.length, now.length) - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const gone = old.slice(head, old.length - tail).map((line) => `-${line}`);
  return [...gone, ...now.slice(head, now.length - tail).map((line) => `+${line}`)];
}

describe("a value set in a file", () => {
  const CASES: readonly (readonly [what: string, path: string, value: unknown, lines: readonly string[]])[] =
    [
      ["new key, behind the last one", "stores[0].identityId", ID, [`+      identityId: ${ID}`]],
      [
        "new key in braces",
        "stores[1].identityId",
        "x",
        ["-    - {name: two, environment: dev,}", "+    - {name: two, environment: dev, identityId: x}"],
      ],
      ["new key beside a merged one", "stores[3].environment", "prod", ["+      environment: prod"]],
      [
        "new key in braces of one line",
        "cluster.name",
        "prod-eu",
        ["-cluster: {context: 'prod'}", "+cluster: {context: 'prod', name: prod-eu}"],
      ],
      ["value in single quotes", "infisical.caFile", "x", ["-  caFile: './ca.crt'", "+  caFile: 'x'"]],
      [
        "value in double quotes, with its comment",
        "infisical.project",
        'a "b", c',
        ['-  project: "shop"     # slug', '+  project: "a \\"b\\", c"     # slug'],
      ],
      [
        "bare value",
        "secrets[0].refreshInterval",
        "5m",
        ["-  refreshInterval: 60s", "+  refreshInterval: 5m"],
      ],
      ["value that needs quotes", "secrets[1].name", "12", ["-- name: y", '+- name: "12"']],
      [
        "anchored value",
        "stores[2].environment",
        "dev",
        ["-      environment: &env qa", "+      environment: &env dev"],
      ],
      ["entry at the end of a list", "secrets[0].keys[2]", "SMTP", ["+  - SMTP"]],
      ["mapping at the end of a list", "secrets[0].keys[2]", { SMTP: "MAIL" }, ["+  - SMTP: MAIL"]],
      [
        "entry at the end of brackets",
        "secrets[1].keys[2]",
        { as: "C", key: "/x/D" },
        ["-  keys: [A, B]", "+  keys: [A, B, {as: C, key: /x/D}]"],
      ],
      ["key in empty braces", "secrets[1].spec.dataFrom", [1], ["-  spec: {}", "+  spec: {dataFrom: [1]}"]],
      ["list for a word", "secrets[2].keys", ["A", "B"], ["-  keys: all", "+  keys: [A, B]"]],
      [
        "list in a block",
        "stores[0].alsoRead",
        ["/a", "/b"],
        ["+      alsoRead:", "+        - /a", "+        - /b"],
      ],
    ];

  it.each(CASES)("%s", (_, path, value, lines) => {
    expect(change(FILE, setInFile(FILE, path, value))).toEqual(lines);
  });

  it("may need a section of its own", () => {
    expect(setInFile(GOOD, "eso.version", "2.9.0")).toBe(`${GOOD}eso:\n  version: 2.9.0\n`);
    expect(setInFile(GOOD.trimEnd(), "eso.version", "2.9.0")).toBe(`${GOOD}eso:\n  version: 2.9.0\n`);
  });

  it("may need a list of its own", () => {
    expect(setInFile("apiVersion: a\n", "secrets[0]", { name: "x", keys: ["A"] })).toBe(
      "apiVersion: a\nsecrets:\n  - name: x\n    keys:\n      - A\n",
    );
  });

  it("keeps the line ends of Windows", () => {
    const text = GOOD.replaceAll("\n", "\r\n");
    expect(setInFile(text, "stores[0].identityId", ID)).toBe(
      setInFile(GOOD, "stores[0].identityId", ID).replaceAll("\n", "\r\n"),
    );
  });

  it("takes a path of steps, for names with dots", () => {
    expect(setInFile("a: {}\n", ["a", "b.c"], 1)).toBe("a: {b.c: 1}\n");
  });

  it("changes only the place that is meant when an alias stands there", () => {
    const text = `# kept\nbase: &base\n  name: a   # kept too\nstores:\n  - *base\n  - *base\n`;
    const edited = setInFile(text, "stores[1].name", "b");
    expect(parse(edited)).toEqual({ base: { name: "a" }, stores: [{ name: "a" }, { name: "b" }] });
    expect(edited).toContain("# kept\n");
    expect(edited).toContain("# kept too");
  });

  it.each([
    ["a block becomes a word", GOOD, "infisical", "x"],
    ["a section is empty", "apiVersion: a # x\neso:\nstores: []\n", "eso.version", "2.9.0"],
    ["a text of several lines is replaced", "a: |\n  b\n  c\nd: 1 # x\n", "a", "e"],
    ["the last value is a text of several lines", FILE, "secrets[2].store", "infisical"],
    ["the file is empty", "# nothing\n", "a.b", 1],
  ])("means what was asked when %s", (_, text, path, value) => {
    const edited = setInFile(text, path, value);
    expect(path.split(/[.[\]]+/).reduce((node: unknown, step) => Object(node)[step], parse(edited))).toBe(
      value,
    );
    for (const comment of text.match(/#.*$/gm) ?? []) expect(edited).toContain(comment);
  });

  it("is the same text when nothing changes", () => {
    expect(setInFile(FILE, "infisical.project", "shop")).toBe(FILE);
  });
});
