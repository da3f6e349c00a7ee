import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createCluster } from "../../src/kubernetes/client.ts";
import type { Cluster, KubeObject } from "../../src/kubernetes/cluster.ts";
import { at } from "../../src/data.ts";
import { clusterSuite } from "../contract/cluster-suite.ts";
import { existingCluster } from "./stack/existing.ts";
import { type Stack, startStack } from "./stack/stack.ts";

/** The same promises as the fake's, kept by a real API server. */
clusterSuite("the adapter on a real API server", async () => {
  const stack = await startStack({ name: "cluster-suite" });
  let writes = 0;
  const cluster = await createCluster({
    kubeconfig: stack.kubeconfig,
    env: stack.env,
    onWrite: () => (writes += 1),
  });
  return {
    cluster,
    async writeAs(manager, object) {
      const how = ["--server-side", "--force-conflicts", `--field-manager=${manager}`];
      await stack.kubectl(["apply", ...how, "-f", "-"], JSON.stringify(object));
    },
    writes: () => writes,
    patienceMs: 15_000,
    close: () => stack.stop(),
  };
});

/** What needs a control plane of one's own: other users, and an API server that can be stopped. */
describe.skipIf(existingCluster() !== undefined)("the adapter on a control plane of its own", () => {
  let stack: Stack;
  let cluster: Cluster;
  beforeAll(async () => {
    stack = await startStack({ name: "own" });
    cluster = await createCluster({ kubeconfig: stack.kubeconfig, env: stack.env });
  });
  afterAll(() => stack.stop());

  const as = (commonName: string, more: { expired?: boolean } = {}) =>
    createCluster({ kubeconfig: stack.clientCert({ commonName, ...more }), env: stack.env });
  const configMap = (name: string, data: Record<string, string>): KubeObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default", labels: { suite: "own" } },
    data,
  });
  const ref = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace: "default", name });
  const query = { apiVersion: "v1", kind: "Secret", namespace: "default" };

  test("a user without rights is told which one, and all that are missing", async () => {
    const bob = await as("bob");
    const list = bob.list(query)[Symbol.asyncIterator]();
    await expect(list.next()).rejects.toMatchObject({
      code: "ESOB-K104",
      facts: { Right: "list secrets in default" },
      fix: { command: "kubectl auth can-i list secrets -n default" },
    });
    await expect(bob.apply(configMap("no", {}))).rejects.toMatchObject({ code: "ESOB-K104" });
    const rights = ["get", "create"].map((verb) => ({
      verb,
      group: "",
      resource: "secrets",
      namespace: "default",
    }));
    expect(await bob.missingRights(rights)).toEqual(rights);
  });

  test("an expired client certificate is named", async () => {
    const error = await as("late", { expired: true }).then((late) =>
      late.version().then(String, (no: unknown) => no),
    );
    expect(error).toMatchObject({ code: "ESOB-K102", reason: expect.stringContaining("expired") });
  });

  test("asks what a ServiceAccount may, roles and groups counted", async () => {
    const account = { namespace: "default", name: "default" };
    const review = { verb: "create", group: "authentication.k8s.io", resource: "tokenreviews" };
    const own = { verb: "create", group: "authorization.k8s.io", resource: "selfsubjectaccessreviews" };
    expect(await cluster.missingRightsOf(account, [review, own])).toEqual([review]);
    const roleRef = {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: "system:auth-delegator",
    };
    const metadata = { name: "default-reviews" };
    const subjects = [{ kind: "ServiceAccount", ...account }];
    await cluster.apply({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata,
      roleRef,
      subjects,
    });
    await expect.poll(() => cluster.missingRightsOf(account, [review]), { timeout: 15_000 }).toEqual([]);
  });

  test("knows when the client certificate ends", async () => {
    const end = await cluster.credentialEnd();
    expect(end?.getTime()).toBeGreaterThan(Date.now());
    await expect(
      (await as("bob")).missingRightsOf({ namespace: "default", name: "default" }, [
        { verb: "get", group: "", resource: "pods" },
      ]),
    ).rejects.toMatchObject({ code: "ESOB-K104" });
  });

  test("pages through more objects than fit on a page", async () => {
    const names = Array.from({ length: 45 }, (_name, index) => `page-${String(index).padStart(2, "0")}`);
    await Promise.all(names.map((name) => cluster.create(configMap(name, {}))));
    const found: string[] = [];
    const pages = cluster.list({ ...query, kind: "ConfigMap", labelSelector: "suite=own", pageSize: 10 });
    for await (const object of pages) found.push(object.metadata.name);
    expect(found).toEqual(names);
  });

  test("a kind that was just installed is found", async () => {
    expect(await cluster.serves("example.com/v1", "Widget")).toBe(false);
    const names = { kind: "Widget", plural: "widgets", singular: "widget", listKind: "WidgetList" };
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    await cluster.apply({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "widgets.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names,
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    });
    await expect.poll(() => cluster.serves("example.com/v1", "Widget"), { timeout: 15_000 }).toBe(true);
    const widget = {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { name: "w", namespace: "default" },
    };
    await expect
      .poll(() => cluster.apply(widget).then(({ outcome }) => outcome, String), { timeout: 15_000 })
      .toBe("applied");
  });

  test("a namespace that is being deleted takes nothing, and says so", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "leaving" } };
    await cluster.apply(namespace);
    const held = {
      ...configMap("held", {}),
      metadata: { name: "held", namespace: "leaving", finalizers: ["example.com/hold"] },
    };
    await cluster.apply(held);
    const uid = (await cluster.get({ ...namespace, name: "leaving" }))?.metadata.uid ?? "";
    await cluster.delete({ ...namespace, name: "leaving" }, { uid });
    const late = { ...configMap("late", {}), metadata: { name: "late", namespace: "leaving" } };
    await expect(cluster.apply(late)).rejects.toMatchObject({
      code: "ESOB-K106",
      message: "ConfigMap leaving/late: apply was refused, because its namespace is being deleted.",
    });
    const freed = await cluster.patch({ ...ref("held"), namespace: "leaving" }, [
      { op: "remove", path: "/metadata/finalizers" },
    ]);
    expect(freed).toBe("patched");
  });

  test("an unknown field is refused, and named", async () => {
    const typo = { ...configMap("typo", {}), dta: { a: "1" } };
    await expect(cluster.apply(typo, { dryRun: true })).rejects.toMatchObject({
      code: "ESOB-K106",
      reason: expect.stringContaining("dta"),
    });
  });

  test("a wait survives a restart of the API server", async () => {
    await cluster.apply(configMap("patient", { step: "1" }));
    const states: unknown[] = [];
    const waiting = cluster.waitUntil(ref("patient"), (object) => at(object, "data", "step") === "2", {
      timeoutMs: 90_000,
      onChange: (object) => states.push(at(object, "data", "step")),
    });
    await expect.poll(() => states).toEqual(["1"]);
    await stack.stopApiServer();
    await stack.startApiServer();
    await cluster.apply(configMap("patient", { step: "2" }));
    expect(await waiting).toMatchObject({ done: true });
    expect(states).toEqual(["1", "2"]);
  });
});
