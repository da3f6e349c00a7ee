import { describe, expect, test } from "vitest";
import { cut, desiredOf, slug, type Desired } from "../../../src/desired/desired.ts";
import {
  externalSecretManifest,
  identitySecretManifest,
  merge,
  storeManifest,
} from "../../../src/desired/manifests.ts";
import { inputs } from "../../helpers/inputs.ts";

const desired = (changes: Parameters<typeof inputs>[0] = {}): Desired =>
  desiredOf(inputs(changes), {
    context: "prod-eu",
    namespaces: (setting) => ("names" in setting ? setting.names : ["team-a", "team-b"]),
    infisicalCa: undefined,
    clusterCa: undefined,
    firstValues: [],
  });

const first = <T>(list: readonly T[]): T => {
  const [item] = list;
  if (item === undefined) throw new Error("empty");
  return item;
};

describe("desiredOf", () => {
  test("names identity and role after cluster, namespace and store", () => {
    const store = first(desired().stores);
    expect(store.identityName).toBe("eso-prod-eu-shop-infisical");
    expect(store.roleSlug).toBe("k8s-prod-eu-shop-infisical");
    expect(store.id).toBe("shop/infisical");
  });

  test("one identity for a store in several namespaces, named without them", () => {
    const { stores } = desired({ store: { namespace: { selector: { team: "shop" } } } });
    expect(first(stores)).toMatchObject({
      id: "*/infisical",
      identityName: "eso-prod-eu-infisical",
      namespaces: ["team-a", "team-b"],
    });
  });

  test("{cluster} in an identity's name is replaced", () => {
    expect(first(desired({ store: { identity: "reader-{cluster}" } }).stores).identityName).toBe(
      "reader-prod-eu",
    );
  });

  test("grants the path, and what alsoRead names, in one environment", () => {
    const { grant } = first(desired({ store: { recursive: true, alsoRead: ["/shared"] } }).stores);
    expect(grant).toEqual({
      scopes: [
        { environment: "prod", path: "/shop", subtree: true },
        { environment: "prod", path: "/shared", subtree: false },
      ],
      imports: false,
    });
  });

  test("long names are cut to 60 with a hash that keeps them apart", () => {
    const long = cut(`eso-${"x".repeat(80)}`, 60);
    expect(long).toHaveLength(60);
    expect(long).not.toBe(cut(`eso-${"x".repeat(81)}`, 60));
    expect(slug("Prod EU (arn:aws)")).toBe("prod-eu-arn-aws");
  });
});

describe("manifests", () => {
  test("a SecretStore names the Secret without a namespace: ESO ignores one (eso.md 1.4)", () => {
    const plan = desired();
    expect(storeManifest(first(plan.stores), "shop", plan)).toMatchInlineSnapshot(`
      {
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": {
          "labels": {
            "app.kubernetes.io/managed-by": "eso-bootstrap",
          },
          "name": "infisical",
          "namespace": "shop",
        },
        "spec": {
          "provider": {
            "infisical": {
              "auth": {
                "kubernetesAuthCredentials": {
                  "identityId": {
                    "key": "identityId",
                    "name": "infisical-identity",
                  },
                },
              },
              "hostAPI": "https://eu.infisical.com",
              "secretsScope": {
                "environmentSlug": "prod",
                "projectSlug": "shop",
                "recursive": false,
                "secretsPath": "/shop",
              },
            },
          },
        },
      }
    `);
  });

  test("a ClusterSecretStore names the namespace and who may use it", () => {
    const plan = desired({
      store: { kind: "ClusterSecretStore", allowedNamespaces: { names: ["shop", "cart"] } },
      eso: { controllerClass: "second" },
    });
    const { metadata, ...manifest } = storeManifest(first(plan.stores), "shop", plan);
    expect(metadata.namespace).toBeUndefined();
    expect(manifest["spec"]).toMatchObject({
      controller: "second",
      conditions: [{ namespaces: ["shop", "cart"] }],
      provider: {
        infisical: {
          auth: {
            kubernetesAuthCredentials: {
              identityId: { name: "infisical-cluster-identity", key: "identityId", namespace: "shop" },
            },
          },
        },
      },
    });
  });

  test("keys become remoteRefs; `all` becomes a find", () => {
    const { secrets } = desired();
    expect(externalSecretManifest(first(secrets), "shop")["spec"]).toEqual({
      refreshInterval: "1m0s",
      secretStoreRef: { kind: "SecretStore", name: "infisical" },
      target: { name: "shop-db", creationPolicy: "Owner", deletionPolicy: "Retain" },
      data: [
        { secretKey: "DB_HOST", remoteRef: { key: "DB_HOST" } },
        { secretKey: "PORT", remoteRef: { key: "DB", property: "port" } },
      ],
    });
    const all = desired({ secret: { keys: "all" } });
    expect(externalSecretManifest(first(all.secrets), "shop")["spec"]).toMatchObject({
      dataFrom: [{ find: { name: { regexp: ".*" } } }],
    });
  });

  test("`spec` is merged over what we generate: every ESO field stays reachable", () => {
    const { secrets } = desired({
      secret: { spec: { target: { template: { type: "kubernetes.io/tls" } } } },
    });
    expect(externalSecretManifest(first(secrets), "shop")["spec"]).toMatchObject({
      target: { name: "shop-db", template: { type: "kubernetes.io/tls" } },
    });
    expect(merge({ a: 1, b: { c: 2 } }, { b: { c: null, d: 3 } })).toEqual({ a: 1, b: { d: 3 } });
  });

  test("the identity's id goes in as base64", () => {
    const secret = identitySecretManifest(first(desired().stores), "shop", "1b9d6bcd");
    expect(secret["data"]).toEqual({ identityId: Buffer.from("1b9d6bcd").toString("base64") });
  });
});
