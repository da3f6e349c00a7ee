import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ALL_FIELDS } from "../../../src/inputs/fields.ts";
import { configSchema } from "../../../src/inputs/schema.ts";
import { GOOD } from "./mistakes.ts";

/** The example of product.md section 3, with values where it has "…". It shows alternatives side by side, as `cluster` and `clusters`. */
const EXAMPLE = `apiVersion: eso-bootstrap/v1
cluster:
  name: prod-eu
  context: prod-eu
  apiServer: https://k8s.example:6443
  caFile: ./ca.crt
infisical:
  host: https://app.infisical.com
  hostFromCluster: http://infisical.infisical.svc.cluster.local:8080
  caFile: ./infisical-ca.crt
  organization: acme
  project: shop
  create: false
eso:
  manage: true
  namespace: external-secrets
  release: external-secrets
  chart: external-secrets
  repo: https://charts.external-secrets.io
  version: 2.9.0
  installCRDs: auto
  controllerClass: default
  values: {}
reviewer:
  mode: token
  namespace: external-secrets
  serviceAccount: infisical-token-reviewer
  clusterRole: system:auth-delegator
  tokenLifetime: unlimited
stores:
  - name: infisical
    kind: SecretStore
    namespace: shop
    allowedNamespaces: [shop, cart]
    project: shop
    environment: prod
    path: /shop
    recursive: false
    alsoRead: [/shared]
    imports: false
    identity: eso-prod-eu-shop
    identityId: 3f61c2d4-0000-4000-8000-000000000000
    accessTokenTTL: 2h
    spec: {}
secrets:
  - name: shop-db
    namespace: shop
    store: infisical
    target: shop-db
    refreshInterval: 60s
    creationPolicy: Owner
    deletionPolicy: Retain
    keys:
      - DB_HOST
      - DB_PASSWORD: PASSWORD
      - {as: PORT, key: DB, property: port, allowEmpty: false}
    spec: {}
    restart: auto
clusters:
  - {name: prod-eu, context: prod-eu}
  - {name: prod-us, context: prod-us, apiServer: https://us.k8s.example:6443}
doctor:
  ignore: [{code: ESOB-S204, resource: shop/infisical, reason: "planned move", until: 2027-01-31}]
`;

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(configSchema());

describe("the schema of the file", () => {
  it.each([
    ["the example of product.md", EXAMPLE],
    ["a small file", GOOD],
    ["nothing but the version", "apiVersion: eso-bootstrap/v1\n"],
    ["us for a host", GOOD.replace("project: shop", "{host: us}").replace("  {host: us}", "  host: us")],
    ["labels for a namespace", GOOD.replace("namespace: shop", "namespace: {selector: {team: shop}}")],
    ["all keys", GOOD.replace("[DB_HOST]", "all")],
    ["workloads to restart", `${GOOD}    restart: [deployment/shop]\n`],
  ])("accepts %s", (_, text) => {
    expect(validate(parse(text)) ? [] : validate.errors).toEqual([]);
  });

  it.each([
    [
      "an unknown key",
      EXAMPLE.replace("  project: shop\n  create", "  projct: shop\n  create"),
      "/infisical",
    ],
    ["an unknown section", `${GOOD}store: []\n`, ""],
    ["another version of the format", GOOD.replace("v1", "v2"), "/apiVersion"],
    ["no version of the format", GOOD.replace("apiVersion: eso-bootstrap/v1\n", ""), ""],
    ["an unknown kind", EXAMPLE.replace("kind: SecretStore", "kind: Store"), "/stores/0/kind"],
    ["a number for a version", EXAMPLE.replace("version: 2.9.0", "version: 2.9"), "/eso/version"],
    ["a word for a boolean", EXAMPLE.replace("create: false", "create: no way"), "/infisical/create"],
    ["a duration with days for ESO", EXAMPLE.replace("60s", "1d"), "/secrets/0/refreshInterval"],
    ["a relative folder", EXAMPLE.replace("path: /shop", "path: shop"), "/stores/0/path"],
    ["a glob in a folder", EXAMPLE.replace("[/shared]", '["/shared/*"]'), "/stores/0/alsoRead/0"],
    ["a bad namespace", EXAMPLE.replace("namespace: shop", "namespace: Shop"), "/stores/0/namespace"],
    ["a secret without a name", EXAMPLE.replace("- name: shop-db\n   ", "-"), "/secrets/0"],
    ["an unknown part of a key", EXAMPLE.replace("property: port", "propery: port"), "/secrets/0/keys/2"],
    ["an empty list of keys", GOOD.replace("[DB_HOST]", "[]"), "/secrets/0/keys"],
    [
      "a cluster without context",
      EXAMPLE.replace("{name: prod-eu, context: prod-eu}", "{name: prod-eu}"),
      "/clusters/0",
    ],
    ["a finding ignored without reason", EXAMPLE.replace('reason: "planned move", ', ""), "/doctor/ignore/0"],
    ["a client secret", EXAMPLE.replace("  create: false", "  clientSecret: x"), "/infisical"],
  ])("refuses %s", (_, text, place) => {
    expect(text).not.toBe(EXAMPLE);
    expect(validate(parse(text))).toBe(false);
    expect(validate.errors?.map(({ instancePath }) => instancePath)).toContain(place);
  });

  it("knows and explains every setting of the table", () => {
    const text = JSON.stringify(configSchema());
    for (const { key, help } of ALL_FIELDS) {
      expect(text).toContain(`"${key.split(".").at(-1)}":`);
      expect(text).toContain(JSON.stringify(help).slice(1, -1));
    }
  });
});
