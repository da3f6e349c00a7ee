/** State-level helpers: what a test or the demo puts into the server without going through its API. */

import { ensureFolder, findFolder } from "./folders.ts";
import { insertIdentity } from "./identities.ts";
import type { Rule } from "./permissions.ts";
import { insertEnvironment, insertMembership, insertProject, membershipRole } from "./projects.ts";
import { insertClientSecret } from "./routes/universal-auth.ts";
import { insertSecret, updateSecret } from "./secret-writes.ts";
import { issueToken } from "./tokens.ts";
import type {
  Environment,
  Folder,
  Identity,
  KubernetesAuth,
  Project,
  TrustedIp,
  UniversalAuth,
} from "./types.ts";
import type { World } from "./world.ts";

/** An identity that can log in with Universal Auth. */
export interface Operator {
  readonly identityId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

interface NewIdentity {
  readonly name: string;
  readonly orgRole?: string;
  /** Makes it project-scoped (2026). */
  readonly project?: string;
  readonly metadata?: readonly { readonly key: string; readonly value: string }[];
}

interface NewEnvironment {
  readonly name: string;
  readonly slug: string;
}

/** Projects are named by id or slug throughout. */
export interface Helpers {
  createProject(name: string, slug?: string, environments?: readonly NewEnvironment[]): Project;
  createEnvironment(project: string, name: string, slug: string): Environment;
  createFolder(project: string, environment: string, path: string): Folder;
  /** Writes a secret, a new version of it if it is there; the folder is made if need be. */
  setSecret(project: string, environment: string, path: string, name: string, value: string): void;
  deleteSecret(project: string, environment: string, path: string, name: string): void;
  /** Shows the secrets of another folder in this one. */
  addImport(
    project: string,
    environment: string,
    path: string,
    source: { readonly environment: string; readonly path: string },
  ): void;
  createIdentity(identity: NewIdentity): Identity;
  /** Gives an identity Universal Auth and one client secret. */
  attachUniversalAuth(identityId: string): Operator;
  /** Gives an identity Kubernetes Auth, without the checks of the API. */
  attachKubernetesAuth(identityId: string, config?: Partial<KubernetesAuth>): KubernetesAuth;
  createRole(project: string, slug: string, permissions: readonly Rule[]): void;
  /** Makes an identity a member with these roles (slugs). */
  addMember(project: string, identityId: string, ...roles: string[]): void;
  setOrgRole(identityId: string, role: string): void;
  /** A bearer token of an identity that has an auth method, without a login. */
  tokenFor(identityId: string): string;
}

const anywhere: TrustedIp[] = [
  { type: "ipv4", prefix: 0, ipAddress: "0.0.0.0" },
  { type: "ipv6", prefix: 0, ipAddress: "::" },
];
const tokenDefaults = {
  accessTokenTTL: 2_592_000,
  accessTokenMaxTTL: 2_592_000,
  accessTokenNumUsesLimit: 0,
  accessTokenTrustedIps: anywhere,
};

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the simulated Infisical has no ${what}`);
  return value;
}

function insertUniversalAuth(world: World, identityId: string): UniversalAuth {
  return world.state.universalAuths.insert({
    ...world.state.stamp(),
    ...tokenDefaults,
    identityId,
    clientId: world.state.random.uuid(),
    clientSecretTrustedIps: anywhere,
    lockoutEnabled: true,
    lockoutThreshold: 3,
    lockoutDurationSeconds: 300,
    lockoutCounterResetSeconds: 30,
    failures: 0,
    lastFailureAt: 0,
    lockedUntil: 0,
  });
}

function insertKubernetesAuth(
  world: World,
  identityId: string,
  config: Partial<KubernetesAuth>,
): KubernetesAuth {
  return world.state.kubernetesAuths.insert({
    ...world.state.stamp(),
    ...tokenDefaults,
    kubernetesHost: "https://127.0.0.1:1",
    caCert: "",
    tokenReviewerJwt: "",
    tokenReviewMode: "api",
    allowedNamespaces: "",
    allowedNames: "",
    allowedAudience: "",
    verifyTlsCertificate: (config.caCert ?? "") !== "",
    ...config,
    identityId,
  });
}

/** The helpers of one server. */
export function createHelpers(world: World, orgId: string): Helpers {
  const { state } = world;

  const projectOf = (idOrSlug: string) =>
    required(
      state.projects.find((row) => row.id === idOrSlug || row.slug === idOrSlug),
      `project ${idOrSlug}`,
    );
  const environmentOf = (project: string, slug: string) =>
    required(state.environmentOf(projectOf(project).id, slug), `environment ${slug} in ${project}`);
  const folderOf = (project: string, environment: string, path: string) =>
    required(findFolder(state, environmentOf(project, environment), path), `folder ${path}`);
  const identityOf = (id: string) => required(state.identities.get(id), `identity ${id}`);

  return {
    createProject: (name, slug, environments) =>
      insertProject(world, { orgId, name, slug, ...(environments === undefined ? {} : { environments }) }),

    createEnvironment: (project, name, slug) => insertEnvironment(state, projectOf(project).id, name, slug),

    createFolder: (project, environment, path) =>
      ensureFolder(state, environmentOf(project, environment), path),

    setSecret: (project, environment, path, name, value) => {
      const folder = ensureFolder(state, environmentOf(project, environment), path);
      const existing = state.secrets.find((row) => row.folderId === folder.id && row.key === name);
      if (existing === undefined) insertSecret(world, folder, name, value);
      else updateSecret(world, existing, value);
    },

    deleteSecret: (project, environment, path, name) => {
      const folder = folderOf(project, environment, path);
      state.secrets.remove((row) => row.folderId === folder.id && row.key === name);
    },

    addImport: (project, environment, path, source) => {
      const folder = ensureFolder(state, environmentOf(project, environment), path);
      state.imports.insert({ ...state.stamp(), folderId: folder.id, ...source });
    },

    createIdentity: ({ project, ...identity }) => {
      const owner = project === undefined ? undefined : projectOf(project);
      const row = insertIdentity(state, { ...identity, orgId, projectId: owner?.id ?? null });
      if (owner !== undefined) {
        insertMembership(state, owner.id, row, [membershipRole(state, "no-access", null)]);
      }
      return row;
    },

    attachUniversalAuth: (identityId) => {
      const auth = insertUniversalAuth(world, identityOf(identityId).id);
      const { clientSecret } = insertClientSecret(world, auth, { description: "", numUsesLimit: 0, ttl: 0 });
      return { identityId, clientId: auth.clientId, clientSecret };
    },

    attachKubernetesAuth: (identityId, config = {}) =>
      insertKubernetesAuth(world, identityOf(identityId).id, config),

    createRole: (project, slug, permissions) => {
      const { id: projectId } = projectOf(project);
      state.roles.insert({
        ...state.stamp(),
        projectId,
        slug,
        name: slug,
        description: null,
        permissions: [...permissions],
      });
    },

    addMember: (project, identityId, ...roles) => {
      const { id: projectId } = projectOf(project);
      const rows = roles.map((slug) => {
        const custom = state.roles.find((row) => row.projectId === projectId && row.slug === slug);
        return membershipRole(state, slug, custom?.id ?? null);
      });
      insertMembership(state, projectId, identityOf(identityId), rows);
    },

    setOrgRole: (identityId, role) => {
      const membership = state.orgMemberships.find((row) => row.identityId === identityId);
      required(membership, `organization membership of ${identityId}`).role = role;
    },

    tokenFor: (identityId) => {
      const belongs = (row: { readonly identityId: string }) => row.identityId === identityId;
      const universal = state.universalAuths.find(belongs);
      if (universal !== undefined) return issueToken(world, universal, "universal-auth").accessToken;
      const kubernetes = required(state.kubernetesAuths.find(belongs), `auth method of ${identityId}`);
      return issueToken(world, kubernetes, "kubernetes-auth").accessToken;
    },
  };
}
