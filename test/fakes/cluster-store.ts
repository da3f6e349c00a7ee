import { randomUUID } from "node:crypto";

import type { ApplyOutcome, KubeObject, ObjectRef } from "../../src/kubernetes/cluster.ts";
import { at, listOf, recordOf, textOf } from "../../src/data.ts";
import { type Resource, isBuiltIn, knownResource } from "../../src/kubernetes/resources.ts";
import { groupOf } from "./cluster-refusals.ts";
import {
  fieldName,
  leavesOf,
  type Path,
  pathFromKey,
  pathKey,
  removeAt,
  sameValue,
  setAt,
  valueAt,
} from "./cluster-fields.ts";

/** Who writes: the real server keeps `Apply` and `Update` of one name apart, and so does this. */
export interface Writer {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource?: string;
}

interface Stored {
  readonly object: KubeObject;
  readonly owners: ReadonlyMap<string, { readonly writer: Writer; readonly leaves: ReadonlySet<string> }>;
}

const writerKey = (writer: Writer): string =>
  `${writer.operation} ${writer.subresource ?? ""} ${writer.manager}`;

/**
 * etcd and the object half of an API server, in memory: server-side apply with owners per leaf, uid, resourceVersion,
 * generation, finalizers, and the owner references and namespaces of the garbage collector.
 */
export class ClusterStore {
  readonly #objects = new Map<string, Stored>();
  readonly #listeners = new Set<() => void>();
  #revision = 1000;

  /** How a kind is served: built-in, or by a CustomResourceDefinition that is stored. */
  resource(apiVersion: string, kind: string): Resource | undefined {
    if (isBuiltIn(apiVersion)) return knownResource(apiVersion, kind);
    const crd = this.list((object) => isCrdFor(object, apiVersion, kind))[0];
    if (!crd) return undefined;
    return {
      plural: textOf(at(crd, "spec", "names", "plural")) ?? kind.toLowerCase(),
      namespaced: at(crd, "spec", "scope") !== "Cluster",
    };
  }

  get(ref: ObjectRef): KubeObject | undefined {
    const stored = this.#objects.get(keyOf(ref));
    return stored && { ...structuredClone(stored.object), apiVersion: ref.apiVersion };
  }

  /** In the order of etcd: by namespace and name. */
  list(wanted: (object: KubeObject) => boolean): KubeObject[] {
    const found = [...this.#objects.values()].map(({ object }) => object).filter(wanted);
    const place = ({ metadata }: KubeObject) => `${metadata.namespace ?? ""}/${metadata.name}`;
    return found.map((object) => structuredClone(object)).toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
  }

  /** Server-side apply. Nothing changes with `dryRun`, on a conflict, or when all is there already. */
  apply(object: KubeObject, writer: Writer, options: { force?: boolean; dryRun?: boolean }): ApplyOutcome {
    const sent = normalised(object);
    const stored = this.#objects.get(keyOf(sent));
    const owners = new Map(stored?.owners);
    const mine = owners.get(writerKey(writer))?.leaves ?? new Set<string>();
    const leaves = leavesOf(sent);
    const foreign = [...owners].filter(([key]) => key !== writerKey(writer));
    const clash = (path: Path) =>
      foreign.filter(
        ([, owner]) =>
          owner.leaves.has(pathKey(path)) && !sameValue(valueAt(stored?.object, path), valueAt(sent, path)),
      );
    const clashes = leaves.filter((path) => clash(path).length > 0);
    if (clashes.length > 0 && options.force !== true) {
      const names = clashes.flatMap((path) => clash(path).map(([, owner]) => owner.writer.manager));
      return { outcome: "conflict", owners: [...new Set(names)], fields: clashes.map(fieldName) };
    }
    const next = structuredClone(stored?.object ?? { ...sent, metadata: { ...sent.metadata } });
    const kept = new Set(leaves.map(pathKey));
    for (const key of mine) {
      const shared = foreign.some(([, owner]) => owner.leaves.has(key));
      if (!kept.has(key) && !shared) removeAt(next, pathFromKey(key));
    }
    for (const path of leaves) setAt(next, path, structuredClone(valueAt(sent, path)));
    for (const [key, owner] of foreign)
      owners.set(key, { ...owner, leaves: without(owner.leaves, clashes.map(pathKey)) });
    owners.set(writerKey(writer), { writer, leaves: kept });
    return { outcome: "applied", object: this.#commit({ object: next, owners }, options.dryRun === true) };
  }

  /** Create or update as a whole, the way of POST, PUT and PATCH: who changes a leaf owns it. */
  put(object: KubeObject, writer: Writer): KubeObject {
    const next = normalised(object);
    const stored = this.#objects.get(keyOf(next));
    const differs = (path: Path) => !stored || !sameValue(valueAt(stored.object, path), valueAt(next, path));
    const leaves = leavesOf(next);
    const changed = leaves.filter(differs).map(pathKey);
    const present = new Set(leaves.map(pathKey));
    const owners = new Map(stored?.owners);
    for (const [key, owner] of owners) {
      const left = [...owner.leaves].filter((leaf) => present.has(leaf) && !changed.includes(leaf));
      owners.set(key, { ...owner, leaves: new Set(left) });
    }
    const mine = owners.get(writerKey(writer))?.leaves ?? new Set<string>();
    owners.set(writerKey(writer), { writer, leaves: new Set([...mine, ...changed]) });
    return this.#commit({ object: next, owners }, false);
  }

  /** Deletes, or only marks where finalizers hold the object; what it owns or contains goes with it. */
  delete(ref: ObjectRef): void {
    const stored = this.#objects.get(keyOf(ref));
    if (!stored) return;
    if (stored.object.metadata.finalizers?.length) {
      const object = structuredClone(stored.object);
      object.metadata.deletionTimestamp ??= new Date().toISOString();
      this.#commit({ ...stored, object }, false);
      return;
    }
    this.#objects.delete(keyOf(ref));
    this.#revision += 1;
    for (const dependent of this.list((object) => goesWith(object, stored.object)))
      this.delete(refOf(dependent));
    this.#tell();
  }

  /** True on the next change of anything (or on abort), false when the time is up. */
  change(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (ms <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const finish = (changed: boolean) => {
        clearTimeout(timer);
        this.#listeners.delete(heard);
        signal?.removeEventListener("abort", heard);
        resolve(changed);
      };
      const heard = () => finish(true);
      const timer = setTimeout(() => finish(false), ms);
      this.#listeners.add(heard);
      signal?.addEventListener("abort", heard);
    });
  }

  #commit(next: Stored, dryRun: boolean): KubeObject {
    const before = this.#objects.get(keyOf(next.object))?.object;
    const owners = new Map([...next.owners].filter(([, owner]) => owner.leaves.size > 0));
    const object = structuredClone(next.object);
    object.metadata.managedFields = [...owners.values()].map(({ writer }) => ({ ...writer }));
    object.metadata.uid = before?.metadata.uid ?? randomUUID();
    object.metadata.creationTimestamp = before?.metadata.creationTimestamp ?? new Date().toISOString();
    object.metadata.generation = (before?.metadata.generation ?? 0) + (sameSpec(before, object) ? 0 : 1);
    const changed = !before || !sameValue(object, before);
    if (dryRun) return object;
    if (changed) object.metadata.resourceVersion = String((this.#revision += 1));
    this.#objects.set(keyOf(object), { object, owners });
    const released = object.metadata.deletionTimestamp !== undefined && !object.metadata.finalizers?.length;
    if (released) this.delete(refOf(object));
    else if (changed) this.#tell();
    return structuredClone(object);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

export function refOf({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  const { name, namespace } = metadata;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** One object, whatever the version it is asked in. */
function keyOf(target: ObjectRef | KubeObject): string {
  const { name, namespace } = "metadata" in target ? target.metadata : target;
  return [groupOf(target.apiVersion), target.kind, namespace ?? "", name].join("|");
}

/** What the API server makes of an object before it stores it: `stringData` of a Secret goes into `data`. */
function normalised(object: KubeObject): KubeObject {
  const copy = structuredClone(object);
  if (copy.kind !== "Secret") return copy;
  const plain = Object.entries(recordOf(copy["stringData"]));
  delete copy["stringData"];
  const encoded = plain.map(([key, value]) => [key, Buffer.from(String(value)).toString("base64")]);
  if (plain.length > 0) copy["data"] = { ...recordOf(copy["data"]), ...Object.fromEntries(encoded) };
  copy["type"] ??= "Opaque";
  return copy;
}

function isCrdFor(object: KubeObject, apiVersion: string, kind: string): boolean {
  if (object.kind !== "CustomResourceDefinition" || at(object, "spec", "names", "kind") !== kind)
    return false;
  const [group, version] = apiVersion.split("/");
  const served = listOf(at(object, "spec", "versions")).filter((entry) => at(entry, "served") !== false);
  return at(object, "spec", "group") === group && served.some((entry) => at(entry, "name") === version);
}

/** True for what the garbage collector, the namespace controller and the CRD finalizer take away with `gone`. */
function goesWith(object: KubeObject, gone: KubeObject): boolean {
  if (gone.kind === "Namespace" && object.metadata.namespace === gone.metadata.name) return true;
  const isOf = (kind: unknown, group: unknown) =>
    object.kind === kind && groupOf(object.apiVersion) === group;
  if (gone.kind === "CustomResourceDefinition")
    return isOf(at(gone, "spec", "names", "kind"), at(gone, "spec", "group"));
  const owners = object.metadata.ownerReferences ?? [];
  return owners.length > 0 && owners.every((owner) => owner.uid === gone.metadata.uid);
}

/** The generation counts changes of everything but metadata and status. */
function sameSpec(before: KubeObject | undefined, after: KubeObject): boolean {
  const spec = (object: KubeObject) => ({ ...object, metadata: undefined, status: undefined });
  return before !== undefined && sameValue(spec(before), spec(after));
}

function without(leaves: ReadonlySet<string>, gone: readonly string[]): ReadonlySet<string> {
  return new Set([...leaves].filter((leaf) => !gone.includes(leaf)));
}
