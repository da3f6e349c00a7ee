import type { Identity, KubernetesAuth, Project, ServerTraits } from "../infisical/infisical.ts";
import type { Release } from "../helm/helm.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { findApiServer, type ApiServer } from "./api-server.ts";
import { findEso, type EsoFact } from "./eso-fact.ts";
import { findIdentity, type IdentityFact } from "./identity-fact.ts";
import { listReviewerSecrets } from "./reviewer-fact.ts";
import { findReviewerUsers, type ReviewerUsers } from "./reviewer-users.ts";
import type { Ports } from "./context.ts";
import type { Desired, DesiredStore } from "../desired/desired.ts";

/**
 * Everything that more than one step wants to know, read once per look. A step awaits what it needs, so all steps can
 * look at the same time and the order comes from the facts themselves.
 */
export interface Facts {
  /** uid of the namespace kube-system: names the cluster. */
  clusterUid(): Promise<string>;
  eso(): Promise<EsoFact>;
  /** The Helm release that we would make; undefined where there is none, or ESO is not ours to manage. */
  release(): Promise<Release | undefined>;
  /** Of the chart that we would install: a local one has the version that it has; else the setting's. */
  chartVersion(): Promise<string>;
  traits(): Promise<ServerTraits>;
  project(slug: string): Promise<Project | undefined>;
  identity(store: DesiredStore): Promise<IdentityFact>;
  kubernetesAuth(identity: Identity): Promise<KubernetesAuth | undefined>;
  hasUniversalAuth(identity: Identity): Promise<boolean>;
  /** The reviewer's Secrets that are ours, newest last. */
  reviewerSecrets(): Promise<readonly KubeObject[]>;
  /** The identities that hold a token of this cluster's reviewer. */
  reviewerUsers(): Promise<ReviewerUsers>;
  apiServer(): Promise<ApiServer>;
  /** Names in Infisical at a store's path, or undefined where we may not list them. */
  names(store: DesiredStore, path: string): Promise<readonly string[] | undefined>;
  forget(): void;
}

/** `known` remembers the promise, so that parallel askers share one read. */
export function createFacts(ports: Ports, desired: Desired): Facts {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const running = known.get(key) ?? read();
    known.set(key, running);
    return running as Promise<T>;
  };
  const { cluster, helm, infisical } = ports;
  const { eso } = desired;
  const facts: Facts = {
    clusterUid: () => once("uid", () => readClusterUid(ports)),
    eso: () => once("eso", () => findEso(cluster, desired)),
    release: () =>
      once("release", async () => (eso.manage ? helm.release(eso.release, eso.namespace) : undefined)),
    chartVersion: () =>
      once("chart-version", async () => (await helm.localChartVersion(eso.chart)) ?? eso.version),
    traits: () => once("traits", () => infisical.traits()),
    project: (slug) => once(`project ${slug}`, () => infisical.findProject(slug)),
    identity: (store) => once(`identity ${store.id} ${store.kind}`, () => findIdentity(ports, facts, store)),
    kubernetesAuth: ({ id }) => once(`kubernetes-auth ${id}`, () => infisical.findKubernetesAuth(id)),
    hasUniversalAuth: ({ id }) => once(`universal-auth ${id}`, () => infisical.hasUniversalAuth(id)),
    reviewerSecrets: () => once("reviewer-secrets", () => listReviewerSecrets(cluster, desired)),
    reviewerUsers: () => once("reviewer-users", () => findReviewerUsers(ports, facts, desired)),
    apiServer: () => once("api-server", () => findApiServer(ports, desired)),
    names: (store, path) =>
      once(`names ${store.project} ${store.environment} ${path}`, () => readNames(store, path)),
    forget: () => known.clear(),
  };
  const readNames = async (store: DesiredStore, path: string) => {
    const project = await facts.project(store.project);
    if (!project?.environments.some(({ slug }) => slug === store.environment)) return [];
    return infisical.listSecretNames({ project, environment: store.environment, path });
  };
  return facts;
}

async function readClusterUid({ cluster }: Ports): Promise<string> {
  const system = await cluster.get({ apiVersion: "v1", kind: "Namespace", name: "kube-system" });
  return system?.metadata.uid ?? "unknown";
}
