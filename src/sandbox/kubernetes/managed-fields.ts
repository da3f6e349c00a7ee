import type { KubeObject, ObjectMeta } from "../../kubernetes/cluster.ts";
import { at, isRecord, recordsAt, textOf } from "../../data.ts";
import { StatusError } from "./errors.ts";
import {
  both,
  decodeFields,
  encodeFields,
  field,
  type FieldSet,
  keyOf,
  nameOfPath,
  pathOf,
  union,
  without,
} from "./field-set.ts";
import { sameValue } from "./json.ts";
import { resolve, type Schema } from "./schema.ts";
import { compare, fieldsOf, overlay, partsOf, removePaths } from "./typed.ts";

/** Who writes: `Apply` and `Update` of one name are two managers. */
export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
}

interface Owner extends Manager {
  readonly fields: FieldSet;
  readonly time: string;
}

/** Identity and bookkeeping belong to nobody (apimachinery, managedfields/stripmeta.go). */
const STRIPPED = new Set(
  [
    ["apiVersion"],
    ["kind"],
    ["metadata"],
    ..."name namespace creationTimestamp selfLink uid clusterName generation managedFields resourceVersion generateName deletionTimestamp deletionGracePeriodSeconds"
      .split(" ")
      .map((name) => ["metadata", name]),
  ].map((path) => keyOf(path.map(field))),
);
const GENERATE_NAME = keyOf([field("metadata"), field("generateName")]);

const strip = (set: FieldSet): Set<string> =>
  new Set([...set].filter((key) => key !== "" && (!STRIPPED.has(key) || key === GENERATE_NAME)));

const sameManager = (one: Manager, other: Manager): boolean =>
  one.name === other.name &&
  one.operation === other.operation &&
  one.apiVersion === other.apiVersion &&
  (one.subresource ?? "") === (other.subresource ?? "");

function ownersOf(object: KubeObject | undefined): Owner[] {
  return recordsAt(object?.metadata, "managedFields").map((entry) => ({
    name: textOf(entry["manager"]) ?? "unknown",
    operation: entry["operation"] === "Apply" ? "Apply" : "Update",
    apiVersion: textOf(entry["apiVersion"]) ?? "v1",
    subresource: textOf(entry["subresource"]),
    time: textOf(entry["time"]) ?? "",
    fields: decodeFields(entry["fieldsV1"]),
  }));
}

function withOwners(object: KubeObject, owners: readonly Owner[]): KubeObject {
  const managedFields = owners
    .filter(({ fields }) => fields.size > 0)
    .toSorted((a, b) =>
      a.operation === b.operation
        ? a.time < b.time
          ? -1
          : a.time > b.time
            ? 1
            : `${a.name} ${a.subresource ?? ""}` < `${b.name} ${b.subresource ?? ""}`
              ? -1
              : 1
        : a.operation === "Apply"
          ? -1
          : 1,
    )
    .map(({ name, operation, apiVersion, time, fields, subresource }) => ({
      manager: name,
      operation,
      apiVersion,
      time,
      fieldsType: "FieldsV1",
      fieldsV1: encodeFields(fields),
      ...(subresource && { subresource }),
    }));
  const metadata: ObjectMeta = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata: managedFields.length > 0 ? { ...metadata, managedFields } : metadata };
}

/** What is compared: the object without its bookkeeping. */
function bare(object: KubeObject | undefined): Readonly<Record<string, unknown>> {
  if (!object) return {};
  const {
    managedFields: _m,
    resourceVersion: _r,
    uid: _u,
    generation: _g,
    creationTimestamp: _c,
    ...metadata
  } = object.metadata;
  return { ...object, metadata };
}

/** Writes down who changed what by an update: the writer owns what came or changed, the others lose it. `furnished`: what the API server put into a new object itself. */
export function trackUpdate(
  before: KubeObject | undefined,
  after: KubeObject,
  manager: Manager,
  schema: Schema,
  now: string,
  furnished: Readonly<Record<string, unknown>> = {},
): KubeObject {
  const given = Array.isArray(after.metadata.managedFields) ? after : before;
  if (Array.isArray(after.metadata.managedFields) && isReset(after)) return withOwners(after, []);
  const difference = compare(
    before ? bare(before) : { metadata: {}, ...zeroOf(schema), ...furnished },
    bare(after),
    schema,
  );
  const changed = strip(union(difference.added, difference.modified));
  const owners = ownersOf(given).map((owner) =>
    sameManager(owner, manager)
      ? owner
      : { ...owner, fields: without(without(owner.fields, changed), difference.removed) },
  );
  const mine = owners.find((owner) => sameManager(owner, manager));
  const fields = union(without(mine?.fields ?? new Set(), difference.removed), changed);
  const isSame =
    mine !== undefined && fields.size === mine.fields.size && both(fields, mine.fields).size === fields.size;
  const entry: Owner = { ...manager, fields, time: isSame ? mine.time : now };
  return withOwners(after, [...owners.filter((owner) => owner !== mine), entry]);
}

/** `managedFields: [{}]` takes all ownership away. */
const isReset = ({ metadata }: KubeObject): boolean =>
  metadata.managedFields?.length === 1 && Object.keys(metadata.managedFields[0] ?? {}).length === 0;

/** The empty object of a Go type has its structs already, and nobody owns them by creating it; one of a CRD has nothing. */
function zeroOf(schema: Schema): Readonly<Record<string, unknown>> {
  const { properties = {}, required = [] } = resolve(schema);
  const needed = (name: string, one: Schema) => required.includes(name) && one.type === "array";
  const there = Object.entries(properties).filter(
    ([name, one]) => (isRecord(one.default) && one.$ref) || needed(name, one),
  );
  return Object.fromEntries(there.map(([name, one]) => [name, one.type === "array" ? [] : zeroOf(one)]));
}

/** Server-side apply: the merged object with its new owners, or 409 with one cause per contested field. */
export function applied(
  live: KubeObject | undefined,
  sent: KubeObject,
  manager: Manager,
  schema: Schema,
  options: { readonly force: boolean; readonly now: string },
): KubeObject {
  const owners = ownersOf(live);
  const mine =
    owners.find((owner) => sameManager(owner, manager)) ??
    owners.find(
      (owner) =>
        owner.operation === "Apply" &&
        owner.name === manager.name &&
        (owner.subresource ?? "") === (manager.subresource ?? ""),
    );
  const fields = strip(fieldsOf(bare(sent), schema));
  const others = owners.filter((owner) => owner !== mine);
  const merged = overlay(live ? bare(live) : {}, bare(sent), schema);
  const gone = abandoned(mine?.fields ?? new Set(), fields, others, merged, schema);
  const pruned = (removePaths(merged, gone, schema) ?? {}) as KubeObject;
  const result = { ...pruned, metadata: { ...serverMeta(live), ...pruned.metadata } };
  const difference = compare(bare(live), bare(result), schema);
  const changed = union(difference.added, difference.modified);
  const clashes = others.flatMap((owner) => {
    const contested = both(owner.fields, changed);
    return contested.size > 0 ? [{ owner, contested }] : [];
  });
  if (clashes.length > 0 && !options.force) throw conflictOf(clashes);
  const left = others.map((owner) => ({
    ...owner,
    fields: without(without(owner.fields, changed), difference.removed),
  }));
  const isSame =
    mine !== undefined && fields.size === mine.fields.size && both(fields, mine.fields).size === fields.size;
  return withOwners(result, [...left, { ...manager, fields, time: isSame ? mine.time : options.now }]);
}

function serverMeta(live: KubeObject | undefined): Partial<ObjectMeta> {
  if (!live) return {};
  const { uid, resourceVersion, generation, creationTimestamp } = live.metadata;
  const kept = { uid, resourceVersion, generation, creationTimestamp };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

/** What the manager no longer applies and nobody else owns, children included. */
function abandoned(
  had: FieldSet,
  has: FieldSet,
  others: readonly Owner[],
  object: unknown,
  schema: Schema,
): Set<string> {
  const owned = union(has, ...others.map(({ fields }) => fields));
  const isHeld = (key: string) =>
    owned.has(key) || [...owned].some((other) => other.startsWith(`${key}\u0000`));
  const candidates = [...without(had, has)].filter((key) => !isHeld(key));
  return new Set(candidates.filter((key) => isThere(object, schema, key)));
}

function isThere(object: unknown, schema: Schema, key: string): boolean {
  let here: readonly [unknown, Schema] | undefined = [object, schema];
  for (const element of pathOf(key)) here = here && partsOf(here[0], here[1])?.get(element);
  return here !== undefined;
}

function conflictOf(
  clashes: readonly { readonly owner: Owner; readonly contested: FieldSet }[],
): StatusError {
  const causes = clashes.flatMap(({ owner, contested }) => {
    const using = owner.operation === "Update" ? ` using ${owner.apiVersion}` : "";
    const sub = owner.subresource ? ` with subresource "${owner.subresource}"` : "";
    const who = `"${owner.name}"${sub}${using}`;
    return [...contested]
      .map((key) => nameOfPath(pathOf(key)))
      .toSorted()
      .map((name) => ({ reason: "FieldManagerConflict", message: `conflict with ${who}`, field: name, who }));
  });
  const total = causes.length;
  const byWho = group(causes);
  const parts = [...byWho].map(([who, fields]) =>
    fields.length === 1
      ? `conflict with ${who}: ${fields[0]}`
      : `conflicts with ${who}:\n${fields.map((name) => `- ${name}`).join("\n")}`,
  );
  const message = `Apply failed with ${total} conflict${total === 1 ? "" : "s"}: ${parts.join("\n")}`;
  return new StatusError(409, "Conflict", message, {
    causes: causes.map(({ who: _who, ...one }) => one),
  });
}

function group(causes: readonly { readonly who: string; readonly field: string }[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { who, field: name } of causes) found.set(who, [...(found.get(who) ?? []), name]);
  return found;
}

/** True when two states differ in nothing but the times of their managers. */
export function sameState(before: KubeObject, after: KubeObject): boolean {
  const still = (object: KubeObject) => ({
    ...object,
    metadata: {
      ...object.metadata,
      managedFields: recordsAt(object.metadata, "managedFields").map((entry) => ({ ...entry, time: "" })),
    },
  });
  return sameValue(still(before), still(after)) && at(before, "kind") === at(after, "kind");
}
