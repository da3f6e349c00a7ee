import { describe, expect, it } from "vitest";
import { desiredOf } from "../../../src/desired/desired.ts";
import type { Event } from "../../../src/engine/events.ts";
import type { Change } from "../../../src/engine/plan.ts";
import type { EsoInput } from "../../../src/inputs/inputs.ts";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import type { Ports, RoadContext } from "../../../src/steps/context.ts";
import { esoStep } from "../../../src/steps/eso.ts";
import { createFacts } from "../../../src/steps/facts.ts";
import { createFakeClock } from "../../fakes/clock.ts";
import { ESO_KINDS, establishedCrd } from "../../fakes/cluster-controllers.ts";
import { FakeCluster } from "../../fakes/cluster.ts";
import { createFakeHelm } from "../../fakes/helm.ts";
import { inputs } from "../../helpers/inputs.ts";

const NAMESPACE = "external-secrets";
const BY_HELM = {
  "meta.helm.sh/release-name": "external-secrets",
  "meta.helm.sh/release-namespace": NAMESPACE,
};

function deployment(
  annotations: Record<string, string>,
  args: readonly string[] = [],
  namespace = NAMESPACE,
): KubeObject {
  const labels = {
    "app.kubernetes.io/name": "external-secrets",
    "app.kubernetes.io/instance": "external-secrets",
  };
  const containers = [{ name: "eso", image: "ghcr.io/external-secrets/external-secrets:v2.9.0", args }];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "external-secrets", namespace, labels, annotations, generation: 1 },
    spec: { replicas: 1, template: { spec: { serviceAccountName: "external-secrets", containers } } },
    status: { observedGeneration: 1, availableReplicas: 1, updatedReplicas: 1 },
  };
}

/** ESO's CRDs, as a Helm release (or somebody else's hand) made them. */
const crds = (annotations: Record<string, string>) =>
  ESO_KINDS.map((kind) => {
    const crd = establishedCrd("external-secrets.io/v1", kind);
    return { ...crd, metadata: { ...crd.metadata, annotations } };
  });

/** A cluster and a Helm whose chart makes what ESO's makes. */
function world(eso: Partial<EsoInput> = {}) {
  const cluster = new FakeCluster();
  const clock = createFakeClock();
  const helm = createFakeHelm({
    onInstall: (_release, { values }) => {
      cluster.seed(deployment(BY_HELM));
      if (values["installCRDs"] === true) cluster.seed(...crds(BY_HELM));
    },
  });
  const heard: Event[] = [];
  const look = async (changes: Partial<EsoInput> = {}) => {
    const desired = desiredOf(inputs({ eso: { ...eso, ...changes } }), {
      context: "c",
      namespaces: () => ["shop"],
      infisicalCa: undefined,
      clusterCa: undefined,
      firstValues: [],
    });
    const ports = { cluster, helm, clock } as unknown as Ports;
    const options = {
      adopt: false,
      forceConflicts: false,
      restart: false,
      timeoutMs: 1000,
      signal: new AbortController().signal,
    };
    const facts = createFacts(ports, desired);
    const context: RoadContext = { ...ports, desired, facts, options, emit: (event) => heard.push(event) };
    return esoStep.look(context);
  };
  const run = async (changes: Partial<EsoInput> = {}): Promise<Change[]> => {
    const actions = await look(changes);
    for (const action of actions) await action.apply?.();
    return actions.map(({ change }) => change);
  };
  const release = () => helm.releases.get(`${NAMESPACE}/external-secrets`);
  return { cluster, helm, clock, heard, look, run, release };
}

const kinds = (changes: readonly Change[]) => changes.map(({ action, target }) => `${action} ${target.kind}`);

describe("a cluster without ESO", () => {
  it("gets a release of ours, and the second look finds nothing to do", async () => {
    const { run, release, cluster } = world();
    expect(kinds(await run())).toEqual(["create Namespace", "create Release"]);
    expect(release()).toMatchObject({
      revision: 1,
      ours: true,
      chartVersion: "2.9.0",
      values: { installCRDs: true, crds: { annotations: { "helm.sh/resource-policy": "keep" } } },
    });
    const writes = cluster.writes;
    expect(kinds(await run())).toEqual(["unchanged Release"]);
    expect([cluster.writes, release()?.revision]).toEqual([writes, 1]);
  });

  it("is left alone where ESO may not be managed", async () => {
    await expect(world({ manage: false }).look()).rejects.toMatchObject({ code: "ESOB-H106" });
  });

  it("keeps the user's values, ours on top only where the road needs them", async () => {
    const { run, release } = world({ values: { replicaCount: 2, crds: { conversion: { enabled: false } } } });
    await run();
    expect(release()?.values).toEqual({
      replicaCount: 2,
      installCRDs: true,
      crds: { conversion: { enabled: false }, annotations: { "helm.sh/resource-policy": "keep" } },
    });
  });
});

describe("a release of ours", () => {
  it.each<[string, Partial<EsoInput>]>([
    ["version", { version: "2.10.0" }],
    ["values", { values: { replicaCount: 2 } }],
  ])("is upgraded when the %s differ, and says so", async (path, changes) => {
    const { run, release } = world();
    await run();
    const [change] = await run(changes);
    expect(change).toMatchObject({ action: "update", diff: [{ path }] });
    expect(release()?.revision).toBe(2);
    expect(kinds(await run(changes))).toEqual(["unchanged Release"]);
  });

  it("that failed half-way is gone on with", async () => {
    const { run, helm, release } = world();
    helm.failNext();
    await expect(run()).rejects.toMatchObject({ code: "ESOB-H103" });
    expect(release()?.status).toBe("failed");
    const [change] = await run();
    expect(change?.diff?.map(({ path }) => path)).toEqual(["status", "deployment", "crds"]);
    expect(release()).toMatchObject({ status: "deployed", revision: 2 });
  });

  it("whose Deployment or CRDs somebody deleted is repaired", async () => {
    const { run, cluster } = world();
    await run();
    cluster.unserve("external-secrets.io/v1", "SecretStore");
    const [change] = await run();
    expect(change?.diff).toEqual([
      { path: "crds", from: "missing: secretstores.external-secrets.io", to: "served as v1" },
    ]);
    expect(kinds(await run())).toEqual(["unchanged Release"]);
  });

  it("left pending by a killed helm is waited for, then its record is removed", async () => {
    const { run, helm, cluster, clock, heard, release } = world();
    const name = "sh.helm.release.v1.external-secrets.v1";
    helm.plant({
      name: "external-secrets",
      namespace: NAMESPACE,
      ours: true,
      status: "pending-install",
      updated: new Date(clock.now()),
    });
    cluster.seed({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: NAMESPACE } });
    // deleting the record is what makes helm forget
    const forgetting = cluster.delete.bind(cluster);
    cluster.delete = (ref, preconditions) => {
      if (ref.name === name) helm.releases.clear();
      return forgetting(ref, preconditions);
    };
    await run();
    expect(heard).toContainEqual(
      expect.objectContaining({ type: "waiting", what: "Helm release external-secrets" }),
    );
    expect(clock.slept.length).toBeGreaterThanOrEqual(30);
    expect(release()).toMatchObject({ status: "deployed", ours: true });
  });
});

describe("an ESO of somebody else", () => {
  it("is used as it is and never changed", async () => {
    const { cluster, run, release } = world();
    cluster.seed(deployment({ "argocd.argoproj.io/tracking-id": "x" }), ...crds({}));
    const [change] = await run();
    expect(change).toMatchObject({ action: "unchanged", summary: expect.stringContaining("Argo CD") });
    expect([release(), cluster.writes]).toEqual([undefined, 0]);
  });

  it("gets a second one beside it, without CRDs and webhook, under another controllerClass", async () => {
    const { cluster, run, release } = world({ controllerClass: "ours" });
    cluster.seed(deployment({}, [], "elsewhere"), ...crds({}));
    expect(kinds(await run())).toEqual(["create Namespace", "create Release"]);
    expect(release()?.values).toEqual({
      installCRDs: false,
      controllerClass: "ours",
      webhook: { create: false },
      certController: { create: false },
    });
  });

  it("blocks where a foreign release has the name but runs no ESO", async () => {
    const { helm, run, release } = world();
    helm.plant({ name: "external-secrets", namespace: NAMESPACE, chart: "something-else" });
    expect(kinds(await run())).toEqual(["blocked Release"]);
    expect(release()?.revision).toBe(1);
  });
});
