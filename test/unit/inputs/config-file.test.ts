import { describe, expect, it } from "vitest";
import { parseConfig } from "../../../src/inputs/config-file.ts";
import { failureOf, GOOD, linesOf } from "./mistakes.ts";

const FILE = "eso-bootstrap.yaml";
const V1 = "apiVersion: eso-bootstrap/v1\n";

const parse = (text: string) => parseConfig(text, FILE);
const storeWith = (lines: string) => `${V1}stores:\n  - environment: prod\n${lines}`;
const secretWith = (lines: string) => `${V1}secrets:\n  - name: a\n${lines}`;

describe("a file that is right", () => {
  it("is read with the line of each key", () => {
    const config = parse(GOOD);
    expect(config.values["infisical"]).toEqual({ project: "shop" });
    expect(config.positions.get("infisical.project")).toEqual({ line: 3, column: 3 });
    expect(config.positions.get("stores[0].path")).toEqual({ line: 8, column: 5 });
    expect(config.positions.get("secrets[0]")).toEqual({ line: 10, column: 5 });
  });

  it.each([
    ["Windows line ends", GOOD.replaceAll("\n", "\r\n")],
    ["a byte order mark", `\uFEFF${GOOD}`],
    ["a section without content", `${GOOD}eso:\nreviewer: # nothing yet\n`],
    ["an anchor and its alias", `${V1}cluster: {context: &c prod, name: *c}\n`],
    ["a merge key", `${V1}stores:\n  - &base {name: a, environment: prod}\n  - {<<: *base, name: b}\n`],
    ["JSON", '{"apiVersion": "eso-bootstrap/v1", "infisical": {"project": "shop"}}'],
    ["a name in place of a slug", `${V1}infisical: {project: My Shop}\n`],
  ])("may have %s", (_, text) => {
    expect(parse(text).values["apiVersion"]).toBe("eso-bootstrap/v1");
  });
});

describe("a file with one mistake", () => {
  const CASES: readonly (readonly [what: string, text: string, line: string])[] = [
    [
      "unknown key, near a known one",
      `${V1}infisical:\n  projct: shop\n`,
      'line 3, column 3: unknown key "projct"; did you mean "project"?',
    ],
    [
      "unknown key in another case",
      "apiversion: eso-bootstrap/v1\napiVersion: eso-bootstrap/v1\n",
      'line 1, column 1: unknown key "apiversion"; did you mean "apiVersion"?',
    ],
    [
      "key at the wrong place",
      `${V1}infisical:\n  environment: prod\n`,
      'line 3, column 3: unknown key "environment" in infisical; it belongs to stores[]',
    ],
    [
      "unknown key, near nothing",
      `${V1}reviewer:\n  colour: red\n`,
      'line 3, column 3: unknown key "colour" in reviewer; known are mode, namespace, serviceAccount, clusterRole, tokenLifetime',
    ],
    [
      "client secret",
      `${V1}infisical:\n  clientSecret: hunter2\n`,
      'line 3, column 3: unknown key "clientSecret" in infisical; no credential belongs in this file: set INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET, or INFISICAL_TOKEN, in the environment',
    ],
    [
      "token",
      `${V1}infisical:\n  token: st.abc.def\n`,
      'line 3, column 3: unknown key "token" in infisical; no credential belongs in this file: set INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET, or INFISICAL_TOKEN, in the environment',
    ],
    [
      "word for a boolean",
      `${V1}infisical:\n  create: yes\n`,
      'line 3, column 11: infisical.create: expected true or false, found "yes"',
    ],
    [
      "number for a version",
      `${V1}eso:\n  version: 2.9\n`,
      'line 3, column 12: eso.version: expected a version such as "2.9.0", found the number 2.9; write it in quotes',
    ],
    [
      "list for a text",
      `${V1}cluster:\n  context: [a, b]\n`,
      "line 3, column 12: cluster.context: expected a text, found a list",
    ],
    [
      "text for a section",
      `${V1}infisical: shop\n`,
      'line 2, column 12: infisical: expected a mapping (key: value), found "shop"',
    ],
    [
      "mapping for a list",
      `${V1}stores:\n  name: infisical\n`,
      "line 3, column 3: stores: expected a list (- name: …), found a mapping",
    ],
    [
      "text for an entry",
      `${V1}stores:\n  - infisical\n`,
      'line 3, column 5: stores[0]: expected a mapping (key: value), found "infisical"',
    ],
    ["empty entry", `${V1}stores:\n  -\n`, "line 3, column 4: stores[0] is empty"],
    [
      "key without a value",
      `${V1}infisical:\n  project:\n`,
      "line 3, column 3: infisical.project has no value; give one or leave the key out",
    ],
    ["key that is a list", `${V1}? [a, b]\n: 1\n`, "line 2, column 3: a key must be a text"],
    [
      "same key twice",
      `${V1}infisical:\n  project: a\n  project: b\n`,
      "line 4, column 3: this key is there twice",
    ],
    [
      "wrong version of the format",
      "apiVersion: eso-bootstrap/v2\n",
      'line 1, column 13: apiVersion: expected "eso-bootstrap/v1", found "eso-bootstrap/v2"; did you mean "eso-bootstrap/v1"?',
    ],
    [
      "no version of the format",
      "infisical: {project: shop}\n",
      "line 1, column 1: apiVersion is missing; the file starts with  apiVersion: eso-bootstrap/v1",
    ],
    [
      "unknown kind of store",
      storeWith("    kind: ClusterSecretstore\n"),
      'line 4, column 11: stores[0].kind: expected SecretStore or ClusterSecretStore, found "ClusterSecretstore"; did you mean "ClusterSecretStore"?',
    ],
    [
      "bad slug",
      `${V1}infisical:\n  project: team/shop\n`,
      'line 3, column 12: infisical.project: expected a slug as Infisical shows it, such as shop-x7k2, found "team/shop"',
    ],
    [
      "bad slug of the cluster",
      `${V1}cluster: {name: Prod_EU}\n`,
      'line 2, column 17: cluster.name: expected lower-case letters, digits and single dashes, such as prod-eu, found "Prod_EU"',
    ],
    [
      "bad namespace",
      storeWith("    namespace: Shop\n"),
      'line 4, column 16: stores[0].namespace: expected a namespace: lower-case letters, digits and dashes, at most 63, found "Shop"',
    ],
    [
      "bad namespace in a list",
      storeWith("    namespace: [shop, cart_1]\n"),
      'line 4, column 23: stores[0].namespace[1]: expected a namespace: lower-case letters, digits and dashes, at most 63, found "cart_1"',
    ],
    [
      "empty list of namespaces",
      storeWith("    namespace: []\n"),
      "line 4, column 16: stores[0].namespace: expected at least one namespace, found an empty list",
    ],
    [
      "typing error in a selector",
      storeWith("    namespace: {selecter: {team: shop}}\n"),
      'line 4, column 17: stores[0].namespace.selecter: unknown key "selecter"; did you mean "selector"?',
    ],
    [
      "selector without labels",
      storeWith("    namespace:\n      selector: {}\n"),
      "line 5, column 17: stores[0].namespace.selector: expected labels, as {selector: {team: shop}}, found a mapping",
    ],
    [
      "number as a label",
      storeWith("    namespace: {selector: {tier: 1}}\n"),
      `line 4, column 34: stores[0].namespace.selector.tier: expected a label's value for "tier", found the number 1; write it in quotes`,
    ],
    [
      "relative folder",
      storeWith("    path: shop\n"),
      'line 4, column 11: stores[0].path: expected a path such as /shop/db: letters, digits, dashes, dots and underscores between slashes, found "shop"',
    ],
    [
      "folder with a glob",
      storeWith("    path: /shop/*\n"),
      'line 4, column 11: stores[0].path: expected a path such as /shop/db: letters, digits, dashes, dots and underscores between slashes, found "/shop/*"',
    ],
    [
      "folder that climbs",
      storeWith("    path: /shop/../infra\n"),
      "line 4, column 11: stores[0].path: a path cannot hold . or .. as a folder",
    ],
    [
      "bad path in a list",
      storeWith("    alsoRead:\n      - /shared\n      - common\n"),
      'line 6, column 9: stores[0].alsoRead[1]: expected a path such as /shop/db: letters, digits, dashes, dots and underscores between slashes, found "common"',
    ],
    [
      "duration in words",
      secretWith("    refreshInterval: 5 minutes\n"),
      'line 4, column 22: secrets[0].refreshInterval: expected a duration such as 60s, 5m or 1h30m (days as 24h), or 0s to sync once, found "5 minutes"',
    ],
    [
      "days, which Go does not know",
      secretWith("    refreshInterval: 1d\n"),
      'line 4, column 22: secrets[0].refreshInterval: expected a duration such as 60s, 5m or 1h30m (days as 24h), or 0s to sync once, found "1d"',
    ],
    [
      "duration without a unit",
      secretWith("    refreshInterval: 60\n"),
      "line 4, column 22: secrets[0].refreshInterval: expected a duration such as 60s, 5m or 1h30m (days as 24h), or 0s to sync once, found the number 60; write 60s",
    ],
    [
      "lifetime that the API server refuses",
      `${V1}reviewer: {tokenLifetime: 5m}\n`,
      'line 2, column 27: reviewer.tokenLifetime: expected unlimited, or a duration such as 720h or 30d, at least 10m, found "5m"',
    ],
    [
      "access token that never lives",
      storeWith("    accessTokenTTL: 0s\n"),
      'line 4, column 21: stores[0].accessTokenTTL: expected a duration such as 2h, 90m or 1d, at least 1s, found "0s"',
    ],
    [
      "address without https",
      `${V1}infisical: {host: infisical.example.com}\n`,
      "line 2, column 19: infisical.host: expected a URL that starts with https://, or us, or eu",
    ],
    [
      "password in an address",
      `${V1}cluster: {apiServer: "https://me:hunter2@k8s.example:6443"}\n`,
      "line 2, column 22: cluster.apiServer: a URL with a user name or password in it is not allowed",
    ],
    [
      "unknown placeholder in an identity's name",
      storeWith("    identity: eso-{clutser}\n"),
      "line 4, column 15: stores[0].identity: only {cluster} can stand in braces",
    ],
    [
      "identity's name for its id",
      storeWith("    identityId: eso-prod\n"),
      'line 4, column 17: stores[0].identityId: expected an id such as 3f61c2d4-0000-4000-8000-000000000000, found "eso-prod"',
    ],
    [
      "key of a Secret with a space",
      secretWith("    keys:\n      - DB HOST: A\n"),
      'line 5, column 9: secrets[0].keys[0].DB HOST: expected a key of a Secret: letters, digits, dashes, dots and underscores, found "DB HOST"',
    ],
    [
      "number as a key",
      secretWith("    keys: [A, 12]\n"),
      "line 4, column 15: secrets[0].keys[1]: expected a name, NAME_IN_SECRET: NAME, or {as, key, property, allowEmpty}, found the number 12; write it in quotes",
    ],
    [
      "unknown part of a key",
      secretWith("    keys: [{key: A, propery: b}]\n"),
      'line 4, column 21: secrets[0].keys[0].propery: unknown key "propery"; did you mean "property"?',
    ],
    [
      "same key of the Secret twice",
      secretWith("    keys: [A, A: B]\n"),
      'line 4, column 15: secrets[0].keys[1]: the Secret\'s key "A" is already there, as number 1',
    ],
    [
      "no key at all",
      secretWith("    keys: []\n"),
      "line 4, column 11: secrets[0].keys: expected at least one key, found an empty list",
    ],
    [
      "word for keys",
      secretWith("    keys: everything\n"),
      'line 4, column 11: secrets[0].keys: expected all, or a list of keys such as [DB_HOST, DB_PASSWORD], found "everything"',
    ],
    [
      "unknown workload",
      secretWith("    restart: [cronjob/x]\n"),
      'line 4, column 15: secrets[0].restart[0]: expected deployment/NAME, statefulset/NAME, daemonset/NAME or rollout/NAME, found "cronjob/x"',
    ],
    [
      "day that does not exist",
      `${V1}doctor:\n  ignore:\n    - {code: ESOB-S102, reason: later, until: 2027-02-30}\n`,
      'line 4, column 47: doctor.ignore[0].until: expected a date such as 2027-01-31, found "2027-02-30"',
    ],
    [
      "code that is none",
      `${V1}doctor:\n  ignore:\n    - {code: ESOB-E999, reason: later}\n`,
      "line 4, column 14: doctor.ignore[0].code: there is no code ESOB-E999",
    ],
    [
      "code with letters swapped",
      `${V1}doctor:\n  ignore:\n    - {code: ESOB-C190, reason: later}\n`,
      'line 4, column 14: doctor.ignore[0].code: there is no code ESOB-C190; did you mean "ESOB-C109"?',
    ],
    [
      "key of an ignored finding that is unknown",
      `${V1}doctor:\n  ignore:\n    - {code: ESOB-S102, resorce: shop/db, reason: later}\n`,
      'line 4, column 25: unknown key "resorce"; did you mean "resource"?',
    ],
    [
      "ignored finding without a reason",
      `${V1}doctor:\n  ignore:\n    - code: ESOB-S102\n`,
      "line 4, column 7: doctor.ignore[0].reason is missing",
    ],
  ];

  it.each(CASES)("%s", (_, text, line) => {
    const error = failureOf(() => parse(text));
    expect(error).toMatchObject({ code: "ESOB-C101", exitCode: 2, message: `${FILE} has 1 mistake.` });
    expect(linesOf(error)).toEqual([line]);
  });
});

describe("parts that do not fit together", () => {
  const stores = (...entries: string[]) =>
    `${V1}stores:\n${entries.map((entry) => `  - {${entry}}\n`).join("")}`;
  const CASES: readonly (readonly [what: string, text: string, line: string])[] = [
    [
      "store defined twice",
      stores(
        "name: a, namespace: shop, environment: prod",
        "name: a, namespace: [cart, shop], environment: dev",
      ),
      "line 4, column 6: SecretStore a is already defined by stores[0]",
    ],
    [
      "cluster store defined twice, because its namespace does not tell two apart",
      stores(
        "name: a, kind: ClusterSecretStore, namespace: shop, environment: prod",
        "name: a, kind: ClusterSecretStore, namespace: cart, environment: dev",
      ),
      "line 4, column 6: ClusterSecretStore a is already defined by stores[0]",
    ],
    [
      "secret defined twice",
      `${GOOD}  - {name: shop-db, namespace: shop, store: infisical, target: b, keys: all}\n`,
      "line 14, column 6: ExternalSecret shop-db is already defined by secrets[0]",
    ],
    [
      "two secrets that own one Secret",
      `${GOOD}  - {name: b, namespace: shop, store: infisical, target: shop-db, keys: all}\n`,
      "line 14, column 50: the Secret shop-db is already defined by secrets[0]",
    ],
    [
      "store that nobody defines",
      GOOD.replace("store: infisical", "store: infisicl"),
      'line 12, column 5: secrets[0].store: no store is called "infisicl"; did you mean "infisical"?',
    ],
    [
      "store that nobody defines, near nothing",
      GOOD.replace("store: infisical", "store: vault"),
      'line 12, column 5: secrets[0].store: no store is called "vault"; there are infisical',
    ],
    [
      "secret that does not say which store",
      `${stores("name: a, environment: prod", "name: b, environment: prod")}secrets:\n  - {name: x, keys: all}\n`,
      "line 6, column 5: secrets[0].store is missing: there are several stores (a, b)",
    ],
    [
      "secret where its store is not",
      GOOD.replace("shop-db\n    namespace: shop", "shop-db\n    namespace: cart"),
      "line 11, column 5: secrets[0] is in cart, but SecretStore infisical serves shop only",
    ],
    [
      "secret where its cluster store is not allowed",
      `${stores("name: a, kind: ClusterSecretStore, environment: prod, allowedNamespaces: [shop]")}secrets:\n  - {name: x, namespace: cart, keys: all}\n`,
      "line 5, column 15: secrets[0] is in cart, but ClusterSecretStore a allows shop",
    ],
    [
      "allowedNamespaces of a SecretStore",
      stores("name: a, environment: prod, allowedNamespaces: [shop]"),
      "line 3, column 34: allowedNamespaces is for a ClusterSecretStore only; this is a SecretStore, which serves its own namespace",
    ],
    [
      "cluster store in several namespaces",
      stores("name: a, kind: ClusterSecretStore, environment: prod, namespace: [shop, cart]"),
      "line 3, column 60: a ClusterSecretStore keeps its identity Secret in one namespace; use allowedNamespaces for who may use it",
    ],
    [
      "one of several stores without environment",
      stores("name: a, environment: prod", "name: b"),
      "line 4, column 5: stores[1].environment is missing",
    ],
    [
      "one of several secrets without keys",
      `${GOOD}  - {name: b, store: infisical}\n`,
      "line 14, column 5: secrets[1].keys is missing",
    ],
    [
      "secret without a name",
      `${V1}secrets:\n  - keys: all\n`,
      "line 3, column 5: secrets[0].name is missing",
    ],
    [
      "policies that ESO refuses together",
      secretWith("    creationPolicy: Merge\n    deletionPolicy: Delete\n"),
      "line 5, column 5: ESO refuses deletionPolicy Delete together with creationPolicy Merge",
    ],
    [
      "cluster together with clusters",
      `${V1}cluster: {context: a}\nclusters:\n  - {context: b}\n`,
      "line 2, column 1: cluster and clusters exclude each other; keep one of them",
    ],
    [
      "cluster without a context",
      `${V1}clusters:\n  - {name: a}\n`,
      "line 3, column 5: clusters[0].context is missing",
    ],
    [
      "cluster listed twice",
      `${V1}clusters:\n  - {context: a}\n  - {context: a}\n`,
      "line 4, column 6: clusters[0] has the same context",
    ],
    [
      "one identity for several clusters",
      `${stores("environment: prod, identityId: 3f61c2d4-0000-4000-8000-000000000000")}clusters:\n  - {context: a}\n  - {context: b}\n`,
      "line 3, column 25: one identity serves one cluster: with several clusters leave identityId out",
    ],
  ];

  it.each(CASES)("%s", (_, text, line) => {
    const error = failureOf(() => parse(text));
    expect(error).toMatchObject({ code: "ESOB-C101", exitCode: 2 });
    expect(linesOf(error)).toEqual([line]);
  });

  it("leaves to the flags what one store or secret lacks", () => {
    const config = parse(`${V1}stores:\n  - name: a\nsecrets:\n  - name: b\n`);
    expect(config.values["stores"]).toEqual([{ name: "a" }]);
  });

  it("lets two secrets merge into one Secret", () => {
    const second =
      "  - {name: b, namespace: shop, store: infisical, target: shop-db, creationPolicy: Merge, keys: all}\n";
    expect(parse(GOOD + second).values["secrets"]).toHaveLength(2);
  });
});

describe("many mistakes", () => {
  it("are told all at once, in the order of the file", () => {
    const text = `apiVersion: eso-bootstrap/v1
stores:
  - name: a
    environment: prod
    pth: /shop
  - name: a
    kind: Store
secrets:
  - name: x
    store: b
    refreshInterval: soon
infisical:
  projct: shop
  projct: shop
`;
    const error = failureOf(() => parse(text));
    expect(error.message).toBe("eso-bootstrap.yaml has 9 mistakes.");
    expect(linesOf(error)).toEqual([
      'line 5, column 5: unknown key "pth"; did you mean "path"?',
      "line 6, column 5: stores[1].environment is missing",
      "line 6, column 5: SecretStore a is already defined by stores[0]",
      'line 7, column 11: stores[1].kind: expected SecretStore or ClusterSecretStore, found "Store"',
      'line 10, column 5: secrets[0].store: no store is called "b"; there are a',
      'line 11, column 22: secrets[0].refreshInterval: expected a duration such as 60s, 5m or 1h30m (days as 24h), or 0s to sync once, found "soon"',
      'line 13, column 3: unknown key "projct"; did you mean "project"?',
      "line 14, column 3: this key is there twice",
      'line 14, column 3: unknown key "projct"; did you mean "project"?',
    ]);
  });

  it("are cut where nobody would read on", () => {
    const text = V1 + Array.from({ length: 3000 }, (_, index) => `key${index}: 1\n`).join("");
    const error = failureOf(() => parse(text));
    expect(error.message).toBe("eso-bootstrap.yaml has 3000 mistakes.");
    expect(linesOf(error)).toHaveLength(51);
    expect(linesOf(error).at(-1)).toBe("… and 2950 more");
  });

  it("never repeat what looks like a credential", () => {
    const jwt = `ey${"J".repeat(40)}.${"a".repeat(80)}`;
    const text = `${V1}infisical:\n  create: ${jwt}\n  project: st.secret/part\n  token: hunter2\n${jwt}: 1\n`;
    const error = failureOf(() => parse(text));
    expect(linesOf(error)).toHaveLength(4);
    expect(error.reason).not.toMatch(/JJJ|secret\/part|hunter2/);
  });
});

describe("text that is no configuration", () => {
  const BOMB = "bcdefghij"
    .split("")
    .map(
      (name, index) =>
        `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefghij"[index]}`).join(", ")}]`,
    )
    .join("\n");
  const CASES: readonly (readonly [what: string, text: string, code: string, line: string])[] = [
    [
      "nothing",
      "",
      "ESOB-C101",
      "line 1, column 1: the file is empty; it starts with  apiVersion: eso-bootstrap/v1",
    ],
    [
      "only comments",
      "# later\n\n",
      "ESOB-C101",
      "line 1, column 1: the file is empty; it starts with  apiVersion: eso-bootstrap/v1",
    ],
    ["a picture", "\u0089PNG\r\n\u001a\n\0\0", "ESOB-C102", "it is binary, or not in UTF-8"],
    ["Latin-1", "name: Z\uFFFDrich", "ESOB-C102", "it is binary, or not in UTF-8"],
    [
      "10 MB",
      `a: ${"x".repeat(10_000_000)}`,
      "ESOB-C102",
      "it is larger than 1 MiB, which no configuration is",
    ],
    [
      "a list",
      "- a\n- b\n",
      "ESOB-C101",
      "line 1, column 1: the file: expected a mapping (key: value), found a list",
    ],
    [
      "a word",
      "hello\n",
      "ESOB-C101",
      'line 1, column 1: the file: expected a mapping (key: value), found "hello"',
    ],
    [
      "a tab",
      `${V1}infisical:\n\tproject: shop\n`,
      "ESOB-C101",
      "line 3, column 1: a tab cannot indent YAML; use spaces",
    ],
    [
      "two documents",
      `${V1}---\n${V1}`,
      "ESOB-C101",
      "line 2, column 1: a second document (---) starts here; one is allowed",
    ],
    [
      "an open quote",
      `${V1}infisical:\n  project: "shop\n`,
      "ESOB-C101",
      "line 4, column 1: a quote, bracket, brace or colon is missing",
    ],
    [
      "a mapping in a line",
      `${V1}infisical: project: shop\n`,
      "ESOB-C101",
      "line 2, column 12: a mapping cannot start here; is a line break or are quotes missing?",
    ],
    [
      "an alias of nothing",
      `${V1}infisical: *base\n`,
      "ESOB-C101",
      "line 2, column 12: this alias (*name) has no anchor (&name) before it",
    ],
    [
      "a tag",
      `${V1}infisical: !vault x\n`,
      "ESOB-C101",
      "line 2, column 12: a tag (!name) has no meaning here",
    ],
    [
      "a bomb of aliases",
      `a: &a [x, x, x, x, x, x, x, x, x]\n${BOMB}\n`,
      "ESOB-C101",
      "line 1, column 1: its aliases (*name) multiply without end; write the values out",
    ],
    [
      "an alias inside its own anchor",
      `${V1}eso:\n  values: &v {again: *v}\n`,
      "ESOB-C101",
      "line 1, column 1: its aliases (*name) multiply without end; write the values out",
    ],
  ];

  it.each(CASES)("%s is one clear error", (_, text, code, line) => {
    const began = performance.now();
    const error = failureOf(() => parse(text));
    expect(error).toMatchObject({ code, exitCode: 2 });
    expect(linesOf(error)).toEqual([line]);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it("nested without end is one clear error", () => {
    const error = failureOf(() => parse(`a: ${"[".repeat(100_000)}`));
    expect(error).toMatchObject({ code: "ESOB-C101", exitCode: 2 });
    expect(linesOf(error)).toHaveLength(1);
    expect(error.reason).toContain("nested too deeply");
  });
});
