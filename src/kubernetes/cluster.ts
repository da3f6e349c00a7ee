import type { Secret } from "../secret.ts";

/** Field manager and owner name of everything we write (product.md section 1). */
export const MANAGER = "eso-bootstrap";
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";

export interface ObjectMeta {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[];
  managedFields?: { manager?: string; operation?: string; subresource?: string }[];
  finalizers?: string[];
}

/** Any Kubernetes object, as the API sends it. Fields beyond metadata are parsed where they are used. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface ListQuery {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page; default 500. */
  readonly pageSize?: number;
}

/** `conflict`: another field manager owns fields that we would change; nothing was written. */
export type ApplyOutcome =
  | { readonly outcome: "applied"; readonly object: KubeObject }
  | { readonly outcome: "conflict"; readonly owners: readonly string[]; readonly fields: readonly string[] };

/** One right, as SelfSubjectAccessReview asks for it. `resource` is the plural, `group` "" for core. */
export interface AccessQuery {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** A ServiceAccount, as somebody whose rights are asked about. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** Which log is meant. `previous`: that of the container before its last restart. */
export interface LogQuery {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly previous?: boolean;
  readonly tailLines: number;
}

export interface TokenRequestOptions {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audiences?: readonly string[];
  /** Asked for; the server may grant another lifetime (read it from the answer). */
  readonly expirationSeconds?: number;
  /** A Secret of ours whose deletion revokes the token. */
  readonly boundSecret?: { readonly name: string; readonly uid: string };
}

export interface IssuedToken {
  readonly token: Secret;
  readonly expiresAt: Date;
}

/**
 * What a TokenReview said. `refused`: the *reviewer* was not accepted (401) or not allowed (403), so nothing was judged.
 * `error` is the API server's own word on the reviewed token.
 */
export type TokenVerdict =
  | {
      readonly verdict: "genuine";
      readonly username: string;
      readonly audiences: readonly string[];
    }
  | { readonly verdict: "not-genuine"; readonly error: string }
  | { readonly verdict: "refused"; readonly status: 401 | 403; readonly error: string };

export interface ClusterInfo {
  readonly context: string;
  /** The API server as this machine reaches it. */
  readonly server: string;
  /** PEM of the kubeconfig's CA, where it has one. */
  readonly ca: string | undefined;
  /** The context's namespace, default `default`. */
  readonly namespace: string;
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Hears each state on the way (undefined: absent). */
  readonly onChange?: (object: KubeObject | undefined) => void;
}

/**
 * The cluster, in our words. Not found, conflict and refused reviews are values; everything else that can go wrong is
 * a `BootstrapError` (ESOB-K101 … K111). Reads are retried on resets and 5xx; writes are server-side apply, which is safe to repeat.
 */
export interface Cluster {
  readonly info: ClusterInfo;
  /** `v1.36.3`. */
  version(): Promise<string>;
  /** undefined: no such object, or the cluster does not know the kind. */
  get(ref: ObjectRef): Promise<KubeObject | undefined>;
  /** Pages through; an unknown kind yields nothing. */
  list(query: ListQuery): AsyncIterable<KubeObject>;
  /** Every kind that can be listed and deleted in a namespace, each once; throws where a group cannot say what it serves. */
  namespacedKinds(): Promise<readonly Pick<ObjectRef, "apiVersion" | "kind">[]>;
  /** True when the cluster serves this kind in this version. */
  serves(apiVersion: string, kind: string): Promise<boolean>;
  /** Server-side apply as field manager `eso-bootstrap`. `dryRun`: asks the server, writes nothing. */
  apply(object: KubeObject, options?: { dryRun?: boolean; force?: boolean }): Promise<ApplyOutcome>;
  /** Creates, never overwrites: "exists" when the name is taken. */
  create(object: KubeObject): Promise<"created" | "exists">;
  /** Replaces when the resourceVersion still fits; "conflict" otherwise. */
  replace(object: KubeObject): Promise<"replaced" | "conflict">;
  /** RFC 6902 patch. `test` operations guard it: "conflict" when they do not hold. */
  patch(ref: ObjectRef, operations: readonly JsonPatch[]): Promise<"patched" | "conflict" | "absent">;
  /** Deletes only the object with this uid (and, if given, this resourceVersion). */
  delete(
    ref: ObjectRef,
    preconditions: { uid: string; resourceVersion?: string },
  ): Promise<"deleted" | "absent" | "conflict">;
  /** Watches, and polls where watching fails, until `done` holds; returns the last state when time runs out. */
  waitUntil(
    ref: ObjectRef,
    done: (object: KubeObject | undefined) => boolean,
    options: WaitOptions,
  ): Promise<{ readonly done: boolean; readonly object: KubeObject | undefined }>;
  /**
   * Every object of a collection as it is, then each change as it comes, until `signal` ends it. Survives what may pass (a cut
   * or expired watch, a restart of the API server): what was missed is told by a new list. Where watching is not allowed, lists.
   */
  follow(query: ListQuery, signal: AbortSignal, hear?: FollowEars): AsyncIterable<Sighting>;
  /** The rights among `queries` that we do not have (SelfSubjectAccessReview, in parallel). */
  missingRights(queries: readonly AccessQuery[]): Promise<AccessQuery[]>;
  /** The rights among `queries` that a ServiceAccount does not have (SubjectAccessReview); ESOB-K104 where we may not ask. */
  missingRightsOf(account: Account, queries: readonly AccessQuery[]): Promise<AccessQuery[]>;
  /** The last lines of a container's log; undefined: there is none (no such pod, not started, no kubelet to ask). */
  logs(query: LogQuery): Promise<string | undefined>;
  /** The API server's own clock; undefined where its answer has no date. */
  serverTime(): Promise<Date | undefined>;
  /** When the kubeconfig's client certificate ends; undefined where there is none, or it renews itself. Tokens are short by nature. */
  credentialEnd(): Promise<Date | undefined>;
  requestToken(options: TokenRequestOptions): Promise<IssuedToken>;
  /** Reviews `token`, authenticated by `bearer` instead of our own credential. `server`/`ca` default to the kubeconfig's. */
  reviewToken(options: {
    token: Secret;
    bearer: Secret;
    audiences?: readonly string[];
  }): Promise<TokenVerdict>;
}

/** An object of a collection as it is now, or as it last was when it is `gone`. */
export interface Sighting {
  readonly object: KubeObject;
  readonly gone: boolean;
}

/** What else can be heard of a collection that is followed. */
export interface FollowEars {
  /** A list begins: what is not sighted before it ends is gone. */
  readonly onListing?: () => void;
  readonly onListed?: () => void;
  /** It cannot be followed right now, and is tried again. */
  readonly onLost?: (reason: string) => void;
}

export interface JsonPatch {
  readonly op: "add" | "remove" | "replace" | "test";
  readonly path: string;
  readonly value?: unknown;
}
