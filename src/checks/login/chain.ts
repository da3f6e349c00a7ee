import type { CheckContext } from "../context.ts";
import { readRef, resolveRef } from "../references.ts";
import { usesKubernetesAuth } from "../store-spec/auth.ts";
import { isLive, type LiveStore } from "../subject.ts";
import { placeOf, type StoreView } from "../view/store.ts";

/** Stores that log in at the same address with the same Secret: one road to Infisical, walked once for all of them. */
export interface Chain {
  readonly key: string;
  /** As stores write it; Infisical Cloud US where they do not. */
  readonly host: string;
  /** The first of the stores: stands for all in what is read and said. */
  readonly store: LiveStore;
  readonly stores: readonly LiveStore[];
}

/** A folder that a store reads. */
export interface Place {
  readonly projectSlug: string;
  readonly environment: string;
  readonly path: string;
  readonly recursive: boolean;
}

export const DEFAULT_HOST = "https://app.infisical.com";

export const placeIn = ({ projectSlug, environmentSlug, path, recursive }: StoreView): Place => ({
  projectSlug,
  environment: environmentSlug,
  path,
  recursive,
});

export const placeKey = ({ projectSlug, environment, path, recursive }: Place) =>
  `${projectSlug} ${environment}:${path}${recursive ? "/**" : ""}`;

/** Every road that the stores of the scope take. */
export function chainsOf({ stores }: Pick<CheckContext, "stores">): readonly Chain[] {
  const chains = new Map<string, LiveStore[]>();
  for (const store of stores) {
    if (!isLive(store) || store.live.provider !== "infisical" || !usesKubernetesAuth(store.live)) continue;
    const key = keyOf(store.live);
    chains.set(key, [...(chains.get(key) ?? []), store]);
  }
  return [...chains].flatMap(([key, [store, ...others]]) =>
    store ? [{ key, host: store.live.hostApi ?? DEFAULT_HOST, store, stores: [store, ...others] }] : [],
  );
}

export const chainOf = (context: Pick<CheckContext, "stores">, store: LiveStore): Chain | undefined =>
  chainsOf(context).find(({ stores }) => stores.includes(store));

function keyOf(store: StoreView): string {
  const { name, namespace, key } = resolveRef(store, store.identityRef ?? EMPTY);
  const path = store.tokenPathRef?.name === undefined ? "" : ` as ${placeOf(store)}`;
  const classOf = store.controller === "" ? "" : ` (${store.controller})`;
  return `${store.hostApi ?? DEFAULT_HOST} ${namespace ?? ""}/${name}:${key}${path}${classOf}`;
}

const EMPTY = { name: undefined, key: undefined, namespace: undefined };

/** The identity's id in the Secret that ESO reads; undefined where there is none. Throws ESOB-K104. */
export async function identityIdOf(context: CheckContext, { store }: Chain): Promise<string | undefined> {
  const read = await readRef(context, "Secret", resolveRef(store.live, store.live.identityRef ?? EMPTY));
  return read.found === "value" ? read.value.trim() : undefined;
}
