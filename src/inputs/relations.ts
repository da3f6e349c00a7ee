import type { KeyProblem } from "./config-file.ts";
import type { Namespaces } from "./inputs.ts";
import { didYouMean } from "./nearest.ts";

/** What decides which store a secret reads from. `Inputs` has it too; in a raw file some of it is not yet known. */
export interface StoreFacts {
  readonly name: string;
  readonly kind: "SecretStore" | "ClusterSecretStore";
  readonly namespace: Namespaces | undefined;
  readonly allowedNamespaces: Namespaces | undefined;
}

export interface SecretFacts {
  readonly name: string | undefined;
  readonly namespace: Namespaces | undefined;
  readonly store: string | undefined;
  readonly target: string | undefined;
  readonly creationPolicy: string;
}

/** Twins, secrets without a store, and stores that ESO would not let a secret use. */
export function relationProblems(
  stores: readonly StoreFacts[],
  secrets: readonly SecretFacts[],
): KeyProblem[] {
  return [
    ...twins("stores", stores, isSameStore, (store) => `${store.kind} ${store.name}`),
    ...twins("secrets", secrets, isSameSecret, (secret) => `ExternalSecret ${secret.name}`),
    ...twins("secrets", secrets, isSameTarget, (secret) => `the Secret ${secret.target}`, "target"),
    ...secrets.flatMap((secret, index) => storeProblem(secret, index, stores)),
  ];
}

/**
 * The store that a secret reads from: a SecretStore of this name where the secret is, else a ClusterSecretStore of this name.
 * Without a name: the only store.
 */
export function storeFor<Store extends StoreFacts>(
  secret: Pick<SecretFacts, "store" | "namespace">,
  stores: readonly Store[],
): Store | undefined {
  if (secret.store === undefined) return stores.length === 1 ? stores[0] : undefined;
  const named = stores.filter((store) => store.name === secret.store);
  const near = named.find(
    (store) => store.kind === "SecretStore" && serves(store.namespace, secret.namespace),
  );
  return near ?? named.find((store) => store.kind === "ClusterSecretStore") ?? named[0];
}

function storeProblem(secret: SecretFacts, index: number, stores: readonly StoreFacts[]): KeyProblem[] {
  const key = `secrets[${index}].store`;
  const names = stores.map((store) => store.name);
  if (stores.length === 0)
    return [{ key, text: `secrets[${index}] has no store: none is defined under stores` }];
  const store = storeFor(secret, stores);
  if (store) return reachProblem(secret, store, index);
  if (secret.store === undefined)
    return [{ key, text: `${key} is missing: there are several stores (${names.join(", ")})` }];
  const hint = didYouMean(secret.store, names) || `; there are ${[...new Set(names)].join(", ")}`;
  return [{ key, text: `${key}: no store is called "${secret.store}"${hint}` }];
}

/** ESO: a SecretStore serves its own namespace only; a ClusterSecretStore those of its conditions. */
function reachProblem(secret: SecretFacts, store: StoreFacts, index: number): KeyProblem[] {
  const isCluster = store.kind === "ClusterSecretStore";
  const served = isCluster ? store.allowedNamespaces : store.namespace;
  if (served === undefined || serves(served, secret.namespace)) return [];
  const rule = isCluster ? `allows ${shownNamespaces(served)}` : `serves ${shownNamespaces(served)} only`;
  const text = `secrets[${index}] is in ${shownNamespaces(secret.namespace)}, but ${store.kind} ${store.name} ${rule}`;
  return [{ key: `secrets[${index}].namespace`, text }];
}

/** False only where it is certain: labels are known to the cluster alone. */
function serves(served: Namespaces | undefined, wanted: Namespaces | undefined): boolean {
  if (!served || !wanted || !("names" in served) || !("names" in wanted)) return true;
  return wanted.names.every((name) => served.names.includes(name));
}

function twins<Entry>(
  list: string,
  all: readonly Entry[],
  isSame: (left: Entry, right: Entry) => boolean,
  what: (entry: Entry) => string,
  key = "name",
): KeyProblem[] {
  return all.flatMap((entry, index) => {
    const first = all.findIndex((other) => isSame(other, entry));
    if (first === -1 || first >= index) return [];
    return [
      { key: `${list}[${index}].${key}`, text: `${what(entry)} is already defined by ${list}[${first}]` },
    ];
  });
}

/** A ClusterSecretStore's namespace is only where its identity Secret lives: the name alone makes it one. */
function isSameStore(left: StoreFacts, right: StoreFacts): boolean {
  if (left.name !== right.name || left.kind !== right.kind) return false;
  return left.kind === "ClusterSecretStore" || overlap(left.namespace, right.namespace);
}

function isSameSecret(left: SecretFacts, right: SecretFacts): boolean {
  return left.name !== undefined && left.name === right.name && overlap(left.namespace, right.namespace);
}

/** Two ExternalSecrets cannot both own one Secret; several may merge into it. */
function isSameTarget(left: SecretFacts, right: SecretFacts): boolean {
  const areOwners = left.creationPolicy === "Owner" && right.creationPolicy === "Owner";
  const isOther = left === right || left.name !== right.name;
  return (
    areOwners &&
    isOther &&
    left.target !== undefined &&
    left.target === right.target &&
    overlap(left.namespace, right.namespace)
  );
}

function overlap(left: Namespaces | undefined, right: Namespaces | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  if ("names" in left && "names" in right) return left.names.some((name) => right.names.includes(name));
  return JSON.stringify(left) === JSON.stringify(right);
}

function shownNamespaces(namespaces: Namespaces | undefined): string {
  if (namespaces === undefined) return "another namespace";
  if ("names" in namespaces) return namespaces.names.join(", ");
  return `namespaces with ${Object.entries(namespaces.selector)
    .map((pair) => pair.join("="))
    .join(",")}`;
}
