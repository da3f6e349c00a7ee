import { expect, test } from "vitest";

import type { KubeObject, ObjectMeta } from "../../../src/kubernetes/cluster.ts";
import { originOf } from "../../../src/steps/gitops.ts";
import { FakeCluster } from "../../fakes/cluster.ts";

function world(): FakeCluster {
  const cluster = new FakeCluster();
  cluster.serve("argoproj.io/v1alpha1", "Application");
  cluster.serve("kustomize.toolkit.fluxcd.io/v1", "Kustomization");
  cluster.serve("source.toolkit.fluxcd.io/v1", "GitRepository");
  for (const name of ["argocd", "flux-system"])
    cluster.seed({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const object = (
    apiVersion: string,
    kind: string,
    namespace: string,
    name: string,
    spec: object,
  ): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec,
  });
  return cluster.seed(
    object("argoproj.io/v1alpha1", "Application", "argocd", "shop", {
      source: { repoURL: "https://user:canary-token@git.example/shop.git", path: "deploy" },
    }),
    object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "shop", {
      path: "./apps/shop",
      sourceRef: { kind: "GitRepository", name: "fleet" },
    }),
    object("source.toolkit.fluxcd.io/v1", "GitRepository", "flux-system", "fleet", {
      url: "ssh://git@git.example/fleet",
    }),
  );
}

const FLUX_LABELS = {
  "kustomize.toolkit.fluxcd.io/name": "shop",
  "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
};
const CASES: readonly (readonly [string, Partial<ObjectMeta>, object | undefined])[] = [
  ["nobody", { labels: { app: "shop" }, managedFields: [{ manager: "kubectl" }] }, undefined],
  [
    "Argo CD, by annotation",
    { annotations: { "argocd.argoproj.io/tracking-id": "shop:external-secrets.io/ExternalSecret:shop/db" } },
    { by: "Argo CD application shop", where: "https://git.example/shop.git, folder deploy" },
  ],
  [
    "Argo CD, by label, of an application elsewhere",
    { labels: { "argocd.argoproj.io/instance": "far" } },
    { by: "Argo CD application far", where: undefined },
  ],
  [
    "Flux",
    { labels: FLUX_LABELS },
    { by: "Flux Kustomization flux-system/shop", where: "ssh://git.example/fleet, folder ./apps/shop" },
  ],
  [
    "a field manager alone",
    { managedFields: [{ manager: "kustomize-controller" }] },
    { by: "Flux", where: undefined },
  ],
  [
    "a ClusterExternalSecret",
    {
      ownerReferences: [
        { apiVersion: "external-secrets.io/v1", kind: "ClusterExternalSecret", name: "all", uid: "1" },
      ],
    },
    { by: "ClusterExternalSecret all", where: "its spec.externalSecretSpec" },
  ],
];

test.each(CASES)("kept by %s", async (_what, metadata, origin) => {
  const object = {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "db", namespace: "shop", ...metadata },
  };
  expect(await originOf(world(), object)).toEqual(origin);
});

test("sources that may not be read do not stop it from being known", async () => {
  const cluster = world();
  cluster.deny({ resource: "kustomizations" });
  const metadata = { name: "db", namespace: "shop", labels: FLUX_LABELS };
  expect(
    await originOf(cluster, { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", metadata }),
  ).toEqual({
    by: "Flux Kustomization flux-system/shop",
    where: undefined,
  });
});
