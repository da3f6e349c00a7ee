import type { Desired } from "../desired/desired.ts";

/** What a look is about. `namespaces: "all"`: the whole cluster. `names`: only these, as `shop-db` or `shop/shop-db`. */
export interface Scope {
  readonly namespaces: "all" | readonly string[];
  readonly names: readonly string[];
  /** What eso-bootstrap.yaml wants to be there; undefined where the scope is what the cluster has. */
  readonly desired: Desired | undefined;
}

export interface ScopeFlags {
  readonly all: boolean;
  readonly namespace: string | undefined;
  readonly names: readonly string[];
}

/** The flags first, then the file, then the whole cluster. `-n` and names narrow what the file says. */
export function scopeOf({ all, namespace, names }: ScopeFlags, desired: Desired | undefined): Scope {
  if (all) return { namespaces: "all", names, desired: undefined };
  if (desired) return { namespaces: namespacesOf(desired, namespace), names, desired };
  return { namespaces: namespace === undefined ? "all" : [namespace], names, desired: undefined };
}

function namespacesOf({ stores, secrets }: Desired, only: string | undefined): readonly string[] {
  if (only !== undefined) return [only];
  return [...new Set([...stores, ...secrets].flatMap(({ namespaces }) => namespaces))].toSorted();
}

/** True where the scope's names leave it in. */
export function isNamed({ names }: Scope, namespace: string | undefined, name: string): boolean {
  return names.length === 0 || names.includes(name) || names.includes(`${namespace}/${name}`);
}
