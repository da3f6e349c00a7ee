import type { Secret } from "../secret.ts";

/** Who runs this tool at Infisical. Comes only from the environment or a hidden prompt (product.md section 3). */
export type OperatorCredential =
  | { readonly kind: "universal-auth"; readonly clientId: string; readonly clientSecret: Secret }
  | { readonly kind: "token"; readonly token: Secret }
  /** In a pod: its ServiceAccount's token, which is read from the file at each login. */
  | { readonly kind: "kubernetes-auth"; readonly identityId: string; readonly tokenFile: string };

/** What a server can do: data of `eras.ts`, chosen once per session by a probe (infisical-api.md 1.9). */
export interface ServerTraits {
  readonly era: "2024" | "2026";
  /** Identities carry `metadata`: our mark. */
  readonly identityMetadata: boolean;
  /** Identities may live in a project; needs no right in the organization. */
  readonly projectIdentities: boolean;
  /** Several auth methods per identity; else Universal Auth must go before Kubernetes Auth comes. */
  readonly manyAuthMethods: boolean;
  /** Kubernetes Auth without reviewer token: ESO's own token reviews itself. */
  readonly selfReview: boolean;
  /** The server tries the API server and the reviewer when they are stored. */
  readonly attachValidates: boolean;
}

export interface Environment {
  readonly id: string | undefined;
  readonly name: string;
  readonly slug: string;
}

export interface Project {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly environments: readonly Environment[];
}

/** One place in Infisical: path without trailing slash, "/" is the root. */
export interface SecretScope {
  readonly project: Project;
  readonly environment: string;
  readonly path: string;
}

/** What an identity may read, in our words. `subtree`: the path and everything below it. */
export interface ReadGrant {
  readonly scopes: readonly {
    readonly environment: string;
    readonly path: string;
    readonly subtree: boolean;
  }[];
  /** May also follow secret imports (2026 only: on 2024 the read action covers them). */
  readonly imports: boolean;
}

/** A permission rule as this server stores it; compared with `permissions.ts`, never by text. */
export interface Rule {
  readonly subject: string;
  readonly action: readonly string[];
  readonly inverted: boolean;
  readonly conditions: Readonly<Record<string, unknown>>;
}

export interface Role {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly Rule[];
}

export interface Privilege {
  readonly id: string;
  readonly slug: string;
  readonly rules: readonly Rule[];
}

export interface Identity {
  readonly id: string;
  readonly name: string;
  /** Slug of its role in the organization, where it can be read. */
  readonly orgRole: string | undefined;
  /** Set when it lives in a project. */
  readonly projectId: string | undefined;
  /** Empty on servers without metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** As `kubernetes-auth`, `universal-auth`. */
  readonly authMethods: readonly string[];
}

/** `rows` is more than 1 where a race doubled it (infisical-api.md 10.6). */
export interface Membership {
  readonly roles: readonly string[];
  readonly rows: number;
}

/** Kubernetes Auth of an identity as stored. The token that servers give back on GET is a `Secret` from the first moment. */
export interface KubernetesAuth {
  readonly host: string;
  readonly ca: string;
  readonly reviewer: Secret | undefined;
  readonly allowedNamespaces: string;
  readonly allowedNames: string;
  readonly allowedAudience: string;
  readonly accessTokenTtl: number;
  readonly accessTokenMaxTtl: number;
  readonly accessTokenUses: number;
  readonly trustedIps: readonly string[];
}

/** Fields to store. `reviewer: null` removes it (self review, 2026); undefined keeps it. */
export interface KubernetesAuthChange {
  readonly host?: string;
  readonly ca?: string;
  readonly reviewer?: Secret | null;
  readonly allowedNamespaces?: string;
  readonly allowedNames?: string;
  readonly allowedAudience?: string;
  readonly accessTokenTtl?: number;
  readonly accessTokenMaxTtl?: number;
  /** 0: any number. */
  readonly accessTokenUses?: number;
}

/** The operator's own rights, as far as they can be read; undefined parts could not be judged. */
export interface OperatorRights {
  readonly orgRole: string | undefined;
  /** True/false where it is known whether the operator may, undefined where it could not be found out. */
  mayInOrg(action: string, subject: string): boolean | undefined;
  mayInProject(action: string, subject: string): boolean | undefined;
}

/** A login as ESO does it; must be revoked. `list` answers names only. */
export interface EsoSession {
  list(place: {
    projectSlug: string;
    environment: string;
    path: string;
    recursive: boolean;
  }): Promise<
    | { readonly allowed: true; readonly names: readonly string[] }
    | { readonly allowed: false; readonly reason: string }
  >;
  revoke(): Promise<void>;
}

/**
 * Infisical, in our words. Nothing above it knows which server it talks to. Absent things are `undefined`; everything else
 * that goes wrong is a `BootstrapError` (ESOB-I101 … I209, and for logins as ESO R102 … R116).
 * Reads are retried on resets and 5xx; a write whose answer was lost is read back before it is sent again.
 */
export interface Infisical {
  /** Base URL without trailing slash and without /api. */
  readonly host: string;
  /** GET /api/status; the server's clock, where it says one. */
  status(): Promise<{ readonly date: Date | undefined }>;
  /** Logs in (once) and says who we are. `identityId` is undefined for a user's token. */
  whoAmI(): Promise<{ readonly identityId: string | undefined; readonly kind: "identity" | "user" }>;
  traits(): Promise<ServerTraits>;
  /** From the setting, /identities/details, or the projects one can see; else ESOB-I116. */
  organizationId(): Promise<string>;
  operatorRights(project: Project | undefined): Promise<OperatorRights>;

  listProjects(): Promise<readonly Project[]>;
  findProject(slug: string): Promise<Project | undefined>;
  createProject(project: { name: string; slug: string }): Promise<Project>;
  createEnvironment(project: Project, environment: { name: string; slug: string }): Promise<void>;
  /** Names of the folders directly below `path`; [] when the path is missing. */
  listFolders(scope: SecretScope): Promise<readonly string[]>;
  folderExists(scope: SecretScope): Promise<boolean>;
  /** Makes missing parents too. */
  createFolder(scope: SecretScope): Promise<void>;
  listSecretNames(scope: SecretScope): Promise<readonly string[]>;
  /** `awaiting-approval`: a change policy holds it back, nothing is written yet. */
  createSecret(scope: SecretScope, name: string, value: Secret): Promise<"created" | "awaiting-approval">;

  findIdentity(id: string): Promise<Identity | undefined>;
  /** Every identity with exactly this name: in the organization, and in the project where servers have such. */
  findIdentitiesByName(name: string, project: Project | undefined): Promise<readonly Identity[]>;
  /**
   * Every identity of the organization, and where servers have such those of the projects we are a member of; without metadata.
   * `unlisted`: what may not be listed, so that there can be more.
   */
  listIdentities(): Promise<{
    readonly identities: readonly Identity[];
    readonly unlisted: { readonly organization: boolean; readonly projects: readonly string[] };
  }>;
  createIdentity(identity: {
    name: string;
    metadata: Readonly<Record<string, string>>;
    project: Project | undefined;
    /** Its role in the organization: default `no-access`. */
    orgRole?: string;
  }): Promise<Identity>;
  updateIdentity(
    id: string,
    change: { metadata: Readonly<Record<string, string>>; project: Project | undefined },
  ): Promise<void>;
  deleteIdentity(identity: Identity): Promise<void>;

  /** The rules that this server would be asked to hold for a grant. Pure, but era-dependent. */
  rulesFor(grant: ReadGrant): Promise<readonly Rule[]>;
  findRole(project: Project, slug: string): Promise<Role | undefined>;
  /** Throws ESOB-I115 where the plan has no custom roles. */
  createRole(
    project: Project,
    role: { slug: string; name: string; description: string; grant: ReadGrant },
  ): Promise<Role>;
  updateRole(project: Project, role: Role, grant: ReadGrant): Promise<Role>;
  deleteRole(project: Project, role: Role): Promise<void>;
  findPrivilege(project: Project, identityId: string, slug: string): Promise<Privilege | undefined>;
  /** All additional privileges of the identity in the project. */
  listPrivileges(project: Project, identityId: string): Promise<readonly Privilege[]>;
  createPrivilege(
    project: Project,
    identityId: string,
    privilege: { slug: string; grant: ReadGrant },
  ): Promise<Privilege>;
  deletePrivilege(project: Project, identityId: string, privilege: Privilege): Promise<void>;

  findMembership(project: Project, identityId: string): Promise<Membership | undefined>;
  /** Adds the identity to the project, or changes its roles there, to exactly `role`. */
  setMembership(project: Project, identity: Identity, role: string): Promise<void>;
  removeMembership(project: Project, identityId: string): Promise<void>;

  hasUniversalAuth(identityId: string): Promise<boolean>;
  removeUniversalAuth(identityId: string): Promise<void>;
  findKubernetesAuth(identityId: string): Promise<KubernetesAuth | undefined>;
  attachKubernetesAuth(
    identityId: string,
    auth: Required<Omit<KubernetesAuthChange, "reviewer">> & { reviewer: Secret | null },
  ): Promise<void>;
  updateKubernetesAuth(identityId: string, change: KubernetesAuthChange): Promise<void>;

  /** POST kubernetes-auth/login with ESO's own token, then as ESO. `host`: hostFromCluster where set. Throws R codes. */
  loginAsEso(identityId: string, jwt: Secret): Promise<EsoSession>;
  /** Revokes the operator's session, if we opened one. */
  close(): Promise<void>;
}
