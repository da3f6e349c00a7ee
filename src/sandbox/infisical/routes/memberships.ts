/** Identities as members of a project: three families of paths (infisical-api.md 1.7). */

import { projectAccess, type ProjectAccess } from "../access.ts";
import { ApiError, badRequest, notFound, serverError } from "../errors.ts";
import { insertMembership, removeMemberships } from "../projects.ts";
import { isUuid } from "../../random.ts";
import { readRoles, roleRules, rolesField } from "../role-assignment.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { Identity, MembershipRole, ProjectMembership } from "../types.ts";
import { coercedNumber, object, oneOf, optional, string, withDefault } from "../validation.ts";
import { membershipRoleRow, membershipRow, membershipView } from "../views.ts";

interface Scope {
  readonly access: ProjectAccess;
  readonly identityId: string;
}

function scopeOf({ world, actor, params }: Context): Scope {
  const access = projectAccess(world, actor, params["projectId"] ?? "");
  const identityId = params["identityId"] ?? "";
  if (!isUuid(identityId)) throw serverError("FindOne");
  return { access, identityId };
}

function membershipsOf({ world }: Context, scope: Scope): ProjectMembership[] {
  return world.state.memberships.where(
    (row) => row.projectId === scope.access.project.id && row.identityId === scope.identityId,
  );
}

/**
 * Nobody gives away more than he holds. E5 also accepts `assign-role` or the legacy `grant-privileges`; the words of
 * the refusal are those of the era.
 */
function requireGrant(
  { world }: Context,
  access: ProjectAccess,
  roles: MembershipRole[],
  verb: string,
): void {
  const { ability } = access;
  const modern = world.era.modernIdentities;
  const granted =
    modern && (ability.can("assign-role", "identity") || ability.can("grant-privileges", "identity"));
  if (granted || ability.covers(roleRules(world, roles))) return;
  if (modern) {
    throw new ApiError(403, "PermissionBoundaryError", `Failed to ${verb} identity project membership`);
  }
  throw new ApiError(403, "ForbiddenError", "Failed to change to a more privileged role");
}

const createBody = object({
  role: withDefault(string(), "no-access"),
  roles: optional(rolesField()),
});

function refuseProjectScoped(identity: Identity, verb: "create" | "delete"): void {
  if (identity.projectId === null) return;
  throw badRequest(`Failed to ${verb} project membership for a project scoped identity`);
}

function requireOrgIdentity({ world, actor }: Context, identityId: string): Identity {
  const identity = world.state.identities.get(identityId);
  if (identity !== undefined && identity.orgId === actor.identity.orgId) return identity;
  if (world.era.modernIdentities) {
    throw badRequest(`Identity ${identityId} is missing organization membership`);
  }
  throw notFound(`Failed to find identity with id ${identityId}`);
}

const create: Handler = async (context) => {
  const { world } = context;
  const { state, era } = world;
  const body = context.body(createBody);
  const scope = scopeOf(context);
  const { project, ability } = scope.access;
  ability.require("create", "identity");
  if (membershipsOf(context, scope).length > 0) {
    throw badRequest(
      era.modernIdentities
        ? "Identity is already a member"
        : `Identity with id ${scope.identityId} already exists in project with id ${project.id}`,
    );
  }
  const identity = requireOrgIdentity(context, scope.identityId);
  refuseProjectScoped(identity, "create");
  const roles = readRoles(world, project.id, body.roles ?? [{ role: body.role, isTemporary: false }]);
  requireGrant(context, scope.access, roles, "create");
  await context.raceWindow();
  const membership = insertMembership(state, project.id, identity, roles);
  return { identityMembership: membershipRow(membership) };
};

const patchBody = object({ roles: rolesField({ min: 1 }) });

/** PATCH of the newest path answers the membership, the older ones the rows of its roles. */
const update =
  (newest: boolean): Handler =>
  (context) => {
    const { world } = context;
    const { era, state } = world;
    const body = context.body(patchBody);
    const scope = scopeOf(context);
    scope.access.ability.require("edit", "identity");
    const [membership] = membershipsOf(context, scope);
    if (membership === undefined) {
      if (era.modernIdentities) throw badRequest("Identity doesn't have membership");
      throw notFound(
        `Identity with id ${scope.identityId} doesn't exists in project with id ${scope.access.project.id}`,
      );
    }
    const roles = readRoles(world, scope.access.project.id, body.roles);
    requireGrant(context, scope.access, roles, "update");
    membership.roles = roles;
    if (era.modernIdentities) membership.updatedAt = state.clock.now();
    return newest
      ? { identityMembership: membershipView(world, membership) }
      : { roles: roles.map((role) => membershipRoleRow(membership.id, role)) };
  };

const remove: Handler = (context) => {
  const { world } = context;
  const scope = scopeOf(context);
  scope.access.ability.require("delete", "identity");
  const rows = membershipsOf(context, scope);
  const [first] = rows;
  if (first === undefined) {
    if (world.era.modernIdentities) throw badRequest("Identity doesn't have membership");
    throw notFound(`Failed to find identity with id ${scope.identityId}`);
  }
  const identity = world.state.identities.get(scope.identityId);
  if (identity !== undefined) refuseProjectScoped(identity, "delete");
  removeMemberships(world.state, (row) => rows.includes(row));
  return { identityMembership: membershipRow(first) };
};

const read: Handler = (context) => {
  const { world } = context;
  const scope = scopeOf(context);
  scope.access.ability.require("read", "identity");
  const [membership] = membershipsOf(context, scope);
  if (membership !== undefined) return { identityMembership: membershipView(world, membership) };
  throw notFound(
    world.era.modernIdentities
      ? "Identity membership not found"
      : `Membership not found for identity ${scope.identityId}`,
  );
};

const oldPage = object({
  offset: withDefault(coercedNumber({ min: 0 }), 0),
  limit: withDefault(coercedNumber({ min: 1, max: 20_000 }), 100),
  orderBy: withDefault(oneOf(["name"]), "name"),
  orderDirection: withDefault(oneOf(["asc", "desc"]), "asc"),
  search: optional(string()),
});

const newPage = object({
  offset: withDefault(coercedNumber({ min: 0 }), 0),
  limit: withDefault(coercedNumber({ min: 1, max: 1000 }), 20),
  identityName: optional(string()),
  roles: optional(string()),
});

interface Page {
  readonly offset: number;
  readonly limit: number;
  readonly search: string;
  readonly roles: readonly string[];
}

function pageOf(context: Context, newest: boolean): Page {
  if (!newest) {
    const { offset, limit, search } = context.query(oldPage);
    return { offset, limit, search: search ?? "", roles: [] };
  }
  const { offset, limit, identityName, roles } = context.query(newPage);
  return { offset, limit, search: identityName ?? "", roles: roles?.split(",") ?? [] };
}

const list =
  (newest: boolean): Handler =>
  (context) => {
    const { world, actor, params } = context;
    const { offset, limit, search, roles } = pageOf(context, newest);
    const access = projectAccess(world, actor, params["projectId"] ?? "");
    access.ability.require("read", "identity");
    const slugOf = (role: MembershipRole) =>
      role.customRoleId === null ? role.role : world.state.roles.get(role.customRoleId)?.slug;
    const rows = world.state.memberships.where((row) => {
      const name = world.state.identities.get(row.identityId)?.name ?? "";
      const named = name.toLowerCase().includes(search.toLowerCase());
      const hasRole = roles.length === 0 || row.roles.some((role) => roles.includes(slugOf(role) ?? ""));
      return row.projectId === access.project.id && named && hasRole;
    });
    const page = rows.slice(offset, offset + limit);
    return {
      identityMemberships: page.map((row) => membershipView(world, row)),
      totalCount: rows.length,
    };
  };

function familyRoutes(all: string, newest: boolean, only: { readonly only?: "2026" }): Route[] {
  const one = `${all}/:identityId`;
  const get = { ...only, method: "GET", auth: "identity", bucket: "read" } as const;
  const write = { ...only, path: one, auth: "identity", bucket: "write" } as const;
  return [
    { ...write, method: "POST", handler: create },
    { ...write, method: "PATCH", handler: update(newest) },
    { ...write, method: "DELETE", handler: remove },
    { ...get, path: one, handler: read },
    { ...get, path: all, handler: list(newest) },
  ];
}

export const membershipRoutes: readonly Route[] = [
  ...familyRoutes("/api/v2/workspace/:projectId/identity-memberships", false, {}),
  ...familyRoutes("/api/v1/projects/:projectId/identity-memberships", false, { only: "2026" }),
  ...familyRoutes("/api/v1/projects/:projectId/memberships/identities", true, { only: "2026" }),
];
