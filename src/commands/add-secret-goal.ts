import { parseExternalSecret, type SecretView } from "../checks/view/external-secret.ts";
import { parseStore } from "../checks/view/store.ts";
import type { Desired, DesiredSecret, DesiredStore } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Inputs, KeyInput } from "../inputs/inputs.ts";
import { normaliseHost } from "../inputs/host.ts";
import { nearest } from "../inputs/nearest.ts";
import type { Cluster } from "../kubernetes/cluster.ts";

/** The ExternalSecret that gets the keys, as it is before. */
export interface Goal {
  readonly secret: DesiredSecret;
  /** Its place in the file; undefined: it was not made from one, and is changed where it lives. */
  readonly index: number | undefined;
  /** What it is made from may be read: only the file says for certain what an identity may read. */
  readonly isKnown: boolean;
}

/** `shop/shop-db` → both parts; the flag says the namespace where the name does not. */
export function partsOf(
  to: string,
  namespace: string | undefined,
): { name: string; namespace: string | undefined } {
  const slash = to.indexOf("/");
  return slash < 0 ? { name: to, namespace } : { name: to.slice(slash + 1), namespace: to.slice(0, slash) };
}

/** In the file. Without a name: the only one. undefined: the file has no such one. ESOB-C302 where several are meant. */
export function goalInFile(
  { secrets }: Desired,
  to: string | undefined,
  namespace: string | undefined,
): Goal | undefined {
  const wanted = to === undefined ? undefined : partsOf(to, namespace);
  const fits = secrets.flatMap((secret, index) => {
    const isNamed = wanted === undefined || secret.name === wanted.name;
    const place = wanted === undefined ? namespace : wanted.namespace;
    return isNamed && (place === undefined || secret.namespaces.includes(place)) ? [{ secret, index }] : [];
  });
  const [only, ...others] = fits;
  if (!only) return undefined;
  if (others.length > 0) throw notClear(fits.map(({ secret }) => `${secret.namespaces[0]}/${secret.name}`));
  return { ...only, isKnown: true };
}

export function notClear(places: readonly string[]): BootstrapError {
  return new BootstrapError("ESOB-C302", {
    message: `It is not clear which of ${places.length} ExternalSecrets is meant.`,
    fix: { summary: "Name one.", command: `eso-bootstrap add-secret KEY --to ${places[0] ?? "NAME"}` },
    facts: { Exists: places.join(", ") },
  });
}

const API = "external-secrets.io/v1";

export async function secretsIn(cluster: Cluster, namespace: string): Promise<SecretView[]> {
  const views: SecretView[] = [];
  for await (const object of cluster.list({ apiVersion: API, kind: "ExternalSecret", namespace }))
    views.push(parseExternalSecret(object));
  return views;
}

/** In the cluster, with the store that it reads from. ESOB-E301 with the nearest name; C305 where the store is elsewhere. */
export async function goalInCluster(
  cluster: Cluster,
  { infisical }: Inputs,
  to: string,
  namespace: string,
  declared: readonly string[],
): Promise<Goal> {
  const all = await secretsIn(cluster, namespace);
  const view = all.find(({ name }) => name === to);
  if (!view) throw noSuch(`${namespace}/${to}`, to, [...declared, ...all.map(({ name }) => name)]);
  const store = await storeOf(cluster, view);
  const hosts = [infisical.host, infisical.hostFromCluster].filter((host) => host !== undefined);
  if (!hosts.includes(store.host))
    throw new BootstrapError("ESOB-C305", {
      message: `ExternalSecret ${namespace}/${to} reads from ${store.host}, but this command would speak to ${infisical.host}.`,
      reason: "a credential is never sent to an address only because a store names it",
      fix: { summary: "Say that it is the right one.", command: `export INFISICAL_API_URL=${store.host}` },
    });
  return { secret: secretOf(view, store.desired), index: undefined, isKnown: false };
}

function noSuch(place: string, name: string, exist: readonly string[]): BootstrapError {
  const close = nearest(name, exist);
  return new BootstrapError("ESOB-E301", {
    message: `There is no ExternalSecret ${place}.`,
    ...(close !== undefined && { reason: `did you mean ${close}?` }),
    fix: {
      summary: "Name one that is there; without arguments it asks, and makes a new one.",
      command: "eso-bootstrap add-secret",
    },
    ...(exist.length > 0 && { facts: { Exists: [...new Set(exist)].slice(0, 20).join(", ") } }),
  });
}

async function storeOf(
  cluster: Cluster,
  secret: SecretView,
): Promise<{ desired: DesiredStore; host: string }> {
  const { namespace, store: ref } = secret;
  const kind = ref?.kind === "ClusterSecretStore" ? "ClusterSecretStore" : "SecretStore";
  const place = kind === "SecretStore" ? { namespace } : {};
  const live = ref && (await cluster.get({ apiVersion: API, kind, name: ref.name, ...place }));
  const store = live && parseStore(live);
  if (store?.provider !== "infisical")
    throw new BootstrapError("ESOB-E305", {
      message: `ExternalSecret ${namespace}/${secret.name} reads from no Infisical store that is there.`,
      reason: ref
        ? `${kind} ${ref.name} ${live ? `reads from ${store?.provider}` : "does not exist"}`
        : "it names no store",
    });
  const scope = { environment: store.environmentSlug, path: store.path, subtree: store.recursive };
  return {
    host: normaliseHost(store.hostApi ?? "https://app.infisical.com", "hostAPI of the store"),
    desired: {
      id: `${namespace}/${store.name}`,
      name: store.name,
      kind,
      namespaces: [namespace],
      allowedNamespaces: undefined,
      project: store.projectSlug,
      environment: store.environmentSlug,
      path: store.path,
      recursive: store.recursive,
      grant: { scopes: [scope], imports: false },
      identityName: "",
      identityId: undefined,
      roleSlug: "",
      identitySecret: store.identityRef?.name ?? "",
      accessTokenTtl: 0,
      spec: {},
    },
  };
}

function secretOf(view: SecretView, store: DesiredStore): DesiredSecret {
  const keys = view.data.map(({ secretKey, key, property }): KeyInput => ({
    as: secretKey,
    key,
    property,
    allowEmpty: true,
  }));
  return {
    name: view.name,
    namespaces: [view.namespace],
    store,
    target: view.target,
    refreshInterval: view.refreshInterval,
    creationPolicy: view.creationPolicy,
    deletionPolicy: view.deletionPolicy,
    keys: view.data.length === 0 && view.dataFrom.includes("find") ? "all" : keys,
    spec: {},
    restart: "auto",
  };
}
