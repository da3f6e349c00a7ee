import { at, isRecord, recordsAt, recordOf, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { managerOf, readyIn, type Ready } from "./common.ts";

/** A reference to a key of a Secret or ConfigMap, as a store spells it. */
export interface KeyRef {
  readonly name: string | undefined;
  readonly key: string | undefined;
  readonly namespace: string | undefined;
}

/** What the checks want to know of a SecretStore or ClusterSecretStore; nothing else of the object is held (eso.md 1). */
export interface StoreView {
  readonly kind: "SecretStore" | "ClusterSecretStore";
  readonly name: string;
  /** undefined: a ClusterSecretStore. */
  readonly namespace: string | undefined;
  readonly generation: number | undefined;
  /** `spec.controller`; "" is any. */
  readonly controller: string;
  /** The provider's name; only `infisical` has the fields below. */
  readonly provider: string | undefined;
  /** As written; undefined is Infisical Cloud US. */
  readonly hostApi: string | undefined;
  /** Names of the blocks under `auth`, in the object's order. */
  readonly auth: readonly string[];
  readonly identityRef: KeyRef | undefined;
  readonly tokenPathRef: KeyRef | undefined;
  readonly caBundle: string | undefined;
  readonly caProvider: (KeyRef & { readonly type: string | undefined }) | undefined;
  readonly projectSlug: string;
  readonly environmentSlug: string;
  /** Default "/". */
  readonly path: string;
  readonly recursive: boolean;
  readonly expandReferences: boolean;
  readonly conditions: readonly Record<string, unknown>[];
  readonly ready: Ready | undefined;
  readonly deleting: string | undefined;
  readonly finalizers: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly managedBy: string | undefined;
}

/** The parsed view of a store. */
export function parseStore(object: KubeObject): StoreView {
  const { metadata } = object;
  const spec = recordOf(object["spec"]);
  const providers = recordOf(spec["provider"]);
  const infisical = recordOf(providers["infisical"]);
  const auth = recordOf(infisical["auth"]);
  const scope = recordOf(infisical["secretsScope"]);
  const kubernetesAuth = auth["kubernetesAuthCredentials"];
  const caProvider = infisical["caProvider"];
  return {
    kind: object.kind === "ClusterSecretStore" ? "ClusterSecretStore" : "SecretStore",
    name: metadata.name,
    namespace: metadata.namespace,
    generation: metadata.generation,
    controller: textOf(spec["controller"]) ?? "",
    provider: Object.keys(providers)[0],
    hostApi: textOf(infisical["hostAPI"]),
    auth: Object.keys(auth),
    identityRef: refOf(at(kubernetesAuth, "identityId")),
    tokenPathRef: refOf(at(kubernetesAuth, "serviceAccountTokenPath")),
    caBundle: textOf(infisical["caBundle"]),
    caProvider: isRecord(caProvider)
      ? { ...keyRef(caProvider), type: textOf(caProvider["type"]) }
      : undefined,
    projectSlug: textOf(scope["projectSlug"]) ?? "",
    environmentSlug: textOf(scope["environmentSlug"]) ?? "",
    path: textOf(scope["secretsPath"]) ?? "/",
    recursive: scope["recursive"] === true,
    expandReferences: scope["expandSecretReferences"] !== false,
    conditions: recordsAt(spec, "conditions"),
    ready: readyIn(object),
    deleting: metadata.deletionTimestamp,
    finalizers: metadata.finalizers ?? [],
    labels: metadata.labels ?? {},
    managedBy: managerOf(metadata),
  };
}

/** A reference; undefined where none is written. */
function refOf(value: unknown): KeyRef | undefined {
  return isRecord(value) ? keyRef(value) : undefined;
}

function keyRef(value: Record<string, unknown>): KeyRef {
  return {
    name: textOf(value["name"]),
    key: textOf(value["key"]),
    namespace: textOf(value["namespace"]),
  };
}

/** `shop/infisical`, or the bare name of a ClusterSecretStore. */
export function placeOf({
  namespace,
  name,
}: {
  readonly namespace?: string | undefined;
  readonly name: string;
}): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The key under which a store is found by `kind namespace/name`. */
export function storeKey(kind: string, namespace: string | undefined, name: string): string {
  return kind === "ClusterSecretStore" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
