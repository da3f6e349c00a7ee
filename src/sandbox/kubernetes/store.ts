import type { KubeObject } from "../../kubernetes/cluster.ts";

/** A change of one object; `before` is what it was. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: string;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
  readonly revision: number;
}

/** Where objects of a kind are kept: the same for all its versions. */
export const resourceOf = (kind: { readonly group: string; readonly plural: string }): string =>
  kind.group ? `${kind.plural}.${kind.group}` : kind.plural;

const HISTORY = 5000;

/** etcd in memory: objects by resource, namespace and name, one revision for all, and the last changes for watches. Objects are never changed in place. */
export class Store {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #revision = 1;

  get revision(): number {
    return this.#revision;
  }

  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.get(resource)?.get(placeOf(namespace, name));
  }

  /** In the order of etcd: by namespace and name. */
  list(resource: string, namespace?: string): KubeObject[] {
    const found = [...(this.#objects.get(resource)?.entries() ?? [])];
    const prefix = namespace === undefined ? "" : `${namespace}/`;
    return found
      .filter(([place]) => place.startsWith(prefix))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  resources(): string[] {
    return [...this.#objects.keys()];
  }

  /** Writes an object with a new resourceVersion, and returns it as it is kept. */
  put(resource: string, object: KubeObject): KubeObject {
    const { namespace, name } = object.metadata;
    const of = this.#objects.get(resource) ?? new Map<string, KubeObject>();
    const before = of.get(placeOf(namespace, name));
    const resourceVersion = String((this.#revision += 1));
    const kept = { ...object, metadata: { ...object.metadata, resourceVersion } };
    of.set(placeOf(namespace, name), kept);
    this.#objects.set(resource, of);
    this.#tell({
      type: before ? "MODIFIED" : "ADDED",
      resource,
      object: kept,
      before,
      revision: this.#revision,
    });
    return kept;
  }

  remove(resource: string, namespace: string | undefined, name: string): void {
    const of = this.#objects.get(resource);
    const before = of?.get(placeOf(namespace, name));
    if (!of || !before) return;
    of.delete(placeOf(namespace, name));
    const resourceVersion = String((this.#revision += 1));
    const object = { ...before, metadata: { ...before.metadata, resourceVersion } };
    this.#tell({ type: "DELETED", resource, object, before, revision: this.#revision });
  }

  /** The changes after a revision; undefined: some of them are forgotten already. */
  since(revision: number): readonly Change[] | undefined {
    const oldest = this.#history[0]?.revision ?? this.#revision + 1;
    if (this.#history.length === HISTORY && revision < oldest - 1) return undefined;
    return this.#history.filter((change) => change.revision > revision);
  }

  /** Hears of every change until the function it returns is called. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > HISTORY) this.#history = this.#history.slice(-HISTORY);
    for (const listener of this.#listeners) listener(change);
  }
}

const placeOf = (namespace: string | undefined, name: string): string => `${namespace ?? ""}/${name}`;
