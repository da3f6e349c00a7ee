import { describe, expect, it } from "vitest";
import { desiredOf } from "../../../src/desired/desired.ts";
import { applySteps } from "../../../src/engine/apply.ts";
import { lookAtAll, planOf, type Change } from "../../../src/engine/plan.ts";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import type { Ports } from "../../../src/steps/context.ts";
import { createFacts } from "../../../src/steps/facts.ts";
import type { RemovalContext, RemovalOptions } from "../../../src/steps/removal/context.ts";
import { REMOVAL } from "../../../src/steps/removal/index.ts";
import { judge } from "../../../src/steps/removal/judge.ts";
import { removalScope } from "../../../src/steps/removal/scope.ts";
import { createSurvey, type Survey } from "../../../src/steps/removal/survey.ts";
import { createFakeClock } from "../../fakes/clock.ts";
import { FakeCluster } from "../../fakes/cluster.ts";
import { createFakeHelm } from "../../fakes/helm.ts";
import { inputs } from "../../helpers/inputs.ts";

const MARK = { "app.kubernetes.io/managed-by": "eso-bootstrap" };
const ESO = "external-secrets.io/v1";
const object = (
  apiVersion: string,
  kind: string,
  name: string,
  more: { namespace?: string; labels?: Record<string, string>; finalizers?: string[] } = {},
  rest: Record<string, unknown> = {},
): KubeObject => ({ apiVersion, kind, metadata: { name, labels: MARK, ...more }, ...rest });

const store = object(
  ESO,
  "SecretStore",
  "infisical",
  { namespace: "shop" },
  {
    spec: {
      provider: {
        infisical: {
          auth: {
            kubernetesAuthCredentials: { identityId: { name: "infisical-identity", key: "identityId" } },
          },
          secretsScope: { projectSlug: "shop", environmentSlug: "prod", secretsPath: "/shop" },
        },
      },
    },
  },
);
const secretNamed = (name: string, labels: Record<string, string> = MARK) =>
  object(
    ESO,
    "ExternalSecret",
    name,
    { namespace: "shop", labels },
    {
      spec: { secretStoreRef: { name: "infisical" }, target: { name, creationPolicy: "Owner" } },
    },
  );
const identitySecret = object(
  "v1",
  "Secret",
  "infisical-identity",
  { namespace: "shop" },
  {
    type: "Opaque",
    data: { identityId: Buffer.from("id-1").toString("base64") },
  },
);
const account = object("v1", "ServiceAccount", "infisical-token-reviewer", { namespace: "external-secrets" });
const binding = object(
  "rbac.authorization.k8s.io/v1",
  "ClusterRoleBinding",
  "infisical-token-reviewer",
  {},
  {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
  },
);

/** A cluster after the road, and the way back over it. */
function world(
  options: Partial<RemovalOptions> = {},
  meant: { all?: boolean; namespace?: string; isDescribed?: boolean } = {},
) {
  const cluster = new FakeCluster({ eso: true });
  for (const name of ["shop", "external-secrets"]) cluster.seed(object("v1", "Namespace", name));
  cluster.seed(store, secretNamed("shop-db"), identitySecret, account, binding);
  const [clock, helm] = [createFakeClock(), createFakeHelm()];
  const desired = desiredOf(inputs(), {
    context: "c",
    namespaces: () => ["shop"],
    infisicalCa: undefined,
    clusterCa: undefined,
    firstValues: [],
  });
  const ports = { cluster, helm, clock } as unknown as Ports;
  const base = {
    ...ports,
    desired,
    facts: createFacts(ports, desired),
    emit: () => undefined,
    options: {
      adopt: false,
      forceConflicts: false,
      restart: false,
      timeoutMs: 1000,
      signal: new AbortController().signal,
    },
    removal: {
      keepSecrets: true,
      infisical: false,
      eso: false,
      crds: false,
      clearFinalizers: false,
      ...options,
    },
    scope: removalScope(desired, { all: false, namespace: undefined, isDescribed: false, ...meant }),
  };
  const survey: Survey = createSurvey(cluster, base.scope.namespaces, async () =>
    judge(base, await survey.world()),
  );
  const context: RemovalContext = { ...base, survey };
  const plan = async () => {
    survey.forget();
    return planOf(await lookAtAll(REMOVAL, context), { cluster: "c", infisical: "i" });
  };
  const apply = async () => {
    const shown = await plan();
    survey.forget();
    return applySteps(REMOVAL, context, shown, { emit: () => undefined, forget: () => survey.forget() });
  };
  return { cluster, plan, apply };
}

const lines = (changes: readonly Change[]) =>
  changes.map(
    ({ action, target: { kind, namespace, name } }) =>
      `${action} ${kind} ${namespace ? `${namespace}/` : ""}${name}`,
  );
const byName = (changes: readonly Change[], name: string, kind?: string) =>
  changes.find(({ target }) => target.name === name && (kind === undefined || target.kind === kind));

describe("the way back", () => {
  it("takes what is ours in order, and then there is nothing to do", async () => {
    const { apply, plan } = world();
    const { applied, failed } = await apply();
    expect(failed).toBeUndefined();
    expect(lines(applied)).toEqual([
      "delete ExternalSecret shop/shop-db",
      "delete SecretStore shop/infisical",
      "delete Secret shop/infisical-identity",
      "delete ClusterRoleBinding infisical-token-reviewer",
      "delete ServiceAccount external-secrets/infisical-token-reviewer",
      "delete Namespace external-secrets",
      "delete Namespace shop",
    ]);
    expect((await plan()).changes).toEqual([]);
  });

  it("with a file and -n takes only what the file describes in that namespace, and no reviewer", async () => {
    const inShop = await world({}, { namespace: "shop", isDescribed: true }).plan();
    expect(lines(inShop.changes)).toEqual([
      "delete ExternalSecret shop/shop-db",
      "delete SecretStore shop/infisical",
      "delete Secret shop/infisical-identity",
      "delete Namespace shop",
    ]);
    const elsewhere = await world({}, { namespace: "cart", isDescribed: true }).plan();
    expect(elsewhere.changes).toEqual([]);
  });

  it("leaves what has no mark, and says the command that removes it", async () => {
    const { cluster, plan } = world();
    cluster.writeAs("kubectl-label", {
      ...account,
      metadata: { ...account.metadata, labels: { "app.kubernetes.io/managed-by": "someone" } },
    });
    const change = byName((await plan()).changes, "infisical-token-reviewer", "ServiceAccount");
    expect([change?.action, change?.reason]).toEqual([
      "unchanged",
      "somebody else made it; to remove it: kubectl delete serviceaccount infisical-token-reviewer -n external-secrets",
    ]);
  });

  it("leaves a store that somebody else still reads from, and what it needs", async () => {
    const { cluster, plan } = world();
    cluster.seed(secretNamed("theirs", {}));
    const { changes } = await plan();
    expect(lines(changes.filter(({ action }) => action !== "unchanged"))).toEqual([
      "delete ExternalSecret shop/shop-db",
    ]);
    expect(byName(changes, "infisical")?.reason).toBe("ExternalSecret shop/theirs still reads from it");
    expect(byName(changes, "infisical-identity")?.reason).toBe("SecretStore infisical reads it");
  });

  it("does what it may, and blocks the rest with the right that is missing", async () => {
    const { cluster, plan } = world();
    cluster.deny(
      { verb: "delete", resource: "clusterrolebindings" },
      { verb: "delete", resource: "secretstores" },
    );
    const { changes } = await plan();
    expect(byName(changes, "infisical")?.reason).toBe(
      "not allowed here: delete secretstores.external-secrets.io infisical in shop",
    );
    expect(byName(changes, "shop-db")?.action).toBe("delete");
    // What the store needs stays with it.
    expect(byName(changes, "infisical-identity")?.action).toBe("unchanged");
    expect(byName(changes, "infisical-token-reviewer", "ServiceAccount")?.action).toBe("unchanged");
  });

  it("leaves an ExternalSecret whose Secret it may not free: that would be collected with it", async () => {
    for (const verb of ["get", "patch"]) {
      const { cluster, plan } = world();
      cluster.deny({ verb, resource: "secrets", namespace: "shop" });
      const { changes } = await plan();
      expect(byName(changes, "shop-db")).toMatchObject({
        action: "blocked",
        reason: `not allowed here: ${verb} secrets shop-db in shop`,
      });
      expect(byName(changes, "infisical", "SecretStore")?.action).toBe("unchanged");
    }
  });

  it("never takes what it may not see for gone: each is blocked, with the right that would tell", async () => {
    const { cluster, plan } = world({ eso: true, crds: true });
    cluster.deny(
      { verb: "list", resource: "secrets" },
      { verb: "get", resource: "secrets", name: "infisical-identity" },
      { verb: "get", resource: "clusterrolebindings" },
      { verb: "list", resource: "clusterroles" },
      { verb: "list", resource: "customresourcedefinitions" },
      { verb: "list", resource: "namespaces" },
      { verb: "get", resource: "namespaces" },
    );
    const { changes } = await plan();
    const blocked = changes.filter(({ action }) => action === "blocked");
    expect(lines(blocked)).toEqual([
      "blocked Secret shop/infisical-identity",
      "blocked ClusterRoleBinding infisical-token-reviewer",
      "blocked ClusterRoleBinding infisical-token-reviewer-self",
      "blocked ClusterRole eso-bootstrap-rotation*",
      "blocked Secret external-secrets/*",
      "blocked CustomResourceDefinition *.external-secrets.io",
      "blocked Namespace external-secrets",
      "blocked Namespace shop",
    ]);
    for (const { reason } of blocked)
      expect(reason).toMatch(/^cannot be judged: needs the right to (get|list) /);
    expect(byName(changes, "infisical", "SecretStore")?.action).toBe("delete");
  });

  it("never deletes a namespace with anything foreign in it: it loses our mark", async () => {
    const { cluster, apply } = world();
    cluster.seed({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "theirs", namespace: "shop" } });
    const { applied } = await apply();
    expect(lines(applied)).toContain("update Namespace shop");
    const shop = cluster.peek({ apiVersion: "v1", kind: "Namespace", name: "shop" });
    expect(shop?.metadata.labels?.["app.kubernetes.io/managed-by"]).toBeUndefined();
    expect(
      cluster.peek({ apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "theirs" }),
    ).toBeDefined();
  });

  it("leaves a namespace alone when it cannot be seen whole", async () => {
    const { cluster, plan } = world();
    cluster.seed({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "theirs", namespace: "shop" } });
    cluster.deny({ verb: "list", resource: "configmaps", namespace: "shop" });
    expect(byName((await plan()).changes, "shop")?.action).toBe("blocked");
  });

  it("keeps the reviewer where its users cannot be listed", async () => {
    const { cluster, plan } = world();
    cluster.deny({ verb: "list", resource: "clustersecretstores" });
    const change = byName((await plan()).changes, "infisical-token-reviewer", "ServiceAccount");
    expect([change?.action, change?.reason]).toEqual([
      "blocked",
      "may not be listed, so its users are unknown: ClusterSecretStores in the whole cluster",
    ]);
  });

  it("with a namespace: everything of ours in it, and nothing elsewhere", async () => {
    const { apply } = world({}, { namespace: "shop" });
    expect(lines((await apply()).applied)).toEqual([
      "delete ExternalSecret shop/shop-db",
      "delete SecretStore shop/infisical",
      "delete Secret shop/infisical-identity",
      "delete Namespace shop",
    ]);
  });
});
