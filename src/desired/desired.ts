import { createHash } from "node:crypto";
import type { ReadGrant } from "../infisical/infisical.ts";
import type {
  EsoInput,
  Inputs,
  KeyInput,
  Namespaces,
  ReviewerInput,
  SecretInput,
  StoreInput,
} from "../inputs/inputs.ts";
import { storeFor } from "../inputs/relations.ts";
import type { Secret } from "../secret.ts";

/** A store and the machine identity behind it: one identity, one or more namespaced objects. */
export interface DesiredStore {
  /** `shop/infisical`; with several namespaces: the star, a slash and the name. It is the identity's `store` metadata. */
  readonly id: string;
  readonly name: string;
  readonly kind: "SecretStore" | "ClusterSecretStore";
  /** Where the objects live; for a ClusterSecretStore the one namespace of its identity Secret. */
  readonly namespaces: readonly string[];
  readonly allowedNamespaces: Namespaces | undefined;
  readonly project: string;
  readonly environment: string;
  readonly path: string;
  readonly recursive: boolean;
  readonly grant: ReadGrant;
  readonly identityName: string;
  readonly identityId: string | undefined;
  readonly roleSlug: string;
  readonly identitySecret: string;
  readonly accessTokenTtl: number;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** An ExternalSecret per namespace. */
export interface DesiredSecret {
  readonly name: string;
  readonly namespaces: readonly string[];
  readonly store: DesiredStore;
  readonly target: string;
  readonly refreshInterval: string;
  readonly creationPolicy: string;
  readonly deletionPolicy: string;
  readonly keys: "all" | readonly KeyInput[];
  readonly spec: Readonly<Record<string, unknown>>;
  readonly restart: SecretInput["restart"];
}

/** A value that a person gave for a name that Infisical does not have yet. */
export interface FirstValue {
  readonly store: string;
  readonly name: string;
  /** Default: the store's. */
  readonly path?: string;
  readonly value: Secret;
}

/** What must be true in Helm, Kubernetes and Infisical. Plain data; says what, not how. */
export interface Desired {
  readonly cluster: {
    readonly name: string;
    readonly apiServer: string | undefined;
    /** PEM of cluster.caFile, or "system" for publicly trusted. */
    readonly ca: string | undefined;
  };
  readonly infisical: {
    readonly host: string;
    /** As ESO reaches it: becomes the stores' hostAPI. */
    readonly hostForEso: string;
    /** PEM of a self-signed Infisical's CA. */
    readonly ca: string | undefined;
    readonly create: boolean;
  };
  readonly eso: EsoInput;
  readonly reviewer: Omit<ReviewerInput, "namespace"> & { readonly namespace: string };
  readonly stores: readonly DesiredStore[];
  readonly secrets: readonly DesiredSecret[];
  readonly firstValues: readonly FirstValue[];
}

/** What Inputs alone do not say: found out before, so that this stays pure. */
export interface DesiredFacts {
  /** The context that is used; names the cluster when the file does not. */
  readonly context: string;
  /** The names behind a namespace setting; a selector was asked of the cluster. */
  readonly namespaces: (setting: Namespaces) => readonly string[];
  readonly infisicalCa: string | undefined;
  readonly clusterCa: string | undefined;
  readonly firstValues: readonly FirstValue[];
}

/** Inputs → Desired. */
export function desiredOf(inputs: Inputs, facts: DesiredFacts): Desired {
  const cluster = inputs.cluster.name ?? slug(facts.context);
  const stores = inputs.stores.map((store) => desiredStore(store, cluster, facts));
  return {
    cluster: { name: cluster, apiServer: inputs.cluster.apiServer, ca: facts.clusterCa },
    infisical: {
      host: inputs.infisical.host,
      hostForEso: inputs.infisical.hostFromCluster ?? inputs.infisical.host,
      ca: facts.infisicalCa,
      create: inputs.infisical.create,
    },
    eso: inputs.eso,
    reviewer: { ...inputs.reviewer, namespace: inputs.reviewer.namespace ?? inputs.eso.namespace },
    stores,
    secrets: inputs.secrets.map((secret) => desiredSecret(secret, inputs, stores, facts)),
    firstValues: facts.firstValues,
  };
}

function desiredStore(store: StoreInput, cluster: string, facts: DesiredFacts): DesiredStore {
  const namespaces = facts.namespaces(store.namespace);
  const one = "names" in store.namespace && store.namespace.names.length === 1;
  const place = one ? [namespaces[0] ?? "default", store.name] : [store.name];
  const identityName =
    store.identity?.replaceAll("{cluster}", cluster) ?? cut(["eso", cluster, ...place].join("-"), 60);
  return {
    id: `${one ? namespaces[0] : "*"}/${store.name}`,
    name: store.name,
    kind: store.kind,
    namespaces,
    allowedNamespaces: store.allowedNamespaces,
    project: store.project,
    environment: store.environment,
    path: store.path,
    recursive: store.recursive,
    grant: grantOf(store),
    identityName,
    identityId: store.identityId,
    roleSlug: roleSlugOf(identityName),
    identitySecret:
      store.kind === "SecretStore" ? `${store.name}-identity` : `${store.name}-cluster-identity`,
    accessTokenTtl: store.accessTokenTTL,
    spec: store.spec,
  };
}

function grantOf({ environment, path, recursive, alsoRead, imports }: StoreInput): ReadGrant {
  const own = { environment, path, subtree: recursive };
  return {
    scopes: [own, ...alsoRead.map((other) => ({ environment, path: other, subtree: false }))],
    imports,
  };
}

function desiredSecret(
  secret: SecretInput,
  inputs: Inputs,
  stores: readonly DesiredStore[],
  facts: DesiredFacts,
): DesiredSecret {
  const chosen = storeFor(secret, inputs.stores);
  const store = chosen && stores[inputs.stores.indexOf(chosen)];
  // The configuration was checked: a secret whose store no one defines never gets here.
  if (!store) throw new Error(`no store named ${secret.store}`);
  return { ...secret, namespaces: facts.namespaces(secret.namespace), store };
}

/** Slug of the role (or privilege) that an identity of ours reads by. */
export function roleSlugOf(identityName: string): string {
  return cut(slug(`k8s-${identityName.replace(/^eso-/, "")}`), 60);
}

/** Lower-case letters, digits and single hyphens: valid as a slug at Infisical and as a name in Kubernetes. */
export function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "") || "x"
  );
}

/** Keeps names within a limit; the hash keeps cut ones apart. */
export function cut(name: string, limit: number): string {
  if (name.length <= limit) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, limit - 9).replace(/-+$/, "")}-${hash}`;
}
