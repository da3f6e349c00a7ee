import { textOf } from "../../data.ts";
import { isBootstrapError } from "../../errors.ts";
import { MANAGED_BY_LABEL, MANAGER, type Cluster, type KubeObject } from "../../kubernetes/cluster.ts";

/** What is in a namespace besides what goes: `foreign` somebody else's, `ours` what stays of ours; or why nobody can say. */
export type Contents =
  | { readonly foreign: readonly string[]; readonly ours: readonly string[] }
  | { readonly unknown: string };

/** Names an object within its namespace: `Secret shop-db`. */
export const partKey = (kind: string, name: string) => `${kind} ${name}`;

/** What every cluster puts into every namespace by itself (kubernetes.io, OpenShift, Istio), and what follows from others. */
const FURNITURE = new Set([
  "ConfigMap kube-root-ca.crt",
  "ConfigMap openshift-service-ca.crt",
  "ConfigMap istio-ca-root-cert",
  ...["default", "builder", "deployer"].map((name) => `ServiceAccount ${name}`),
  ...["system:deployers", "system:image-builders", "system:image-pullers"].map(
    (name) => `RoleBinding ${name}`,
  ),
  // ESO's leader election
  "Lease external-secrets-controller",
  "Lease crd-certs-controller",
]);
const DERIVED_KINDS = new Set(["Event", "Endpoints", "EndpointSlice"]);
/** Tokens and pull secrets that OpenShift makes for its own ServiceAccounts. */
const FURNITURE_SECRET = /^(default|builder|deployer)-(token|dockercfg)-/;

/**
 * Looks at everything of every kind: a namespace with anything foreign in it must not be deleted. `isGoing` says what this run
 * takes away; what belongs to a thing that goes, or to one that is gone, goes with it (garbage collection).
 */
export async function contentsOf(
  cluster: Cluster,
  namespace: string,
  isGoing: (object: KubeObject) => boolean,
): Promise<Contents> {
  try {
    const objects = await everythingIn(cluster, namespace);
    const left = remaining(objects, isGoing).filter((object) => !isFurniture(object));
    const name = ({ kind, metadata }: KubeObject) => partKey(kind, metadata.name);
    return {
      foreign: left.filter((object) => !isMarked(object)).map(name),
      ours: left.filter(isMarked).map(name),
    };
  } catch (error) {
    if (!isBootstrapError(error)) throw error;
    return { unknown: error.message };
  }
}

async function everythingIn(cluster: Cluster, namespace: string): Promise<KubeObject[]> {
  const kinds = await cluster.namespacedKinds();
  const lists = kinds.map(async (kind) => {
    const found: KubeObject[] = [];
    for await (const { apiVersion, kind: its, metadata, type } of cluster.list({ ...kind, namespace }))
      found.push({ apiVersion, kind: its, metadata, type });
    return found;
  });
  return (await Promise.all(lists)).flat();
}

function remaining(objects: readonly KubeObject[], isGoing: (object: KubeObject) => boolean): KubeObject[] {
  const byUid = new Map(objects.map((object) => [object.metadata.uid, object]));
  const known = new Map<KubeObject, boolean>();
  const goes = (object: KubeObject): boolean => {
    const seen = known.get(object);
    if (seen !== undefined) return seen;
    known.set(object, false);
    const owners = object.metadata.ownerReferences ?? [];
    const isOrphaned = owners.length > 0 && owners.every(({ uid }) => ownerGoes(byUid.get(uid)));
    const verdict = object.metadata.deletionTimestamp !== undefined || isGoing(object) || isOrphaned;
    known.set(object, verdict);
    return verdict;
  };
  const ownerGoes = (owner: KubeObject | undefined) => owner === undefined || goes(owner);
  return objects.filter((object) => !goes(object));
}

function isFurniture({ kind, metadata, type }: KubeObject): boolean {
  if (DERIVED_KINDS.has(kind) || FURNITURE.has(partKey(kind, metadata.name))) return true;
  return kind === "Secret" && textOf(type) !== "Opaque" && FURNITURE_SECRET.test(metadata.name);
}

/** Target Secrets only have the label of their ExternalSecret, and lose it when they stay. */
function isMarked({ kind, metadata: { labels = {} } }: KubeObject): boolean {
  const isTarget = kind === "Secret" && labels["reconcile.external-secrets.io/managed"] === "true";
  return labels[MANAGED_BY_LABEL] === MANAGER && !isTarget;
}
