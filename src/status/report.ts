/** One store at a glance (product.md section 5, `Status`). */
export interface StoreStatus {
  readonly kind: "SecretStore" | "ClusterSecretStore";
  readonly namespace?: string;
  readonly name: string;
  /** `Valid`, or ESO's reason; `Missing`: it should be there; `Unseen`: ESO has not looked at it. */
  readonly state: string;
  readonly ready: boolean;
  readonly message?: string;
  /** The machine identity: its name where the file says it, else its id. */
  readonly identity?: string;
  /** `prod:/shop`. */
  readonly scope: string;
  readonly project: string;
  /** ExternalSecrets that read from it. */
  readonly secrets: number;
  readonly managedBy?: string;
}

/** One ExternalSecret at a glance. */
export interface SecretStatus {
  readonly namespace: string;
  readonly name: string;
  readonly state: string;
  readonly ready: boolean;
  readonly message?: string;
  /** `wanted`: undefined with `dataFrom`, which brings as many as there are. `present`: where the Secret was read. */
  readonly keys: { readonly wanted?: number; readonly present?: number };
  /** ISO 8601 of the last sync. */
  readonly refreshTime?: string;
  /** Seconds since then, when the report was made. */
  readonly ageSeconds?: number;
  /** As written. */
  readonly refreshInterval: string;
  /** Two intervals and a minute have passed without a sync. */
  readonly late: boolean;
  readonly target: string;
  readonly managedBy?: string;
}

/** The reviewer's token: never the token itself. */
export interface ReviewerStatus {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly ageSeconds?: number;
  /** ISO 8601. Undefined: an unlimited token has none, and of a bound one nobody has written it down. */
  readonly expiresAt?: string;
  readonly expiresInSeconds?: number;
  /** A fifth of its life is left, or a week; or none. */
  readonly expiresSoon?: boolean;
  /** `unlimited`, or `bound` to a Secret of ours: then Infisical alone holds it. */
  readonly token: "unlimited" | "bound";
}

export interface EsoStatus {
  readonly namespace: string;
  readonly version?: string;
  readonly installedBy: string;
  readonly available: boolean;
}

/** Everything at a glance. */
export interface StatusReport {
  readonly cluster: string;
  readonly eso: readonly EsoStatus[];
  readonly reviewers: readonly ReviewerStatus[];
  readonly stores: readonly StoreStatus[];
  readonly secrets: readonly SecretStatus[];
  /** What may not be read here, so that it is missing above. */
  readonly hidden: readonly string[];
  /** While it is watched and the cluster does not answer: why. */
  readonly stale?: string;
}
