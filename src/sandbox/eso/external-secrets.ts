import { createHash } from "node:crypto";
import { at, recordOf, recordsAt, textOf, textsOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import { Hand } from "../kubernetes/controllers/controller.ts";
import { matchesSelector } from "../kubernetes/selectors.ts";
import { type Client, clientOf } from "./client.ts";
import { durationMs, goDuration, isReady, readyOf, setReady, specOf } from "./conditions.ts";
import type { Controller } from "./controller-pod.ts";
import { tell } from "./events.ts";
import { print } from "./log.ts";
import { changesNothing, foreignOwner, isIntact, nameOfTarget, wantedSecret } from "./target.ts";
import { gather, type Gathered } from "./values.ts";

const COMPONENT = "external-secrets";
const FINALIZER = "externalsecrets.external-secrets.io/externalsecret-cleanup";
const HOUR_MS = 3_600_000;
const GROUP = "external-secrets.io";

/** Generation, labels and annotations: a sync is due when they changed (`force-sync` is any annotation that did). */
function versionOf({ metadata }: KubeObject): string {
  const { generation = 0, labels = {}, annotations = {} } = metadata;
  const hash = createHash("sha3-224")
    .update(JSON.stringify([labels, annotations]))
    .digest("hex");
  return `${generation}-${hash}`;
}

/** Brings one ExternalSecret up to date (ctrl/externalsecret): milliseconds until the next time; throws to be tried again. */
export async function reconcileExternalSecret(
  api: Api,
  controller: Controller,
  external: KubeObject,
): Promise<number | undefined> {
  const hand = new Hand(api, COMPONENT);
  if (external.metadata.deletionTimestamp) return letGo(api, hand, external);
  const wait = durationMs(specOf(external, "refreshInterval"), HOUR_MS);
  if (!external.metadata.finalizers?.includes(FINALIZER))
    // Go writes the whole object back, and with it the interval as it writes durations: a change of the spec.
    hand.change(external, (now) => ({
      ...now,
      metadata: { ...now.metadata, finalizers: [...(now.metadata.finalizers ?? []), FINALIZER] },
      spec: { ...recordOf(now["spec"]), refreshInterval: goDuration(wait) },
    }));
  if (isUnmanaged(api, controller, external)) return undefined;
  const { namespace = "" } = external.metadata;
  const secret = api.get("secrets", namespace, nameOfTarget(external));
  const left = untilDue(api, external, secret, wait);
  if (left !== undefined) return left === Number.POSITIVE_INFINITY ? undefined : left;
  const gathered = await values(api, controller, external);
  write({ api, controller }, hand, external, gathered);
  return wait > 0 &&
    specOf(external, "refreshPolicy") !== "OnChange" &&
    specOf(external, "refreshPolicy") !== "CreatedOnce"
    ? wait
    : undefined;
}

/** undefined: now; else how long the last sync holds (shouldRefresh, isSecretValid). */
function untilDue(
  api: Api,
  external: KubeObject,
  secret: KubeObject | undefined,
  wait: number,
): number | undefined {
  const last = Date.parse(textOf(at(external["status"], "refreshTime")) ?? "");
  const policy = specOf(external, "refreshPolicy");
  const isNew = Number.isNaN(last);
  const isChanged = at(external["status"], "syncedResourceVersion") !== versionOf(external);
  const creation = textOf(specOf(external, "target", "creationPolicy")) ?? "Owner";
  const isSpoiled =
    (creation === "Owner" || creation === "Merge") && secret !== undefined && !isIntact(secret);
  const isGone = creation === "Owner" && secret === undefined;
  if (isNew || isSpoiled || isGone) return undefined;
  if (policy === "CreatedOnce") return Number.POSITIVE_INFINITY;
  if (policy === "OnChange") return isChanged ? undefined : Number.POSITIVE_INFINITY;
  if (wait === 0) return Number.POSITIVE_INFINITY;
  const left = last + wait - api.now();
  return isChanged || left <= 0 ? undefined : left;
}

function storeOf(api: Api, external: KubeObject, ref: unknown): KubeObject {
  const kind = textOf(at(ref, "kind")) ?? "SecretStore";
  const name = textOf(at(ref, "name")) ?? "";
  const isCluster = kind === "ClusterSecretStore";
  const resource = isCluster ? `clustersecretstores.${GROUP}` : `secretstores.${GROUP}`;
  const store = api.get(resource, isCluster ? undefined : external.metadata.namespace, name);
  if (!store) throw new Error(`could not get ${kind} "${name}", ${kind}.${GROUP} "${name}" not found`);
  return store;
}

/** A store of another controller class: nothing is done and nothing is said. */
function isUnmanaged(api: Api, controller: Controller, external: KubeObject): boolean {
  try {
    const wanted = textOf(specOf(storeOf(api, external, specOf(external, "secretStoreRef")), "controller"));
    return wanted !== undefined && wanted !== controller.controllerClass;
  } catch {
    return false;
  }
}

/** The flood gate, and who may use a ClusterSecretStore (ctrl/secretstore/client_manager.go). */
function assertUsable(api: Api, external: KubeObject, store: KubeObject): void {
  const { name } = store.metadata;
  const { namespace = "" } = external.metadata;
  if (store.kind === "ClusterSecretStore" && !isAllowed(api, store, namespace))
    throw new Error(
      `using cluster store "${name}" is not allowed from namespace "${namespace}": denied by spec.condition`,
    );
  if (!isReady(store)) throw new Error(`${store.kind} "${name}" is not ready`);
}

function isAllowed(api: Api, store: KubeObject, namespace: string): boolean {
  const conditions = recordsAt(store["spec"], "conditions");
  const labels = api.get("namespaces", undefined, namespace)?.metadata.labels ?? {};
  return (
    conditions.length === 0 ||
    conditions.some(
      (one) =>
        textsOf(one["namespaces"]).includes(namespace) ||
        textsOf(one["namespaceRegexes"]).some((pattern) => new RegExp(pattern, "u").test(namespace)) ||
        (one["namespaceSelector"] !== undefined && matchesSelector(one["namespaceSelector"], labels)),
    )
  );
}

async function values(api: Api, controller: Controller, external: KubeObject): Promise<Gathered> {
  const clients = new Map<string, Client>();
  const clientFor = async (sourceRef: unknown): Promise<Client> => {
    const store = storeOf(api, external, at(sourceRef, "storeRef") ?? specOf(external, "secretStoreRef"));
    assertUsable(api, external, store);
    const key = `${store.kind}/${store.metadata.name}`;
    const known =
      clients.get(key) ?? (await clientOf(api, controller, store, external.metadata.namespace ?? ""));
    clients.set(key, known);
    return known;
  };
  try {
    return await gather(clientFor, external["spec"]);
  } catch (error) {
    throw failed(api, external, "could not get secret data from provider", error);
  } finally {
    for (const { provider } of clients.values()) await provider.revoke();
  }
}

/** Says what went wrong in the condition and, in full, in an event. */
function failed(api: Api, external: KubeObject, message: string, error: unknown): Error {
  const words = error instanceof Error ? error.message : String(error);
  setReady(api, external, { status: "False", reason: "SecretSyncedError", message });
  tell(api, COMPONENT, external, "Warning", "UpdateFailed", words);
  return error instanceof Error ? error : new Error(words);
}

/** Where a sync takes place. */
interface Scene {
  readonly api: Api;
  readonly controller: Controller;
}

function done(
  { api, controller }: Scene,
  external: KubeObject,
  reason: string,
  message: string,
  more: Record<string, unknown> = {},
): void {
  const now =
    api.get(`externalsecrets.${GROUP}`, external.metadata.namespace, external.metadata.name) ?? external;
  const synced = { refreshTime: api.timestamp(), syncedResourceVersion: versionOf(now), ...more };
  const before = readyOf(now);
  setReady(api, external, { status: "True", reason, message }, synced);
  if (before?.["status"] !== "True" || before["reason"] !== reason)
    print(api, controller, external, {
      msg: reason === "SecretDeleted" ? "deleted secret" : "reconciled secret",
    });
}

/** Writes the Secret by the policies of the target. */
function write(scene: Scene, hand: Hand, external: KubeObject, { data, missing }: Gathered): void {
  const { api } = scene;
  const { namespace = "" } = external.metadata;
  const name = nameOfTarget(external);
  const policy = textOf(specOf(external, "target", "creationPolicy")) ?? "Owner";
  const deletion = textOf(specOf(external, "target", "deletionPolicy")) ?? "Retain";
  const before = api.get("secrets", namespace, name);
  for (const where of missing)
    tell(
      api,
      COMPONENT,
      external,
      "Normal",
      "MissingProviderSecret",
      `secret does not exist at provider using ${where}`,
    );
  if (Object.keys(data).length === 0 && deletion === "Retain")
    return done(scene, external, "SecretSynced", "secret retained due to DeletionPolicy=Retain");
  if (Object.keys(data).length === 0 && deletion === "Delete") {
    if (before) hand.delete(before);
    return done(scene, external, "SecretDeleted", "secret deleted due to DeletionPolicy=Delete");
  }
  if (policy === "None") return done(scene, external, "SecretSynced", "secret synced");
  if (policy === "Merge" && !before)
    return done(scene, external, "SecretMissing", "secret will not be created due to CreationPolicy=Merge");
  const foreign = policy === "Owner" ? foreignOwner(before, external) : [];
  if (foreign && foreign.length > 0) {
    const isOther = foreign.some(({ kind }) => kind === "ExternalSecret");
    failed(
      api,
      external,
      isOther ? "target is owned by another ExternalSecret" : "failed to take ownership of target secret",
      new Error(isOther ? "target is owned by another ExternalSecret" : "failed to set controller reference"),
    );
    return;
  }
  const wanted = wantedSecret(external, data, before);
  if (before?.["immutable"] === true && !changesNothing(before, wanted)) {
    failed(api, external, "could not update secret, target is immutable", new Error(`${name} is immutable`));
    return;
  }
  if (!before) {
    hand.make(wanted);
    tell(api, COMPONENT, external, "Normal", "Created", "secret created");
  } else if (!changesNothing(before, wanted)) {
    hand.change(before, () => wanted);
    tell(api, COMPONENT, external, "Normal", "Updated", "secret updated");
  }
  done(scene, external, "SecretSynced", "secret synced", { binding: { name } });
}

/** The finalizer: with Owner and deletionPolicy Delete the Secret goes too; else the garbage collector does its work. */
function letGo(api: Api, hand: Hand, external: KubeObject): undefined {
  const target = recordOf(specOf(external, "target"));
  const secret = api.get("secrets", external.metadata.namespace, nameOfTarget(external));
  if (
    secret &&
    target["deletionPolicy"] === "Delete" &&
    (target["creationPolicy"] ?? "Owner") === "Owner" &&
    isIntact(secret)
  )
    hand.delete(secret);
  hand.change(external, (now) => ({
    ...now,
    metadata: {
      ...now.metadata,
      finalizers: (now.metadata.finalizers ?? []).filter((one) => one !== FINALIZER),
    },
  }));
  return undefined;
}
