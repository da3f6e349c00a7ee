import { at } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "./api.ts";
import { defaulted, pruned, withoutEmptyMaps } from "./decode.ts";
import {
  alreadyExists,
  type Cause,
  cause,
  conflict,
  forbidden,
  invalid,
  notFound,
  OUTDATED,
  StatusError,
} from "./errors.ts";
import { sameValue } from "./json.ts";
import { apiVersionOf, type Kind } from "./kinds.ts";
import { type Manager, sameState, trackUpdate } from "./managed-fields.ts";
import { metaCauses } from "./meta-rules.ts";
import { schemaCauses } from "./schema-validation.ts";
import { resourceOf } from "./store.ts";
import { kindCauses, prepared } from "./strategies.ts";

/** Which object, and how it is written. */
export interface Writing {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly manager: Manager;
  readonly dryRun: boolean;
  /** Only this part changes: `status`. */
  readonly subresource?: string | undefined;
}

export const aboutOf = ({ group, plural }: Kind, name: string | undefined) => ({
  ...(group && { group }),
  plural,
  ...(name !== undefined && { name }),
});

/** What of a new object the API server decides: identity, times, counters. */
function stamped(api: Api, { kind, namespace }: Writing, object: KubeObject): KubeObject {
  const { generateName } = object.metadata as { readonly generateName?: string };
  const { deletionTimestamp: _d, resourceVersion: _r, ...metadata } = object.metadata;
  const name = metadata.name || (generateName ? `${generateName}${api.suffix()}` : "");
  return {
    ...object,
    metadata: {
      ...metadata,
      name,
      ...(kind.namespaced && namespace !== undefined && { namespace }),
      uid: api.newId(),
      creationTimestamp: api.timestamp(),
      ...(kind.counts && { generation: 1 }),
    },
  };
}

/** POST: makes an object that must not be there. */
export function create(api: Api, writing: Writing, sent: KubeObject): KubeObject {
  const { kind, namespace, manager, dryRun } = writing;
  if (sent.metadata.resourceVersion)
    throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
  const clean =
    kind.hasStatus && !["Namespace", "Service", "CustomResourceDefinition"].includes(kind.kind)
      ? withoutStatus(sent)
      : sent;
  const whole = completed(kind, stamped(api, writing, clean), undefined);
  assertNamespace(api, kind, namespace, whole.metadata.name);
  refuse(kind, whole, causesOf(kind, whole, undefined));
  if (api.get(resourceOf(kind), namespace, whole.metadata.name))
    throw alreadyExists(aboutOf(kind, whole.metadata.name));
  const isApplied = manager.operation === "Apply";
  const tracked = isApplied
    ? whole
    : trackUpdate(undefined, whole, manager, kind.schema, api.timestamp(), furnished(kind, whole));
  return dryRun ? tracked : api.store.put(resourceOf(kind), tracked);
}

/** What nobody comes to own by creating it: the status, and a namespace's finalizers. */
function furnished(kind: Kind, object: KubeObject): Readonly<Record<string, unknown>> {
  if (!kind.hasStatus || object["status"] === undefined) return {};
  return { status: object["status"], ...(kind.kind === "Namespace" && { spec: object["spec"] }) };
}

function withoutStatus(object: KubeObject): KubeObject {
  const { status: _status, ...rest } = object;
  return rest;
}

function completed(kind: Kind, object: KubeObject, before: KubeObject | undefined): KubeObject {
  const shaped = pruned(object, kind.schema);
  const known = kind.crd ? shaped : withoutEmptyMaps(shaped, kind.schema);
  return prepared(kind, defaulted(known, kind.schema), before);
}

/** What makes an object impossible. Of a custom resource, its schema is asked too. */
function causesOf(kind: Kind, object: KubeObject, before: KubeObject | undefined): Cause[] {
  const schema = kind.crd ? schemaCauses(object, kind.schema) : [];
  return [...metaCauses(kind, object), ...schema, ...kindCauses(kind, object, before)];
}

function refuse(kind: Kind, object: KubeObject, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid(kind.kind, kind.group, object.metadata.name, causes);
}

/** New objects need a namespace that is there and stays. */
function assertNamespace(api: Api, kind: Kind, namespace: string | undefined, name: string): void {
  if (!kind.namespaced || namespace === undefined) return;
  const found = api.get("namespaces", undefined, namespace);
  if (!found) throw notFound({ plural: "namespaces", name: namespace });
  if (!found.metadata.deletionTimestamp) return;
  throw forbidden(
    aboutOf(kind, name),
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    {
      causes: [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    },
  );
}

/**
 * Puts a new state in the place of the old one: PUT, and the end of every patch. `resourceVersion`, where the new state has one, must be
 * the old one's. Nothing is written when nothing changes.
 */
export function update(
  api: Api,
  writing: Writing,
  before: KubeObject,
  sent: KubeObject,
  track = true,
): KubeObject {
  const { kind, manager, dryRun } = writing;
  assertSame(kind, before, sent);
  const kept = keep(writing, before, sent);
  const whole = completed(kind, kept, before);
  const { uid, creationTimestamp, generation, deletionTimestamp, resourceVersion } = before.metadata;
  const server = Object.entries({
    uid,
    creationTimestamp,
    generation,
    deletionTimestamp,
    resourceVersion,
  }).filter(([, value]) => value !== undefined);
  const own = {
    ...whole,
    metadata: { ...whole.metadata, ...(Object.fromEntries(server) as object) },
  } as KubeObject;
  refuse(kind, own, [...updateCauses(before, sent), ...causesOf(kind, own, before)]);
  const tracked = track ? trackUpdate(before, own, manager, kind.schema, api.timestamp()) : own;
  if (sameState(before, tracked)) return before;
  const counted = countedUp(kind, before, tracked);
  if (dryRun) return counted;
  if (isFreed(kind, counted)) {
    api.store.remove(resourceOf(kind), counted.metadata.namespace, counted.metadata.name);
    return counted;
  }
  return api.store.put(resourceOf(kind), counted);
}

function assertSame(kind: Kind, before: KubeObject, { metadata }: KubeObject): void {
  const about = aboutOf(kind, before.metadata.name);
  if (metadata.uid && metadata.uid !== before.metadata.uid) {
    const path = `/registry/${kind.group ? `${kind.group}/` : ""}${kind.plural}/${before.metadata.namespace ? `${before.metadata.namespace}/` : ""}${before.metadata.name}`;
    throw conflict(
      about,
      `StorageError: invalid object, Code: 4, Key: ${path}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${before.metadata.uid}`,
    );
  }
  if (metadata.resourceVersion && metadata.resourceVersion !== before.metadata.resourceVersion)
    throw conflict(about, OUTDATED);
}

/** A write through `status` changes only that; another write never does where there is such a subresource. */
function keep({ kind, subresource }: Writing, before: KubeObject, sent: KubeObject): KubeObject {
  if (subresource === "status") {
    const { managedFields } = sent.metadata;
    const metadata = { ...before.metadata, ...(managedFields && { managedFields }) };
    return { ...before, metadata, ...(sent["status"] !== undefined && { status: sent["status"] }) };
  }
  if (!kind.hasStatus) return sent;
  return { ...withoutStatus(sent), ...(before["status"] !== undefined && { status: before["status"] }) };
}

function updateCauses(before: KubeObject, sent: KubeObject): Cause[] {
  const deletion = before.metadata.deletionTimestamp;
  const added = deletion
    ? (sent.metadata.finalizers ?? []).filter((one) => !before.metadata.finalizers?.includes(one))
    : [];
  if (added.length === 0) return [];
  // A patch is validated twice, and says it twice.
  const words = `[]string{${added.map((one) => JSON.stringify(one)).join(", ")}}`;
  const refused = cause.forbidden(
    "metadata.finalizers",
    `no new finalizers can be added if the object is being deleted, found new finalizers ${words}`,
  );
  return [refused, refused];
}

/** The generation counts changes of what is wanted, not of what is. */
function countedUp(kind: Kind, before: KubeObject, after: KubeObject): KubeObject {
  const wanted = ({ metadata: _m, status: _s, ...rest }: KubeObject) => rest;
  if (!kind.counts || sameValue(wanted(before), wanted(after))) return after;
  return { ...after, metadata: { ...after.metadata, generation: (before.metadata.generation ?? 0) + 1 } };
}

/** The last finalizer of an object that is being deleted is gone. */
function isFreed(kind: Kind, { metadata, ...rest }: KubeObject): boolean {
  if (!metadata.deletionTimestamp || (metadata.finalizers ?? []).length > 0) return false;
  return (
    kind.kind !== "Namespace" || ((at(rest["spec"], "finalizers") ?? []) as readonly unknown[]).length === 0
  );
}

/** The object as it is kept, or 404. */
export function existing(api: Api, kind: Kind, namespace: string | undefined, name: string): KubeObject {
  const found = api.get(resourceOf(kind), namespace, name);
  if (!found) throw notFound(aboutOf(kind, name));
  return { ...found, apiVersion: apiVersionOf(kind), kind: kind.kind };
}
