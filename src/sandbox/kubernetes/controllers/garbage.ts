import type { KubeObject } from "../../../kubernetes/cluster.ts";
import type { Api } from "../api.ts";
import { type Controller, Hand } from "./controller.ts";

/** Owner references: dependents go with their last owner, are let go (`orphan`), or hold it back (`foregroundDeletion`). */
export const garbage: Controller = (api, { type, resource, object }) => {
  const hand = new Hand(api, "kube-controller-manager");
  if (type === "DELETED") return collect(api, hand, object);
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp && finalizers.includes("orphan")) return orphan(api, hand, object);
  if (deletionTimestamp && finalizers.includes("foregroundDeletion")) return foreground(api, hand, object);
  if (type === "ADDED" && resource !== "events") lonely(api, hand, object);
};

function dependentsOf(api: Api, { metadata }: KubeObject): KubeObject[] {
  return api.store
    .resources()
    .flatMap((resource) => api.store.list(resource))
    .filter((one) => one.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
}

/** True while at least one owner is there. */
function isOwned(api: Api, { metadata }: KubeObject): boolean {
  return (metadata.ownerReferences ?? []).some(({ apiVersion, kind, name, uid }) => {
    const its = api.kinds.byName(apiVersion, kind);
    if (!its) return true;
    const resource = its.group ? `${its.plural}.${its.group}` : its.plural;
    return api.get(resource, its.namespaced ? metadata.namespace : undefined, name)?.metadata.uid === uid;
  });
}

function lonely(api: Api, hand: Hand, object: KubeObject): void {
  if ((object.metadata.ownerReferences ?? []).length > 0 && !isOwned(api, object)) hand.delete(object);
}

function collect(api: Api, hand: Hand, owner: KubeObject): void {
  for (const dependent of dependentsOf(api, owner)) if (!isOwned(api, dependent)) hand.delete(dependent);
  // An owner that waits for this one may go now.
  for (const { apiVersion, kind, name } of owner.metadata.ownerReferences ?? []) {
    const its = api.kinds.byName(apiVersion, kind);
    const waiting =
      its &&
      api.get(
        its.group ? `${its.plural}.${its.group}` : its.plural,
        its.namespaced ? owner.metadata.namespace : undefined,
        name,
      );
    if (waiting?.metadata.deletionTimestamp && waiting.metadata.finalizers?.includes("foregroundDeletion"))
      foreground(api, hand, waiting);
  }
}

const without = (object: KubeObject, finalizer: string): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    finalizers: (object.metadata.finalizers ?? []).filter((one) => one !== finalizer),
  },
});

function orphan(api: Api, hand: Hand, owner: KubeObject): void {
  for (const dependent of dependentsOf(api, owner))
    hand.change(dependent, (now) => ({
      ...now,
      metadata: {
        ...now.metadata,
        ownerReferences: (now.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid),
      },
    }));
  hand.change(owner, (now) => without(now, "orphan"));
}

function foreground(api: Api, hand: Hand, owner: KubeObject): void {
  const dependents = dependentsOf(api, owner);
  for (const dependent of dependents) if (!dependent.metadata.deletionTimestamp) hand.delete(dependent);
  if (dependentsOf(api, owner).length === 0) hand.change(owner, (now) => without(now, "foregroundDeletion"));
}
