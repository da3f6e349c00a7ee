/**
 * What differs between an Infisical of October 2024 and one of 2026, as data.
 *
 * Source of facts: infisical-api.md. E0 = run against a real server; 2026 = E2 to E5, read in its sources.
 */

/** The two generations of server this double can be. */
export type Generation = "2024-10" | "2026";

/** One column of the table of differences. Handlers ask this table, never the name of the generation. */
export interface Era {
  readonly generation: Generation;
  /** HTTP status of a body that does not fit (section "General server behaviour"). */
  readonly validationStatus: 401 | 422;
  /** `reqId` in every error body. */
  readonly hasRequestId: boolean;
  /** `details` (the actor's rules) in a permission refusal. */
  readonly hasPermissionDetails: boolean;
  /** A rate-limited call: 500 without a word on E0 (10.5), 429 later. */
  readonly rateLimitStatus: 500 | 429;
  /** Which lifetime becomes `exp` of the access token (1.1). */
  readonly tokenExpiry: "maxTTL" | "ttl";
  /** An identity holds one auth method (`authMethod`) or a list (`authMethods`). */
  readonly manyAuthMethods: boolean;
  /** Deleting Kubernetes Auth: E0 keeps the tokens (500 until re-attached), later they are gone (1.5). */
  readonly tokensDieWithKubernetesAuth: boolean;
  /** `hasDeleteProtection`, project-scoped identities and `/identities/details`. */
  readonly modernIdentities: boolean;
  /** `tokenReviewerJwt` may be left out: the client's token reviews itself. */
  readonly clientReviews: boolean;
  /** Attach and PATCH of Kubernetes Auth reach for the cluster (PR #5002, 2025-12-09). */
  readonly validatesOnAttach: boolean;
  /** Section 4.3: a text per cause, or `500 Something went wrong` for all of them. */
  readonly describesLoginErrors: boolean;
  /** `spec.audiences` of the TokenReview. */
  readonly sendsAudiences: boolean;
  /** `allowedNames` and `allowedNamespaces` are globs (E5). */
  readonly globsInAllowedLists: boolean;
  /** How long a silent API server is waited for, and what follows (10.3: E0 drops the caller, later 400). */
  readonly reviewTimeoutMs: number;
  /** Lockout after failed Universal Auth logins. */
  readonly lockout: boolean;
  /** Custom project roles need the plan's `rbac` (1.6). */
  readonly rolesNeedRbac: boolean;
  /** `describeSecret` and `readValue` exist. */
  readonly splitsSecretRead: boolean;
  /** A list of a missing folder: E0 200 and empty (10.1), later 404. */
  readonly missingFolderIs404: boolean;
  /** Permission the attach and the PATCH of Kubernetes Auth ask for (2.3). */
  readonly attachAction: string;
  readonly patchAuthAction: string;
}

export const eras: Readonly<Record<Generation, Era>> = {
  "2024-10": {
    generation: "2024-10",
    validationStatus: 401,
    hasRequestId: false,
    hasPermissionDetails: false,
    rateLimitStatus: 500,
    tokenExpiry: "maxTTL",
    manyAuthMethods: false,
    tokensDieWithKubernetesAuth: false,
    modernIdentities: false,
    clientReviews: false,
    validatesOnAttach: false,
    describesLoginErrors: false,
    sendsAudiences: false,
    globsInAllowedLists: false,
    reviewTimeoutMs: 30_000,
    lockout: false,
    rolesNeedRbac: false,
    splitsSecretRead: false,
    missingFolderIs404: false,
    attachAction: "create",
    patchAuthAction: "edit",
  },
  "2026": {
    generation: "2026",
    validationStatus: 422,
    hasRequestId: true,
    hasPermissionDetails: true,
    rateLimitStatus: 429,
    tokenExpiry: "ttl",
    manyAuthMethods: true,
    tokensDieWithKubernetesAuth: true,
    modernIdentities: true,
    clientReviews: true,
    validatesOnAttach: true,
    describesLoginErrors: true,
    sendsAudiences: true,
    globsInAllowedLists: true,
    reviewTimeoutMs: 10_000,
    lockout: true,
    rolesNeedRbac: true,
    splitsSecretRead: true,
    missingFolderIs404: true,
    attachAction: "edit-auth",
    patchAuthAction: "edit-auth",
  },
};
