import { isRecord } from "../data.ts";
import { createHash } from "node:crypto";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { goDuration } from "../inputs/durations.ts";
import { fromTemplate, type Edit } from "../templates.ts";
import type { KeyInput, Namespaces } from "../inputs/inputs.ts";
import type { Desired, DesiredSecret, DesiredStore } from "./desired.ts";

/** Key of the ConfigMap that holds the CA of a self-signed Infisical. */
const CA_KEY = "ca.crt";

export function namespaceManifest(name: string): KubeObject {
  return fromTemplate("namespace", [[["metadata", "name"], name]]);
}

const named = (name: string, namespace?: string): Edit[] => [
  [["metadata", "name"], name],
  ...(namespace === undefined ? [] : [[["metadata", "namespace"], namespace] as Edit]),
];

/** The Secret that tells ESO the identity's id: not a secret, but ESO reads it only from one (eso.md 1.4). */
export function identitySecretManifest(
  store: DesiredStore,
  namespace: string,
  identityId: string,
): KubeObject {
  return fromTemplate("identity-secret", [
    ...named(store.identitySecret, namespace),
    [["data", "identityId"], Buffer.from(identityId).toString("base64")],
  ]);
}

/** The CA of a self-signed Infisical, for the store's caProvider (ESO 1.2.1 and newer). */
export function infisicalCaManifest(store: DesiredStore, namespace: string, pem: string): KubeObject {
  return fromTemplate("infisical-ca", [...named(caName(store), namespace), [["data", CA_KEY], pem]]);
}

const caName = (store: DesiredStore) => `${store.name}-infisical-ca`;

/** SecretStore or ClusterSecretStore. Never an empty string: the CRD refuses them (eso.md 1.2). */
export function storeManifest(store: DesiredStore, namespace: string, desired: Desired): KubeObject {
  const cluster = store.kind === "ClusterSecretStore";
  const provider = ["spec", "provider", "infisical"];
  const scope = [...provider, "secretsScope"];
  const identity = { name: store.identitySecret, key: "identityId", ...(cluster && { namespace }) };
  const ca = { type: "ConfigMap", name: caName(store), key: CA_KEY, ...(cluster && { namespace }) };
  const { controllerClass } = desired.eso;
  const manifest = fromTemplate(cluster ? "cluster-secret-store" : "secret-store", [
    ...named(store.name, cluster ? undefined : namespace),
    [[...provider, "hostAPI"], desired.infisical.hostForEso],
    [[...provider, "auth", "kubernetesAuthCredentials", "identityId"], identity],
    [[...scope, "projectSlug"], store.project],
    [[...scope, "environmentSlug"], store.environment],
    [[...scope, "secretsPath"], store.path],
    [[...scope, "recursive"], store.recursive],
    ...(desired.infisical.ca ? [[[...provider, "caProvider"], ca] as Edit] : []),
    ...(controllerClass === "default" ? [] : [[["spec", "controller"], controllerClass] as Edit]),
    ...(cluster && store.allowedNamespaces
      ? [[["spec", "conditions"], [condition(store.allowedNamespaces)]] as Edit]
      : []),
  ]);
  return withSpec(manifest, store.spec);
}

function condition(allowed: Namespaces): Record<string, unknown> {
  return "names" in allowed
    ? { namespaces: [...allowed.names] }
    : { namespaceSelector: { matchLabels: { ...allowed.selector } } };
}

export function externalSecretManifest(secret: DesiredSecret, namespace: string): KubeObject {
  const data =
    secret.keys === "all"
      ? { dataFrom: [{ find: { name: { regexp: ".*" } } }] }
      : { data: secret.keys.map(dataEntry) };
  const [field, value] = Object.entries(data)[0] as [string, unknown];
  const manifest = fromTemplate("external-secret", [
    ...named(secret.name, namespace),
    [["spec", "refreshInterval"], goDuration(secret.refreshInterval)],
    [["spec", "secretStoreRef"], { kind: secret.store.kind, name: secret.store.name }],
    [["spec", "target", "name"], secret.target],
    [["spec", "target", "creationPolicy"], secret.creationPolicy],
    [["spec", "target", "deletionPolicy"], secret.deletionPolicy],
    [["spec", field], value],
  ]);
  return withSpec(manifest, secret.spec);
}

/** An entry of `spec.data`. */
export function dataEntry({ as, key, property }: KeyInput): Record<string, unknown> {
  return { secretKey: as, remoteRef: { key, ...(property !== undefined && { property }) } };
}

/** The reviewer's ServiceAccount, its ClusterRole (ours only when it is the narrow one) and the binding. */
export function reviewerManifests({ reviewer }: Desired): KubeObject[] {
  const { serviceAccount, namespace, clusterRole } = reviewer;
  const narrow = clusterRole === "tokenreview-only";
  return [
    fromTemplate("reviewer-service-account", named(serviceAccount, namespace)),
    ...(narrow ? [fromTemplate("reviewer-cluster-role", named(serviceAccount))] : []),
    reviewBinding(serviceAccount, narrow ? serviceAccount : clusterRole, { namespace, name: serviceAccount }),
  ];
}

/** Self review: ESO's own ServiceAccount may review tokens, by a binding of ours. */
export function selfReviewManifests(
  { reviewer }: Desired,
  eso: { namespace: string; name: string },
): KubeObject[] {
  const narrow = reviewer.clusterRole === "tokenreview-only";
  const name = `${reviewer.serviceAccount}-self`;
  return [
    ...(narrow ? [fromTemplate("reviewer-cluster-role", named(name))] : []),
    reviewBinding(name, narrow ? name : reviewer.clusterRole, eso),
  ];
}

function reviewBinding(name: string, role: string, subject: { namespace: string; name: string }): KubeObject {
  return fromTemplate("reviewer-cluster-role-binding", [
    ...named(name),
    [["roleRef", "name"], role],
    [["subjects"], [{ kind: "ServiceAccount", ...subject }]],
  ]);
}

/** The label by which all token Secrets of a reviewer are found. */
export const REVIEWER_LABEL = "eso-bootstrap/reviewer";

/** Number `index` of the reviewer's Secrets: holds an unlimited token, or is what bound tokens hang on. */
export function reviewerSecretManifest({ reviewer }: Desired, index: number): KubeObject {
  const name = `${reviewer.serviceAccount}-${index}`;
  const label: Edit = [["metadata", "labels", REVIEWER_LABEL], reviewer.serviceAccount];
  if (reviewer.tokenLifetime !== undefined)
    return fromTemplate("reviewer-anchor", [...named(name, reviewer.namespace), label]);
  return fromTemplate("reviewer-token", [
    ...named(name, reviewer.namespace),
    label,
    [["metadata", "annotations", "kubernetes.io/service-account.name"], reviewer.serviceAccount],
  ]);
}

/** `spec` of the configuration over what we generate: maps are merged, everything else is replaced. */
function withSpec(manifest: KubeObject, spec: Readonly<Record<string, unknown>>): KubeObject {
  return Object.keys(spec).length === 0 ? manifest : { ...manifest, spec: merge(manifest["spec"], spec) };
}

/** Deep merge of plain data; the right side wins, lists are replaced, null removes. */
export function merge(left: unknown, right: unknown): unknown {
  if (!isRecord(left) || !isRecord(right)) return right;
  const merged: Record<string, unknown> = { ...left };
  for (const [key, value] of Object.entries(right)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

/** SHA-256 over a Secret's data, keys sorted: tells change from no change without telling a value. */
export function dataHash(data: unknown): string {
  const entries = isRecord(data) ? Object.entries(data).toSorted(([a], [b]) => a.localeCompare(b)) : [];
  return createHash("sha256").update(JSON.stringify(entries)).digest("hex").slice(0, 16);
}
