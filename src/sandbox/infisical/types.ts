/** The records the simulated server keeps: plain data, one interface per table of the real database. */

import type { Rule } from "./permissions.ts";

export interface Stamped {
  readonly id: string;
  readonly createdAt: Date;
  updatedAt: Date;
}

export interface Organization extends Stamped {
  readonly name: string;
  readonly slug: string;
}

export interface Project extends Stamped {
  readonly orgId: string;
  name: string;
  slug: string;
  type: string;
  description: string | null;
  hasDeleteProtection: boolean;
}

export interface Environment extends Stamped {
  readonly projectId: string;
  name: string;
  slug: string;
  position: number;
  readonly rootFolderId: string;
}

export interface Folder extends Stamped {
  readonly envId: string;
  /** null for the root of an environment. */
  readonly parentId: string | null;
  readonly name: string;
  readonly description: string | null;
  version: number;
}

export interface Secret extends Stamped {
  readonly folderId: string;
  key: string;
  value: string;
  comment: string;
  version: number;
  skipMultilineEncoding: boolean;
  metadata: unknown;
  readonly olderValues: string[];
}

/** A folder that shows the secrets of another folder of the same project. */
export interface SecretImport extends Stamped {
  readonly folderId: string;
  readonly environment: string;
  readonly path: string;
}

interface Metadata {
  readonly id: string;
  readonly key: string;
  readonly value: string;
}

export type AuthMethod = "universal-auth" | "kubernetes-auth";

export interface Identity extends Stamped {
  name: string;
  readonly orgId: string;
  /** Set for a project-scoped identity (2026). */
  readonly projectId: string | null;
  hasDeleteProtection: boolean;
  metadata: Metadata[];
}

export interface OrgMembership extends Stamped {
  readonly orgId: string;
  readonly identityId: string;
  role: string;
}

export interface TrustedIp {
  readonly ipAddress: string;
  readonly type: "ipv4" | "ipv6";
  readonly prefix?: number;
}

export interface AuthConfig extends Stamped {
  readonly identityId: string;
  accessTokenTTL: number;
  accessTokenMaxTTL: number;
  accessTokenNumUsesLimit: number;
  accessTokenTrustedIps: TrustedIp[];
}

export interface UniversalAuth extends AuthConfig {
  readonly clientId: string;
  clientSecretTrustedIps: TrustedIp[];
  lockoutEnabled: boolean;
  lockoutThreshold: number;
  lockoutDurationSeconds: number;
  lockoutCounterResetSeconds: number;
  failures: number;
  lastFailureAt: number;
  lockedUntil: number;
}

export interface ClientSecret extends Stamped {
  readonly universalAuthId: string;
  readonly hash: string;
  readonly prefix: string;
  readonly description: string;
  readonly ttl: number;
  readonly numUsesLimit: number;
  numUses: number;
  revoked: boolean;
}

export interface KubernetesAuth extends AuthConfig {
  kubernetesHost: string | null;
  caCert: string;
  /** Empty: the client's own token reviews itself (2026). */
  tokenReviewerJwt: string;
  tokenReviewMode: string;
  allowedNamespaces: string;
  allowedNames: string;
  allowedAudience: string;
  verifyTlsCertificate: boolean;
}

export interface ProjectRole extends Stamped {
  readonly projectId: string;
  slug: string;
  name: string;
  description: string | null;
  permissions: Rule[];
}

export interface MembershipRole extends Stamped {
  /** A built-in slug, or `custom`. */
  readonly role: string;
  readonly customRoleId: string | null;
  readonly isTemporary: boolean;
  readonly temporaryMode: string | null;
  readonly temporaryRange: string | null;
  readonly temporaryAccessStartTime: Date | null;
  readonly temporaryAccessEndTime: Date | null;
}

export interface ProjectMembership extends Stamped {
  readonly projectId: string;
  readonly identityId: string;
  roles: MembershipRole[];
}

export interface Privilege extends Stamped {
  readonly membershipId: string;
  slug: string;
  permissions: Rule[];
}

export interface AccessToken extends Stamped {
  readonly identityId: string;
  readonly authMethod: AuthMethod;
  readonly clientSecretId: string | null;
  readonly ttl: number;
  readonly maxTTL: number;
  readonly numUsesLimit: number;
  numUses: number;
  lastRenewedAt: Date | null;
}
