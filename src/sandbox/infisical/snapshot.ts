/** The whole state as plain JSON without ids and times, so that "before" and "after" can be compared. */

import { authMethodsOf } from "./identities.ts";
import { allFolders } from "./folders.ts";
import type { MembershipRole, Project } from "./types.ts";
import type { World } from "./world.ts";

type Json = Record<string, unknown>;

const byName = <T extends Json>(rows: T[]): T[] =>
  rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

function folderTree(world: World, project: Project): Json[] {
  const { state } = world;
  return state.environmentsOf(project.id).map((environment) => ({
    name: environment.name,
    slug: environment.slug,
    folders: allFolders(state, environment).map(({ folder, path }) => ({
      path,
      secrets: byName(
        state.secrets
          .where((row) => row.folderId === folder.id)
          .map(({ key, value, comment, version }) => ({ key, value, comment, version })),
      ),
      imports: state.imports
        .where((row) => row.folderId === folder.id)
        .map((row) => ({ environment: row.environment, path: row.path })),
    })),
  }));
}

function projectJson(world: World, project: Project): Json {
  const { state } = world;
  const nameOf = (identityId: string) => state.identities.get(identityId)?.name;
  const slugOf = (role: MembershipRole) =>
    role.customRoleId === null ? role.role : state.roles.get(role.customRoleId)?.slug;
  return {
    name: project.name,
    slug: project.slug,
    type: project.type,
    description: project.description,
    hasDeleteProtection: project.hasDeleteProtection,
    environments: folderTree(world, project),
    roles: byName(
      state.roles
        .where((row) => row.projectId === project.id)
        .map(({ slug, name, description, permissions }) => ({ slug, name, description, permissions })),
    ),
    memberships: byName(
      state.memberships
        .where((row) => row.projectId === project.id)
        .map((row) => ({
          identity: nameOf(row.identityId),
          roles: row.roles.map(slugOf),
          privileges: state.privileges
            .where((privilege) => privilege.membershipId === row.id)
            .map(({ slug, permissions }) => ({ slug, permissions })),
        })),
    ),
  };
}

function identitiesJson(world: World): Json[] {
  const { state } = world;
  return state.identities.all().map((identity) => ({
    name: identity.name,
    orgRole: state.orgMemberships.find((row) => row.identityId === identity.id)?.role,
    project: state.projects.get(identity.projectId ?? "")?.slug ?? null,
    hasDeleteProtection: identity.hasDeleteProtection,
    metadata: identity.metadata.map(({ key, value }) => ({ key, value })),
    authMethods: authMethodsOf(state, identity),
    kubernetesAuth: state.kubernetesAuths
      .where((row) => row.identityId === identity.id)
      .map(({ id: _id, identityId: _identity, createdAt: _created, updatedAt: _updated, ...rest }) => rest),
    universalAuth: state.universalAuths
      .where((row) => row.identityId === identity.id)
      .map((row) => ({
        accessTokenTTL: row.accessTokenTTL,
        accessTokenMaxTTL: row.accessTokenMaxTTL,
        accessTokenNumUsesLimit: row.accessTokenNumUsesLimit,
        clientSecrets: state.clientSecrets
          .where((secret) => secret.universalAuthId === row.id)
          .map(({ description, revoked }) => ({ description, revoked })),
      })),
  }));
}

/** Everything that is configured. Access tokens and counters come and go with every call and are left out. */
export function snapshotOf(world: World): Json {
  const { state } = world;
  const snapshot = {
    organizations: state.organizations.all().map(({ name, slug }) => ({ name, slug })),
    identities: byName(identitiesJson(world)),
    projects: byName(state.projects.all().map((project) => projectJson(world, project))),
  };
  return JSON.parse(JSON.stringify(snapshot)) as Json;
}
