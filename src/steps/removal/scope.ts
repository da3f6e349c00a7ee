import { storeKey } from "../../checks/view/store.ts";
import type { Desired, DesiredStore } from "../../desired/desired.ts";
import type { LiveSecret, LiveStore } from "./survey.ts";

/** What is meant: what the file describes, all of a namespace, or everything that carries our mark. */
export interface RemovalScope {
  readonly kind: "file" | "namespace" | "all";
  readonly namespace: string | undefined;
  /** Namespaces to look into where the whole cluster may not be listed. */
  readonly namespaces: readonly string[];
  /** Stores of the file that are meant; undefined where no file says which. */
  readonly described: readonly DesiredStore[] | undefined;
  hasStore(store: LiveStore): boolean;
  hasSecret(secret: LiveSecret): boolean;
  hasNamespace(name: string): boolean;
}

/** `namespace`: `-n`; with a file (`isDescribed`) of that namespace only what it describes. */
export function removalScope(
  desired: Desired,
  { all, namespace, isDescribed }: { all: boolean; namespace: string | undefined; isDescribed: boolean },
): RemovalScope {
  if (all) return { ...EVERYTHING, kind: "all", namespace: undefined, namespaces: [], described: undefined };
  if (namespace === undefined) return describedBy(desired);
  const base = isDescribed ? describedBy(desired) : EVERYTHING;
  const isInside = (place: string | undefined) => place === namespace;
  return {
    kind: "namespace",
    namespace,
    namespaces: [namespace],
    described: isDescribed
      ? desired.stores.filter(({ namespaces }) => namespaces.includes(namespace))
      : undefined,
    hasStore: (store) => isInside(store.ref.namespace) && base.hasStore(store),
    hasSecret: (secret) => isInside(secret.ref.namespace) && base.hasSecret(secret),
    hasNamespace: (name) => isInside(name) && base.hasNamespace(name),
  };
}

const yes = () => true;
const EVERYTHING: Pick<RemovalScope, "hasStore" | "hasSecret" | "hasNamespace"> = {
  hasStore: yes,
  hasSecret: yes,
  hasNamespace: yes,
};

function describedBy({ stores, secrets, reviewer, eso }: Desired): RemovalScope {
  const storeKeys = new Set(
    stores.flatMap(({ kind, name, namespaces }) => namespaces.map((place) => storeKey(kind, place, name))),
  );
  const secretKeys = new Set(
    secrets.flatMap(({ name, namespaces }) => namespaces.map((place) => `${place}/${name}`)),
  );
  const namespaces = new Set([...stores, ...secrets].flatMap((one) => one.namespaces));
  return {
    kind: "file",
    namespace: undefined,
    namespaces: [...namespaces].toSorted(),
    described: stores,
    hasStore: ({ view }) => storeKeys.has(storeKey(view.kind, view.namespace, view.name)),
    hasSecret: ({ ref }) => secretKeys.has(`${ref.namespace}/${ref.name}`),
    hasNamespace: (name) => namespaces.has(name) || [reviewer.namespace, eso.namespace].includes(name),
  };
}
