import type { Subject } from "../engine/check.ts";
import type { StoreSubject } from "./collect.ts";
import { placeOf, type StoreView } from "./view/store.ts";

/** A store that is in the cluster. */
export interface LiveStore extends StoreSubject {
  readonly live: StoreView;
}

export const isLive = (store: StoreSubject): store is LiveStore => store.live !== undefined;

/** The store as reports name it. */
export function subjectOf({ kind, namespace, name }: StoreSubject | StoreView): Subject {
  return { kind, name, ...(namespace !== undefined && { namespace }) };
}

/** `SecretStore shop/infisical`. */
export const titleOf = (store: StoreSubject | StoreView) => `${store.kind} ${placeOf(store)}`;
