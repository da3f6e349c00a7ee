import { describe, expect, test } from "vitest";
import { BootstrapError } from "../../../src/errors.ts";
import { desiredOf } from "../../../src/desired/desired.ts";
import { findApiServer, isInCluster, kindOf } from "../../../src/steps/api-server.ts";
import type { Ports } from "../../../src/steps/context.ts";
import { isAvailable, isServed } from "../../../src/steps/eso-fact.ts";
import { place } from "../../../src/steps/keys.ts";
import { usesSecret } from "../../../src/steps/workloads.ts";
import type { Net } from "../../../src/system/system.ts";
import { FakeCluster } from "../../fakes/cluster.ts";
import { inputs } from "../../helpers/inputs.ts";

const desired = (host: string, apiServer?: string) => {
  const base = inputs({ infisical: { host } });
  const cluster = { ...base.cluster, apiServer };
  return desiredOf(
    { ...base, cluster },
    {
      context: "c",
      namespaces: () => ["shop"],
      infisicalCa: undefined,
      clusterCa: undefined,
      firstValues: [],
    },
  );
};

/** A network where every name has these addresses and every CA fits. */
const net = (addresses: Record<string, string>): Net => ({
  resolve: async (host) => [addresses[host] ?? host],
  probe: async (_, ca) =>
    ca === "wrong" ? { reached: false, at: "tls", reason: "x" } : { reached: true, address: "x" },
});

const find = (host: string, apiServer: string | undefined, addresses: Record<string, string> = {}) =>
  findApiServer(
    { cluster: new FakeCluster(), net: net(addresses) } as unknown as Ports,
    desired(host, apiServer),
  );

describe("findApiServer", () => {
  test.each([
    ["loopback and Cloud", "https://eu.infisical.com", "https://127.0.0.1:6443", "ESOB-R117"],
    ["private and Cloud", "https://eu.infisical.com", "https://10.0.0.5:6443", "ESOB-R117"],
    ["a name that is private and Cloud", "https://app.infisical.com", "https://k8s.corp:6443", "ESOB-R117"],
    [
      "in-cluster name and Cloud",
      "https://app.infisical.com",
      "https://kubernetes.default.svc.cluster.local",
      "ESOB-R117",
    ],
    ["loopback and a server elsewhere", "https://infisical.corp", "https://127.0.0.1:6443", "ESOB-R117"],
    [
      "a name with a search domain",
      "http://infisical.ns.svc:8080",
      "https://kubernetes.default.svc",
      "ESOB-R107",
    ],
  ])("refuses %s before any write", async (_, host, apiServer, code) => {
    const error = await find(host, apiServer, {
      "k8s.corp": "10.1.2.3",
      "infisical.corp": "10.1.2.4",
      "eu.infisical.com": "3.72.1.1",
      "app.infisical.com": "3.215.1.1",
    }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BootstrapError);
    expect(error).toMatchObject({ code });
  });

  test("a private address is fine for a server of one's own", async () => {
    const found = await find("https://infisical.corp", "https://10.0.0.5:6443/", {
      "infisical.corp": "10.0.0.9",
    });
    expect(found.url).toBe("https://10.0.0.5:6443");
  });

  test("Infisical in the same cluster is given the full in-cluster name", async () => {
    const found = await find("http://infisical-backend.infisical.svc.cluster.local:8080", undefined);
    expect(found.url).toBe("https://kubernetes.default.svc.cluster.local");
    expect(isInCluster("http://infisical.ns.svc:8080")).toBe(true);
  });
});

test.each([
  ["127.0.0.1", "loopback"],
  ["::1", "loopback"],
  ["10.1.2.3", "private"],
  ["172.16.0.1", "private"],
  ["172.32.0.1", "public"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "private"],
  ["100.128.0.1", "public"],
  ["169.254.1.1", "private"],
  ["fd00::1", "private"],
  ["fe80::1", "private"],
  ["2600:1f18::1", "public"],
  ["3.72.169.163", "public"],
])("%s is %s", (address, kind) => {
  expect(kindOf(address)).toBe(kind);
});

test.each([
  ["FOO", "/shop", { path: "/shop", name: "FOO" }],
  ["/a/b/FOO", "/shop", { path: "/a/b", name: "FOO" }],
  ["sub/FOO", "/shop", { path: "/shop/sub", name: "FOO" }],
  ["sub/FOO", "/", { path: "/sub", name: "FOO" }],
  ["/FOO", "/shop", { path: "/", name: "FOO" }],
])("ESO looks for %s of a store at %s in the right folder", (key, path, expected) => {
  expect(place(key, path)).toMatchObject(expected);
});

test.each([
  ["env", { containers: [{ env: [{ valueFrom: { secretKeyRef: { name: "db" } } }] }] }],
  ["envFrom", { containers: [{ envFrom: [{ secretRef: { name: "db" } }] }] }],
  ["init containers", { initContainers: [{ envFrom: [{ secretRef: { name: "db" } }] }] }],
  ["volumes", { volumes: [{ secret: { secretName: "db" } }] }],
  ["projected volumes", { volumes: [{ projected: { sources: [{ secret: { name: "db" } }] } }] }],
  ["imagePullSecrets", { imagePullSecrets: [{ name: "db" }] }],
])("a pod that uses the Secret through %s is restarted", (_, spec) => {
  expect(usesSecret(spec, "db")).toBe(true);
  expect(usesSecret(spec, "other")).toBe(false);
});

test("a Deployment is available only when the newest generation is", () => {
  const deployment = (observedGeneration: number, availableReplicas: number) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "eso", generation: 2 },
    spec: { replicas: 1 },
    status: { observedGeneration, availableReplicas, updatedReplicas: 1 },
  });
  expect(isAvailable(deployment(2, 1))).toBe(true);
  expect(isAvailable(deployment(1, 1))).toBe(false);
  expect(isAvailable(deployment(2, 0))).toBe(false);
});

test("a CRD counts when it is Established and serves v1", () => {
  const crd = (served: boolean, status: string) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "externalsecrets.external-secrets.io" },
    spec: { versions: [{ name: "v1", served }] },
    status: { conditions: [{ type: "Established", status }] },
  });
  expect(isServed(crd(true, "True"))).toBe(true);
  expect(isServed(crd(false, "True"))).toBe(false);
  expect(isServed(crd(true, "False"))).toBe(false);
  expect(isServed(undefined)).toBe(false);
});
