import { storeKey } from "../../checks/view/store.ts";
import type { Desired } from "../../desired/desired.ts";
import type { LiveSecret, LiveStore } from "./survey.ts";

/** What is meant: what the file describes, all of a namespace, or everything that carries our mark. */
export interface RemovalScope {
  readonly kind: "file" | "namespace" | "all";
  readonly namespace: string | undefined;
  /** Namespaces to look into where the whole cluster may not be listed. */
  readonly namespaces: readonly string[];
  hasStore(store: LiveStore): boolean;
  hasSecret(secret: LiveSecret): boolean;
  hasNamespace(name: string): boolean;
}

/** `namespace`: `-n` where there is no file. */
export function removalScope(
  desired: Desired,
  { all, namespace }: { all: boolean; namespace: string | undefined },
): RemovalScope {
  if (all) return { ...EVERYTHING, kind: "all", namespace: undefined, namespaces: [] };
  if (namespace !== undefined) {
    const inside = (place: string | undefined) => place === namespace;
    return {
      kind: "namespace",
      namespace,
      namespaces: [namespace],
      hasStore: ({ ref }) => inside(ref.namespace),
      hasSecret: ({ ref }) => inside(ref.namespace),
      hasNamespace: inside,
    };
  }
  return describedBy(desired);
}

const yes = () => true;
const EVERYTHING = { hasStore: yes, hasSecret: yes, hasNamespace: yes };

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
    hasStore: ({ view }) => storeKeys.has(storeKey(view.kind, view.namespace, view.name)),
    hasSecret: ({ ref }) => secretKeys.has(`${ref.namespace}/${ref.name}`),
    hasNamespace: (name) => namespaces.has(name) || [reviewer.namespace, eso.namespace].includes(name),
  };
}
