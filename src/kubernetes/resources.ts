import type { ObjectRef } from "./cluster.ts";

/** How a kind is addressed: its plural in the URL, and whether it lives in a namespace. */
export interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
  /** What can be done with it; known where discovery was asked. */
  readonly verbs?: readonly string[];
}

const namespaced = (plural: string): Resource => ({ plural, namespaced: true });
const clusterWide = (plural: string): Resource => ({ plural, namespaced: false });

/**
 * The kinds this tool touches, so that most requests need no discovery. Built-in groups: kubernetes.io/docs/reference/kubernetes-api;
 * `external-secrets.io`: the CRDs of ESO 0.20 to 2.9 (deploy/crds/bundle.yaml). Any other kind is looked up by discovery.
 */
const RESOURCES: Readonly<Record<string, Readonly<Record<string, Resource>>>> = {
  v1: {
    ConfigMap: namespaced("configmaps"),
    Endpoints: namespaced("endpoints"),
    Event: namespaced("events"),
    Namespace: clusterWide("namespaces"),
    Node: clusterWide("nodes"),
    Pod: namespaced("pods"),
    Secret: namespaced("secrets"),
    Service: namespaced("services"),
    ServiceAccount: namespaced("serviceaccounts"),
  },
  "apps/v1": {
    DaemonSet: namespaced("daemonsets"),
    Deployment: namespaced("deployments"),
    ReplicaSet: namespaced("replicasets"),
    StatefulSet: namespaced("statefulsets"),
  },
  "batch/v1": { CronJob: namespaced("cronjobs"), Job: namespaced("jobs") },
  "coordination.k8s.io/v1": { Lease: namespaced("leases") },
  "discovery.k8s.io/v1": { EndpointSlice: namespaced("endpointslices") },
  "rbac.authorization.k8s.io/v1": {
    ClusterRole: clusterWide("clusterroles"),
    ClusterRoleBinding: clusterWide("clusterrolebindings"),
    Role: namespaced("roles"),
    RoleBinding: namespaced("rolebindings"),
  },
  "apiextensions.k8s.io/v1": { CustomResourceDefinition: clusterWide("customresourcedefinitions") },
  "apiregistration.k8s.io/v1": { APIService: clusterWide("apiservices") },
  "admissionregistration.k8s.io/v1": {
    MutatingWebhookConfiguration: clusterWide("mutatingwebhookconfigurations"),
    ValidatingWebhookConfiguration: clusterWide("validatingwebhookconfigurations"),
  },
  "external-secrets.io/v1": {
    ClusterExternalSecret: clusterWide("clusterexternalsecrets"),
    ClusterSecretStore: clusterWide("clustersecretstores"),
    ExternalSecret: namespaced("externalsecrets"),
    SecretStore: namespaced("secretstores"),
  },
};

/** What the table knows about a kind; undefined: ask the server. */
export function knownResource(apiVersion: string, kind: string): Resource | undefined {
  return RESOURCES[apiVersion]?.[kind];
}

/** True for the groups every API server brings along, which need no CRD. */
export function isBuiltIn(apiVersion: string): boolean {
  return apiVersion in RESOURCES && !apiVersion.startsWith("external-secrets.io/");
}

/** `/api/v1` for the core group, `/apis/GROUP/VERSION` for every other. */
export function groupVersionPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** URL path of a collection, or of one object when `name` is given. Without a namespace: the collection over all of them. */
export function resourcePath(
  apiVersion: string,
  resource: Resource,
  where: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): string {
  const scope =
    resource.namespaced && where.namespace ? `/namespaces/${encodeURIComponent(where.namespace)}` : "";
  const name = where.name === undefined ? "" : `/${encodeURIComponent(where.name)}`;
  return `${groupVersionPath(apiVersion)}${scope}/${resource.plural}${name}`;
}

/** `Secret shop/db`, `ClusterRole x`: how an object is called in messages. */
export function nameOf(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace ? `${ref.namespace}/` : ""}${ref.name}`;
}
