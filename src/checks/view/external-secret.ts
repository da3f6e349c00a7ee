import { at, isRecord, recordOf, recordsAt, textOf } from "../../data.ts";
import { parseDuration } from "../../inputs/durations.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { managerOf, readyIn, type Ready } from "./common.ts";
import type { Share } from "./share.ts";

export interface StoreRef {
  readonly kind: string;
  readonly name: string;
}

/** One entry of `spec.data`. */
export interface DataEntry {
  readonly secretKey: string;
  readonly key: string;
  readonly property: string | undefined;
  /** Where another store than the ExternalSecret's own is named. */
  readonly store: StoreRef | undefined;
}

/** What the checks want to know of an ExternalSecret; nothing else of the object is held (eso.md 2). */
export interface SecretView {
  readonly name: string;
  readonly namespace: string;
  readonly generation: number | undefined;
  readonly createdAt: string | undefined;
  /** undefined: each entry names its own. */
  readonly store: StoreRef | undefined;
  /** As written; ESO's default is `1h`. */
  readonly refreshInterval: string;
  /** Seconds; 0: once and never again; undefined: no duration. */
  readonly refreshSeconds: number | undefined;
  readonly refreshPolicy: string | undefined;
  readonly target: string;
  readonly creationPolicy: string;
  readonly deletionPolicy: string;
  readonly immutable: boolean;
  /** True where a template makes the keys. */
  readonly templated: boolean;
  readonly data: readonly DataEntry[];
  /** Kinds of the entries of `spec.dataFrom`: `find`, `extract`, `sourceRef`. */
  readonly dataFrom: readonly string[];
  readonly ready: Ready | undefined;
  /** ISO 8601 of the last sync. */
  readonly refreshTime: string | undefined;
  /** `<generation>-<hash>` of what was synced last. */
  readonly syncedVersion: string | undefined;
  readonly deleting: string | undefined;
  readonly finalizers: readonly string[];
  readonly managedBy: string | undefined;
}

/** The parsed view of an ExternalSecret. `share`: makes one of parts that many have in common. */
export function parseExternalSecret(object: KubeObject, share: Share = (part) => part): SecretView {
  const { metadata } = object;
  const spec = recordOf(object["spec"]);
  const target = recordOf(spec["target"]);
  const store = storeRef(spec["secretStoreRef"]);
  const refreshInterval = textOf(spec["refreshInterval"]) ?? "1h";
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "default",
    generation: metadata.generation,
    createdAt: metadata.creationTimestamp,
    store: store && share(store),
    refreshInterval,
    refreshSeconds: parseDuration(refreshInterval),
    refreshPolicy: textOf(spec["refreshPolicy"]),
    target: textOf(target["name"]) ?? metadata.name,
    creationPolicy: textOf(target["creationPolicy"]) ?? "Owner",
    deletionPolicy: textOf(target["deletionPolicy"]) ?? "Retain",
    immutable: target["immutable"] === true,
    templated: isRecord(target["template"]) && at(target["template"], "mergePolicy") !== "Merge",
    data: share(recordsAt(spec, "data").map(dataEntry)),
    dataFrom: share(recordsAt(spec, "dataFrom").flatMap((entry) => Object.keys(entry)[0] ?? [])),
    ready: readyIn(object),
    refreshTime: textOf(at(object["status"], "refreshTime")),
    syncedVersion: textOf(at(object["status"], "syncedResourceVersion")),
    deleting: metadata.deletionTimestamp,
    finalizers: share(metadata.finalizers ?? []),
    managedBy: managerOf(metadata),
  };
}

function dataEntry(entry: Record<string, unknown>): DataEntry {
  const remote = recordOf(entry["remoteRef"]);
  return {
    secretKey: textOf(entry["secretKey"]) ?? "",
    key: textOf(remote["key"]) ?? "",
    property: textOf(remote["property"]),
    store: storeRef(at(entry, "sourceRef", "storeRef")),
  };
}

function storeRef(value: unknown): StoreRef | undefined {
  const name = textOf(at(value, "name"));
  return name === undefined ? undefined : { name, kind: textOf(at(value, "kind")) ?? "SecretStore" };
}

/** Every store that an ExternalSecret reads from. */
export function storesOf(secret: SecretView): readonly StoreRef[] {
  const named = [secret.store, ...secret.data.map(({ store }) => store)].filter((ref) => ref !== undefined);
  return named.filter(
    (ref, index) => named.findIndex((other) => other.kind === ref.kind && other.name === ref.name) === index,
  );
}
