import type { OperatorCredential } from "../infisical/infisical.ts";

/** Where a value came from; the first that has one wins, in this order. */
export type Source = "flag" | "environment" | "file" | "answer" | "detected" | "default";

/** One namespace, several, or all that carry the labels. */
export type Namespaces =
  | { readonly names: readonly string[] }
  | { readonly selector: Readonly<Record<string, string>> };

export interface ClusterInput {
  readonly name: string | undefined;
  readonly context: string | undefined;
  readonly apiServer: string | undefined;
  /** A path, or "system". */
  readonly caFile: string | undefined;
}

export interface InfisicalInput {
  /** Normalised: https URL without trailing slash and without /api. */
  readonly host: string;
  readonly hostFromCluster: string | undefined;
  readonly caFile: string | undefined;
  readonly organization: string | undefined;
  readonly project: string | undefined;
  readonly create: boolean;
}

export interface EsoInput {
  readonly manage: boolean;
  readonly namespace: string;
  readonly release: string;
  readonly chart: string;
  readonly repo: string;
  readonly version: string;
  readonly installCRDs: "auto" | boolean;
  readonly controllerClass: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface ReviewerInput {
  readonly mode: "token" | "self";
  readonly namespace: string | undefined;
  readonly serviceAccount: string;
  readonly clusterRole: "system:auth-delegator" | "tokenreview-only";
  /** Seconds, or undefined for an unlimited token. */
  readonly tokenLifetime: number | undefined;
}

export interface StoreInput {
  readonly name: string;
  readonly kind: "SecretStore" | "ClusterSecretStore";
  readonly namespace: Namespaces;
  readonly allowedNamespaces: Namespaces | undefined;
  readonly project: string;
  readonly environment: string;
  /** Starts with "/", no trailing slash; "/" is the root. */
  readonly path: string;
  readonly recursive: boolean;
  readonly alsoRead: readonly string[];
  readonly imports: boolean;
  /** As written, with {cluster} not yet replaced. */
  readonly identity: string | undefined;
  readonly identityId: string | undefined;
  /** Seconds. */
  readonly accessTokenTTL: number;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** One key of the target Secret: `as` in the Secret, `key` (name or /path/name) in Infisical. */
export interface KeyInput {
  readonly as: string;
  readonly key: string;
  readonly property: string | undefined;
  readonly allowEmpty: boolean;
}

export interface SecretInput {
  readonly name: string;
  readonly namespace: Namespaces;
  readonly store: string;
  readonly target: string;
  /** As ESO takes it: `60s`. */
  readonly refreshInterval: string;
  readonly creationPolicy: string;
  readonly deletionPolicy: string;
  readonly keys: "all" | readonly KeyInput[];
  readonly spec: Readonly<Record<string, unknown>>;
  readonly restart: "auto" | "none" | readonly string[];
}

export interface IgnoreInput {
  readonly code: string;
  readonly resource: string | undefined;
  readonly reason: string;
  readonly until: string | undefined;
}

/** Every setting, final and frozen. After it exists nobody reads argv, environment or files again. */
export interface Inputs {
  /** The file that was read, or would be written. */
  readonly file: string;
  readonly fileExists: boolean;
  readonly cluster: ClusterInput;
  readonly infisical: InfisicalInput;
  readonly eso: EsoInput;
  readonly reviewer: ReviewerInput;
  readonly stores: readonly StoreInput[];
  readonly secrets: readonly SecretInput[];
  readonly ignore: readonly IgnoreInput[];
  readonly credential: OperatorCredential | undefined;
  /** Dotted key → where its value came from; only keys of the fields table. */
  readonly sources: Readonly<Record<string, Source>>;
  /** Dotted key → line of the file, where it stands there: for `whereIs`. */
  readonly lines?: Readonly<Record<string, number>>;
}
