import { describe, expect, test } from "vitest";

import { BootstrapError } from "../../src/errors.ts";
import type { KubeObject } from "../../src/kubernetes/cluster.ts";
import { at } from "../../src/data.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { clusterSuite } from "./cluster-suite.ts";

clusterSuite("the fake cluster", async () => {
  const fake = new FakeCluster();
  fake.patienceMs = 1000;
  return {
    cluster: fake,
    writeAs: async (manager, object) => void fake.writeAs(manager, object),
    writes: () => fake.writes,
    patienceMs: 1000,
  };
});

const store = (name = "infisical"): KubeObject => ({
  apiVersion: "external-secrets.io/v1",
  kind: "SecretStore",
  metadata: { name, namespace: "default" },
  spec: { controller: "default" },
});
const storeRef = {
  apiVersion: "external-secrets.io/v1",
  kind: "SecretStore",
  namespace: "default",
  name: "infisical",
};

describe("what the fake offers to tests", () => {
  test("hooks answer as a controller does; their writes are not ours", async () => {
    const fake = new FakeCluster({ eso: true });
    fake.onApply((object, cluster) => {
      if (object.kind === "SecretStore")
        cluster.setStatus(storeRef, { conditions: [{ type: "Ready", status: "True" }] });
    });
    await fake.apply(store());
    const ready = (object: KubeObject | undefined) => at(object, "status") !== undefined;
    expect(await fake.waitUntil(storeRef, ready, { timeoutMs: 1000 })).toMatchObject({ done: true });
    expect(fake.writes).toBe(1);
    expect(fake.calls).toEqual([
      "apply SecretStore default/infisical",
      "waitUntil SecretStore default/infisical",
    ]);
    const again = await fake.apply(store(), { dryRun: true });
    expect(again).toMatchObject({ object: { metadata: { generation: 1 } } });
  });

  test("scripted failures come as often as they were ordered", async () => {
    const fake = new FakeCluster();
    const error = new BootstrapError("ESOB-K101", { message: "away" });
    fake.failNext({ operation: "get", kind: "ConfigMap", times: 2, error });
    const look = () => fake.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "x" });
    await expect(look()).rejects.toBe(error);
    await expect(fake.get({ apiVersion: "v1", kind: "Namespace", name: "default" })).resolves.toBeDefined();
    await expect(look()).rejects.toBe(error);
    await expect(look()).resolves.toBeUndefined();
  });

  test("denied rights are missing, and their calls forbidden", async () => {
    const fake = new FakeCluster();
    fake.deny({ verb: "list", resource: "secrets" });
    const asked = { verb: "list", group: "", resource: "secrets" };
    expect(await fake.missingRights([asked, asked, { ...asked, verb: "get" }])).toEqual([asked]);
    const first = fake.list({ apiVersion: "v1", kind: "Secret" }).next();
    await expect(first).rejects.toMatchObject({ code: "ESOB-K104" });
  });

  test("kinds come and go with their CRDs, and take their objects along", async () => {
    const fake = new FakeCluster({ eso: true });
    await fake.apply(store());
    expect(await fake.serves("external-secrets.io/v1", "SecretStore")).toBe(true);
    fake.unserve("external-secrets.io/v1", "SecretStore");
    expect(await fake.serves("external-secrets.io/v1", "SecretStore")).toBe(false);
    fake.serve("external-secrets.io/v1", "SecretStore");
    expect(await fake.get(storeRef)).toBeUndefined();
  });

  test("a namespace takes its objects along, an owner its dependents, a finalizer holds", async () => {
    const fake = new FakeCluster({ eso: true }).seed({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "shop" },
    });
    const inShop = (name: string, more: object = {}): KubeObject => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: "shop", ...more },
    });
    const ref = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name });
    fake.seed(inShop("owner"), inShop("held", { finalizers: ["example.com/hold"] }));
    const uid = fake.peek(ref("owner"))?.metadata.uid ?? "";
    fake.seed(
      inShop("owned", { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }] }),
    );
    fake.remove(ref("owner"));
    expect(fake.peek(ref("owned"))).toBeUndefined();
    fake.remove(ref("held"));
    expect(fake.peek(ref("held"))?.metadata.deletionTimestamp).toBeDefined();
    await fake.patch(ref("held"), [{ op: "remove", path: "/metadata/finalizers" }]);
    expect(fake.peek(ref("held"))).toBeUndefined();
    fake.seed(inShop("last"));
    fake.remove({ apiVersion: "v1", kind: "Namespace", name: "shop" });
    expect(fake.peek(ref("last"))).toBeUndefined();
  });

  test("without a controller manager, token Secrets stay empty", async () => {
    const fake = new FakeCluster();
    fake.tokenController = false;
    await fake.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "token",
        namespace: "default",
        annotations: { "kubernetes.io/service-account.name": "default" },
      },
      type: "kubernetes.io/service-account-token",
    });
    const secret = fake.peek({ apiVersion: "v1", kind: "Secret", namespace: "default", name: "token" });
    expect(secret).toMatchObject({ type: "kubernetes.io/service-account-token" });
    expect(at(secret, "data", "token")).toBeUndefined();
  });

  test("tokens expire by the clock it was given", async () => {
    let now = Date.parse("2026-11-23T10:00:00Z");
    const fake = new FakeCluster({ now: () => now });
    fake.seed({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "b" },
      roleRef: { kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", namespace: "default", name: "default" }],
    });
    const { token, expiresAt } = await fake.requestToken({ namespace: "default", serviceAccount: "default" });
    expect(expiresAt.toISOString()).toBe("2026-11-23T11:00:00.000Z");
    expect(await fake.reviewToken({ token, bearer: token })).toMatchObject({ verdict: "genuine" });
    now += 3_600_000;
    expect(await fake.reviewToken({ token, bearer: token })).toMatchObject({
      verdict: "refused",
      status: 401,
    });
  });
});
