import { describe, expect, test } from "vitest";
import type { Action } from "../../../src/engine/plan.ts";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import { diffOf, lookAtObject, rightsFor } from "../../../src/steps/objects.ts";
import type { RoadContext } from "../../../src/steps/context.ts";
import { FakeCluster } from "../../fakes/cluster.ts";

const ours = { "app.kubernetes.io/managed-by": "eso-bootstrap" };
const binding = (role = "system:auth-delegator", labels: Record<string, string> = ours): KubeObject => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "infisical-token-reviewer", labels },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  subjects: [{ kind: "ServiceAccount", name: "infisical-token-reviewer", namespace: "external-secrets" }],
});
const config = (value: string, labels: Record<string, string> = ours): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "one", namespace: "default", labels },
  data: { key: value },
});

function look(
  cluster: FakeCluster,
  manifest: KubeObject,
  options: Partial<RoadContext["options"]> = {},
): Promise<Action> {
  const context = {
    cluster,
    options: { adopt: false, forceConflicts: false, ...options },
  } as unknown as RoadContext;
  return lookAtObject(context, { step: "test", manifest, summary: "" });
}

const act = async (
  cluster: FakeCluster,
  manifest: KubeObject,
  options: Partial<RoadContext["options"]> = {},
) => {
  const action = await look(cluster, manifest, options);
  await action.apply?.();
  return action.change;
};

describe("lookAtObject", () => {
  test("creates what is absent, and finds it unchanged afterwards", async () => {
    const cluster = new FakeCluster();
    expect((await act(cluster, config("a"))).action).toBe("create");
    expect((await look(cluster, config("a"))).change.action).toBe("unchanged");
  });

  test("updates what differs, and shows the fields", async () => {
    const cluster = new FakeCluster();
    await act(cluster, config("a"));
    const change = await act(cluster, config("b"));
    expect(change).toMatchObject({ action: "update", diff: [{ path: "data.key", from: "a", to: "b" }] });
    expect((await look(cluster, config("b"))).change.action).toBe("unchanged");
  });

  test("never touches what somebody else made, until --adopt", async () => {
    const cluster = new FakeCluster();
    cluster.seed(config("theirs", {}));
    const before = await cluster.get({
      apiVersion: "v1",
      kind: "ConfigMap",
      namespace: "default",
      name: "one",
    });
    const change = await act(cluster, config("ours"));
    expect(change).toMatchObject({ action: "blocked", reason: expect.stringContaining("--adopt") });
    expect(
      await cluster.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "one" }),
    ).toEqual(before);
    expect((await act(cluster, config("ours"), { adopt: true })).action).toBe("update");
    expect((await look(cluster, config("ours"))).change.action).toBe("unchanged");
  });

  test("a foreign namespace is used as it is", async () => {
    const cluster = new FakeCluster();
    const namespace: KubeObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
    cluster.seed(namespace);
    const change = await act(cluster, { ...namespace, metadata: { name: "shop", labels: ours } });
    expect(change.action).toBe("unchanged");
  });

  test("what a person changed with kubectl is put right", async () => {
    const cluster = new FakeCluster();
    await act(cluster, config("a"));
    cluster.writeAs("kubectl-edit", config("by hand"));
    expect(await act(cluster, config("a"))).toMatchObject({
      action: "update",
      diff: [{ from: "by hand", to: "a" }],
    });
    expect((await look(cluster, config("a"))).change.action).toBe("unchanged");
  });

  test("what a controller owns is blocked with its name, until --force-conflicts", async () => {
    const cluster = new FakeCluster();
    await act(cluster, config("a"));
    cluster.writeAs("argocd-controller", config("from git"));
    expect(await act(cluster, config("a"))).toMatchObject({
      action: "blocked",
      reason: expect.stringContaining("argocd-controller"),
    });
    expect((await act(cluster, config("a"), { forceConflicts: true })).action).toBe("update");
  });

  test("a roleRef cannot be changed: the binding is made anew", async () => {
    const cluster = new FakeCluster();
    await act(cluster, binding());
    const change = await act(cluster, binding("infisical-token-reviewer"));
    expect(change.action).toBe("replace");
    expect((await look(cluster, binding("infisical-token-reviewer"))).change.action).toBe("unchanged");
  });
});

describe("diffOf", () => {
  test("never shows the data of a Secret", () => {
    const secret = (value: string): KubeObject => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      data: { token: value },
    });
    const diff = diffOf(secret("canary-old"), secret("canary-new"));
    expect(diff).toEqual([{ path: "data.token", from: "[redacted]", to: "[redacted]" }]);
  });
});

describe("rightsFor", () => {
  test("create cannot be granted by name, everything else can", () => {
    expect(rightsFor(config("a"), ["create", "patch"])).toEqual([
      { verb: "create", group: "", resource: "configmaps", namespace: "default" },
      { verb: "patch", group: "", resource: "configmaps", namespace: "default", name: "one" },
    ]);
  });
});
