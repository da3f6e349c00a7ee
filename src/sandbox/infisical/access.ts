/** Who may do what: the ability of an actor in an organization or a project (infisical-api.md 2.3, 10.1). */

import { orgRoles, projectRoles } from "./builtin-roles.ts";
import { ApiError, forbidden, notFound, serverError } from "./errors.ts";
import { Ability, fillTemplates, type Rule } from "./permissions.ts";
import { isUuid } from "../random.ts";
import type { Actor } from "./tokens.ts";
import type { Identity, MembershipRole, Project } from "./types.ts";
import type { World } from "./world.ts";

/** The rules of one role of a membership; nothing once a temporary role has run out. */
function rulesOf(world: World, role: MembershipRole): readonly Rule[] {
  const { temporaryAccessEndTime: end } = role;
  if (end !== null && end <= world.state.clock.now()) return [];
  if (role.customRoleId !== null) return world.state.roles.get(role.customRoleId)?.permissions ?? [];
  return projectRoles.find((builtin) => builtin.slug === role.role)?.permissions ?? [];
}

function templateValues(world: World, identity: Identity): Record<string, string> | undefined {
  if (!world.era.splitsSecretRead) return undefined;
  const metadata = identity.metadata.map(({ key, value }) => [`identity.metadata.${key}`, value]);
  return { "identity.id": identity.id, "identity.username": identity.name, ...Object.fromEntries(metadata) };
}

/** The roles and additional privileges of an identity in a project, or undefined when it is not a member. */
export function abilityIn(world: World, projectId: string, identity: Identity): Ability | undefined {
  const memberships = world.state.memberships.where(
    (row) => row.projectId === projectId && row.identityId === identity.id,
  );
  if (memberships.length === 0) return undefined;
  const ids = new Set(memberships.map((membership) => membership.id));
  const roleRules = memberships.flatMap((row) => row.roles).flatMap((role) => rulesOf(world, role));
  const extraRules = world.state.privileges
    .where((row) => ids.has(row.membershipId))
    .flatMap((row) => row.permissions);
  return new Ability(fillTemplates([...roleRules, ...extraRules], templateValues(world, identity)));
}

/** A project and what the actor may do in it. */
export interface ProjectAccess {
  readonly project: Project;
  readonly ability: Ability;
}

/** The project by id as a member of it; 403 or 404 in the words of the era (1.2, 10.1). */
export function projectAccess(world: World, actor: Actor, projectId: string): ProjectAccess {
  if (!isUuid(projectId)) throw serverError("GetProjectIdentityPermission");
  const project = world.state.projects.get(projectId);
  const { modernIdentities } = world.era;
  const outside = project === undefined || project.orgId !== actor.identity.orgId;
  if (outside && modernIdentities) throw notFound(`Project with ${projectId} not found`);
  const ability = outside ? undefined : abilityIn(world, projectId, actor.identity);
  if (project !== undefined && ability !== undefined) return { project, ability };
  if (!modernIdentities) throw forbidden(undefined, "Identity is not a member of the specified project");
  throw new ApiError(
    403,
    "ProjectMembershipNotFound",
    `You are not a member of this project with ID ${projectId}. Please assign this identity to the project with the appropriate permissions, then try again.`,
  );
}

/** A project of the actor's organization by slug. E0: an unknown slug is a 500 (recorded). */
export function findProjectBySlug(world: World, actor: Actor, slug: string, operation: string): Project {
  const project = world.state.projects.find((row) => row.slug === slug && row.orgId === actor.identity.orgId);
  if (project !== undefined) return project;
  if (world.era.missingFolderIs404) throw notFound(`Project with slug '${slug}' not found`);
  throw serverError(operation);
}

/** The project by slug as a member of it. */
export function projectAccessBySlug(
  world: World,
  actor: Actor,
  slug: string,
  operation = "Failed to find project by slug",
): ProjectAccess {
  return projectAccess(world, actor, findProjectBySlug(world, actor, slug, operation).id);
}

/** What an identity may do in its organization. */
export function orgRulesOf(world: World, identity: Identity): readonly Rule[] {
  const membership = world.state.orgMemberships.find((row) => row.identityId === identity.id);
  return orgRoles.get(membership?.role ?? "no-access") ?? [];
}

/** The actor's ability in the organization; another organization than its own is refused. */
export function orgAbility(world: World, actor: Actor, orgId: string): Ability {
  if (!isUuid(orgId)) throw serverError("GetOrgIdentityPermission");
  if (orgId !== actor.identity.orgId) {
    throw forbidden(undefined, "Identity is not a member of the specified organization");
  }
  return new Ability(orgRulesOf(world, actor.identity));
}

/**
 * The ability that governs an identity: that of its project when it is project-scoped (2026), of its organization
 * otherwise.
 */
export function identityAbility(world: World, actor: Actor, identity: Identity): Ability {
  if (identity.projectId === null) return orgAbility(world, actor, identity.orgId);
  return projectAccess(world, actor, identity.projectId).ability;
}
