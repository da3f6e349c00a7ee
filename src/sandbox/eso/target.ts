import { createHash } from "node:crypto";
import { at, isRecord, recordOf, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { sameValue } from "../kubernetes/json.ts";

const MANAGED = "reconcile.external-secrets.io/managed";
const CREATED_BY = "reconcile.external-secrets.io/created-by";
export const DATA_HASH = "reconcile.external-secrets.io/data-hash";

const sha = (value: unknown): string => createHash("sha3-224").update(JSON.stringify(value)).digest("hex");

/** The mark of a Secret's content: sorted, so that the order of keys says nothing. */
export const hashOf = (data: unknown): string =>
  sha(Object.entries(recordOf(data)).toSorted(([a], [b]) => (a < b ? -1 : 1)));

export const nameOfTarget = (owner: KubeObject): string =>
  textOf(at(owner["spec"], "target", "name")) ?? owner.metadata.name;

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** `{{ .KEY }}` of a v2 template, without functions. */
const filled = (template: string, data: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{\{-?\s*\.([\w.-]+)\s*-?\}\}/g, (_whole, key: string) => data[key] ?? "<no value>");

/** The Secret that an ExternalSecret wants (ctrl/externalsecret): what was there, with its data, marks and owner. */
export function wantedSecret(
  owner: KubeObject,
  data: Readonly<Record<string, string>>,
  before: KubeObject | undefined,
): KubeObject {
  const target = at(owner["spec"], "target");
  const policy = textOf(at(target, "creationPolicy")) ?? "Owner";
  const template = at(target, "template");
  const isTemplated = isRecord(template);
  const meta = recordOf(at(template, "metadata"));
  const { "kubectl.kubernetes.io/last-applied-configuration": _applied, ...ownAnnotations } =
    owner.metadata.annotations ?? {};
  const labels = isTemplated ? recordOf(meta["labels"]) : (owner.metadata.labels ?? {});
  const annotations = isTemplated ? recordOf(meta["annotations"]) : ownAnnotations;
  const content = contentOf(template, data);
  const encoded = Object.fromEntries(Object.entries(content).map(([key, value]) => [key, base64(value)]));
  const merges = policy === "Merge" || policy === "CreateOrMerge";
  const whole = merges ? { ...recordOf(before?.["data"]), ...encoded } : encoded;
  const owned =
    policy === "Owner"
      ? { [CREATED_BY]: sha(`${owner.metadata.namespace}/${owner.metadata.name}`).slice(0, 56) }
      : {};
  const { ownerReferences: _, ...kept } = before?.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Secret",
    ...(before && { type: before["type"] }),
    ...(!before && { type: textOf(at(template, "type")) ?? "Opaque" }),
    ...(at(target, "immutable") === true && { immutable: true }),
    metadata: {
      ...kept,
      name: nameOfTarget(owner),
      namespace: owner.metadata.namespace ?? "",
      labels: {
        ...before?.metadata.labels,
        ...(labels as Record<string, string>),
        ...owned,
        [MANAGED]: "true",
      },
      annotations: {
        ...before?.metadata.annotations,
        ...(annotations as Record<string, string>),
        [DATA_HASH]: hashOf(whole),
      },
      ...ownersOf(owner, policy, before),
    },
    data: whole,
  };
}

function contentOf(
  template: unknown,
  data: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const given = Object.entries(recordOf(at(template, "data")));
  if (given.length === 0) return data;
  const made = Object.fromEntries(given.map(([key, text]) => [key, filled(String(text), data)]));
  return at(template, "mergePolicy") === "Merge" ? { ...data, ...made } : made;
}

/** Owner: we own it. Every other policy lets go of what we owned before. */
function ownersOf(
  owner: KubeObject,
  policy: string,
  before: KubeObject | undefined,
): Pick<KubeObject["metadata"], "ownerReferences"> {
  const others = (before?.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
  if (policy !== "Owner") return others.length > 0 ? { ownerReferences: others } : {};
  const { apiVersion, kind, metadata } = owner;
  const ours = {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
  return { ownerReferences: [...others, ours] };
}

/** True while nobody touched what ESO wrote. */
export function isIntact(secret: KubeObject | undefined): boolean {
  if (!secret || secret.metadata.labels?.[MANAGED] !== "true") return false;
  return secret.metadata.annotations?.[DATA_HASH] === hashOf(secret["data"]);
}

/** The ExternalSecret that owns a Secret already, where it is another one. */
export function foreignOwner(
  secret: KubeObject | undefined,
  owner: KubeObject,
): KubeObject["metadata"]["ownerReferences"] {
  return (secret?.metadata.ownerReferences ?? []).filter(
    (one) => (one as { controller?: boolean }).controller === true && one.uid !== owner.metadata.uid,
  );
}

export const changesNothing = (before: KubeObject, after: KubeObject): boolean =>
  sameValue(before["data"], after["data"]) && sameValue(before.metadata, after.metadata);
