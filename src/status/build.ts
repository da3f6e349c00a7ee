import { isHidden, type SecretSubject, type StoreSubject, type Subjects } from "../checks/collect.ts";
import { storesOf, type SecretView } from "../checks/view/external-secret.ts";
import { storeKey } from "../checks/view/store.ts";
import type { Ready } from "../checks/view/common.ts";
import type { SecretStatus, StoreStatus } from "./report.ts";

/** What is known beside the objects themselves. */
export interface Extras {
  /** Machine identity by `storeKey`. */
  readonly identities: ReadonlyMap<string, string>;
  /** Keys that target Secrets have, by `namespace/name`; only where they were read. */
  readonly present: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A sync may take a while, and a controller may restart. */
const SLACK_SECONDS = 60;

/** Stores as rows, with how many ExternalSecrets read from each. */
export function storeRows(subjects: Subjects, { identities }: Extras): StoreStatus[] {
  const { stores, secrets } = subjects;
  const users = new Map<string, number>();
  for (const { live } of secrets)
    for (const { kind, name } of live ? storesOf(live) : []) {
      const key = storeKey(kind, live?.namespace, name);
      users.set(key, (users.get(key) ?? 0) + 1);
    }
  return stores.toSorted(byPlace).map((store) => ({
    ...storeRow(store, identities.get(store.key), users.get(store.key) ?? 0),
    ...(!store.live && absence(subjects, store.kind, store.namespace)),
  }));
}

function storeRow(
  { kind, namespace, name, live }: StoreSubject,
  identity: string | undefined,
  secrets: number,
) {
  const row: StoreStatus = {
    kind,
    ...(namespace !== undefined && { namespace }),
    name,
    ...stateOf(live, "Valid"),
    scope: live ? `${live.environmentSlug}:${live.path}` : "",
    project: live?.projectSlug ?? "",
    secrets,
    ...(identity !== undefined && { identity }),
    ...(live?.managedBy !== undefined && { managedBy: live.managedBy }),
  };
  return row;
}

/** ExternalSecrets as rows. `now`: milliseconds, as Date.now. */
export function secretRows(subjects: Subjects, { present }: Extras, now: number): SecretStatus[] {
  return subjects.secrets.toSorted(byPlace).map((subject) => ({
    ...secretRow(subject, present, now),
    ...(!subject.live && absence(subjects, "ExternalSecret", subject.namespace)),
  }));
}

/** What may not be read is not missing. */
function absence(subjects: Subjects, kind: string, namespace: string | undefined) {
  return isHidden(subjects, kind, namespace)
    ? { state: "Hidden", message: "it may not be read here" }
    : { state: "Missing", message: "it should be there, and is not" };
}

function secretRow(
  { namespace, name, target, live }: SecretSubject,
  present: Extras["present"],
  now: number,
) {
  const ageSeconds = live?.refreshTime === undefined ? undefined : secondsSince(live.refreshTime, now);
  const row: SecretStatus = {
    namespace,
    name,
    ...stateOf(live, "SecretSynced"),
    keys: live ? keysOf(live, present.get(`${namespace}/${target}`)) : {},
    ...(live?.refreshTime !== undefined && { refreshTime: live.refreshTime }),
    ...(ageSeconds !== undefined && { ageSeconds }),
    refreshInterval: live?.refreshInterval ?? "",
    late: live !== undefined && isLate(live, ageSeconds),
    target,
    ...(live?.managedBy !== undefined && { managedBy: live.managedBy }),
  };
  return row;
}

function stateOf(live: { ready: Ready | undefined; deleting: string | undefined } | undefined, good: string) {
  if (!live) return { state: "Missing", ready: false };
  if (live.deleting !== undefined) return { state: "Deleting", ready: false };
  if (!live.ready) return { state: "Unseen", ready: false, message: "no ESO has looked at it" };
  const { ready, reason, message } = live.ready;
  return { state: reason === "" && ready ? good : reason, ready, ...(!ready && { message }) };
}

/** A template, or `dataFrom`, makes keys that the spec does not name. */
function keysOf({ data, dataFrom, templated }: SecretView, present: ReadonlySet<string> | undefined) {
  const names = data.map(({ secretKey }) => secretKey);
  const isKnown = dataFrom.length === 0 && !templated;
  const there = isKnown ? names.filter((key) => present?.has(key)).length : present?.size;
  return {
    ...(isKnown && { wanted: names.length }),
    ...(present && there !== undefined && { present: there }),
  };
}

/** An interval of 0 means once and never again (eso.md 2.1). */
function isLate({ refreshSeconds = 0, refreshPolicy }: SecretView, age: number | undefined): boolean {
  if (refreshSeconds === 0 || (refreshPolicy !== undefined && refreshPolicy !== "Periodic")) return false;
  return age !== undefined && age > 2 * refreshSeconds + SLACK_SECONDS;
}

export function secondsSince(iso: string, now: number): number {
  return Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
}

/** ClusterSecretStores first, then by namespace and name. */
function byPlace(
  left: { readonly namespace: string | undefined; readonly name: string },
  right: { readonly namespace: string | undefined; readonly name: string },
): number {
  const [a, b] = [`${left.namespace ?? ""}/${left.name}`, `${right.namespace ?? ""}/${right.name}`];
  return a < b ? -1 : a > b ? 1 : 0;
}
