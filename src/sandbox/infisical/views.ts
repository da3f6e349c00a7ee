/** How rows look in answers, per generation: key sets as recorded (E0) or as listed in infisical-api.md 1.x (2026). */

import { authMethodsOf } from "./identities.ts";
import { projectRoles } from "./builtin-roles.ts";
import { pathOf } from "./folders.ts";
import type {
  Environment,
  Folder,
  Identity,
  MembershipRole,
  OrgMembership,
  Privilege,
  Project,
  ProjectMembership,
  ProjectRole,
} from "./types.ts";
import type { World } from "./world.ts";

type View = Record<string, unknown>;
const dates = (row: { readonly createdAt: Date; readonly updatedAt: Date }) => ({
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

/** `identity` of create, update and delete. */
export function identityView(world: World, identity: Identity): View {
  const methods = authMethodsOf(world.state, identity);
  const base = { id: identity.id, name: identity.name, ...dates(identity) };
  if (!world.era.modernIdentities) return { ...base, authMethod: methods[0] ?? null };
  return {
    ...base,
    orgId: identity.orgId,
    projectId: identity.projectId,
    hasDeleteProtection: identity.hasDeleteProtection,
    authMethods: methods,
    metadata: identity.metadata,
  };
}

/** `identity` inside a membership. */
function identityReference(world: World, identity: Identity | undefined): View {
  if (identity === undefined) return {};
  const methods = authMethodsOf(world.state, identity);
  const base = { name: identity.name, id: identity.id };
  if (!world.era.modernIdentities) return { ...base, authMethod: methods[0] ?? null };
  return {
    ...base,
    orgId: identity.orgId,
    projectId: identity.projectId,
    hasDeleteProtection: identity.hasDeleteProtection,
    authMethods: methods,
  };
}

/** An organization membership with its identity; `metadata` only where one identity is asked for. */
export function orgMembershipView(world: World, row: OrgMembership, withMetadata = false): View {
  const identity = world.state.identities.get(row.identityId);
  const modern = world.era.modernIdentities ? { activeLockoutAuthMethods: [] } : {};
  return {
    id: row.id,
    role: row.role,
    roleId: null,
    orgId: row.orgId,
    ...dates(row),
    identityId: row.identityId,
    ...(withMetadata ? { metadata: identity?.metadata ?? [] } : {}),
    identity: { ...identityReference(world, identity), ...modern },
  };
}

/** A project as created and as read. */
export function projectView(world: World, project: Project): View {
  const environments = world.state
    .environmentsOf(project.id)
    .map(({ id, name, slug }) => ({ id, name, slug }));
  const base = { ...projectRow(world, project), _id: project.id, environments };
  return base;
}

/** A project without its environments (updates, deletes, the admin console). */
export function projectRow(world: World, project: Project): View {
  return {
    id: project.id,
    name: project.name,
    slug: project.slug,
    autoCapitalization: !world.era.modernIdentities,
    orgId: project.orgId,
    ...dates(project),
    version: 3,
    upgradeStatus: null,
    pitVersionLimit: 10,
    kmsCertificateKeyId: null,
    auditLogsRetentionDays: null,
    ...(world.era.modernIdentities
      ? {
          type: project.type,
          description: project.description,
          hasDeleteProtection: project.hasDeleteProtection,
        }
      : {}),
  };
}

/** A project in the list of an organization (`/api/v2/organizations/:id/workspaces`). */
export function workspaceListItem(world: World, project: Project): View {
  return {
    id: project.id,
    name: project.name,
    slug: project.slug,
    organization: project.orgId,
    environments: world.state.environmentsOf(project.id).map(({ name, slug }) => ({ name, slug })),
  };
}

export const environmentView = (environment: Environment): View => ({
  id: environment.id,
  name: environment.name,
  slug: environment.slug,
  position: environment.position,
  projectId: environment.projectId,
  ...dates(environment),
});

/** A folder; the v2 routes of 2026 add description and path. */
export function folderView(world: World, folder: Folder, withPath = false): View {
  const path = withPath ? { path: pathOf(world.state, folder) } : {};
  return {
    id: folder.id,
    name: folder.name,
    version: folder.version,
    ...dates(folder),
    envId: folder.envId,
    parentId: folder.parentId,
    isReserved: false,
    ...(world.era.modernIdentities ? { description: folder.description, ...path } : {}),
  };
}

export const roleView = (role: ProjectRole): View => ({
  id: role.id,
  name: role.name,
  description: role.description,
  slug: role.slug,
  permissions: role.permissions,
  ...dates(role),
  projectId: role.projectId,
});

/** Built-in and custom roles of a project, without permissions. The built-in ones are as old as the answer (recorded). */
export function roleList(world: World, projectId: string): View[] {
  const now = world.state.clock.now();
  const builtins = projectRoles.map(({ id, name, description, slug }) => ({
    id,
    name,
    description,
    slug,
    createdAt: now,
    updatedAt: now,
    projectId,
  }));
  const custom = world.state.roles
    .where((row) => row.projectId === projectId)
    .map((row) => {
      const { permissions: _, ...rest } = roleView(row);
      return rest;
    });
  return [...builtins, ...custom];
}

/** A role of a membership as PATCH of the old paths answers it. */
export const membershipRoleRow = (membershipId: string, role: MembershipRole): View => ({
  id: role.id,
  role: role.role,
  projectMembershipId: membershipId,
  customRoleId: role.customRoleId,
  isTemporary: role.isTemporary,
  temporaryMode: role.temporaryMode,
  temporaryRange: role.temporaryRange,
  temporaryAccessStartTime: role.temporaryAccessStartTime,
  temporaryAccessEndTime: role.temporaryAccessEndTime,
  ...dates(role),
});

function membershipRoleView(world: World, role: MembershipRole): View {
  const custom = role.customRoleId === null ? undefined : world.state.roles.get(role.customRoleId);
  return {
    id: role.id,
    role: role.role,
    customRoleId: role.customRoleId,
    customRoleName: custom?.name ?? null,
    customRoleSlug: custom?.slug ?? null,
    isTemporary: role.isTemporary,
    temporaryMode: role.temporaryMode,
    temporaryRange: role.temporaryRange,
    temporaryAccessStartTime: role.temporaryAccessStartTime,
    temporaryAccessEndTime: role.temporaryAccessEndTime,
  };
}

/** A membership row without its roles: the answer of POST and DELETE. */
export const membershipRow = (membership: ProjectMembership): View => ({
  id: membership.id,
  projectId: membership.projectId,
  identityId: membership.identityId,
  ...dates(membership),
});

/** A membership with roles, identity and project. */
export function membershipView(world: World, membership: ProjectMembership): View {
  const project = world.state.projects.get(membership.projectId);
  const identity = world.state.identities.get(membership.identityId);
  const lastLogin = world.era.modernIdentities ? { lastLoginAuthMethod: null, lastLoginTime: null } : {};
  const type = world.era.modernIdentities ? { type: project?.type } : {};
  return {
    id: membership.id,
    identityId: membership.identityId,
    ...dates(membership),
    roles: membership.roles.map((role) => membershipRoleView(world, role)),
    identity: identityReference(world, identity),
    project: { name: project?.name, id: membership.projectId, ...type },
    ...lastLogin,
  };
}

/** An additional privilege (10.2; the v2 route of 2026 names identity and project instead of the membership). */
export function privilegeView(world: World, privilege: Privilege): View {
  const membership = world.state.memberships.get(privilege.membershipId);
  const owner = world.era.modernIdentities
    ? { identityId: membership?.identityId, projectId: membership?.projectId }
    : { projectMembershipId: privilege.membershipId };
  return {
    id: privilege.id,
    slug: privilege.slug,
    ...owner,
    isTemporary: false,
    temporaryMode: null,
    temporaryRange: null,
    temporaryAccessStartTime: null,
    temporaryAccessEndTime: null,
    permissions: privilege.permissions,
    ...dates(privilege),
  };
}
