/** Machine identities of the organization (infisical-api.md 1.3). */

import { orgAbility } from "../access.ts";
import type { Ability } from "../permissions.ts";
import { orgRoles } from "../builtin-roles.ts";
import { ApiError, badRequest, notFound } from "../errors.ts";
import {
  insertIdentity,
  removeIdentity,
  requireIdentity,
  requireIdentityLimit,
  withIds,
} from "../identities.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { Identity, OrgMembership } from "../types.ts";
import {
  array,
  boolean,
  coercedNumber,
  number,
  object,
  oneOf,
  optional,
  string,
  union,
  withDefault,
} from "../validation.ts";
import { identityView, membershipView, orgMembershipView } from "../views.ts";

export const metadataField = array(
  object({ key: string({ trim: true, min: 1 }), value: string({ trim: true, min: 1 }) }),
);

const createBody = object({
  name: string({ trim: true }),
  organizationId: string({ trim: true }),
  role: withDefault(string({ trim: true, min: 1 }), "no-access"),
  hasDeleteProtection: withDefault(boolean, false),
  metadata: optional(metadataField),
});

const patchBody = object({
  name: optional(string({ trim: true })),
  role: optional(string({ trim: true, min: 1 })),
  hasDeleteProtection: optional(boolean),
  metadata: optional(metadataField),
});

/** The identity of `:identityId`; `FindByOrgId` is the database operation E0 names for an id that is no uuid. */
function identityOf({ world, actor, params }: Context): Identity {
  const missing = (id: string) => `Failed to find identity with id ${id}`;
  return requireIdentity(world, actor.identity.orgId, params["identityId"] ?? "", "FindByOrgId", missing);
}

function membershipOf({ world }: Context, identity: Identity): OrgMembership {
  const membership = world.state.orgMemberships.find((row) => row.identityId === identity.id);
  if (membership === undefined) throw notFound(`Failed to find identity with id ${identity.id}`);
  return membership;
}

function requireGrantable(ability: Ability, role: string, message: string): void {
  const rules = orgRoles.get(role);
  if (rules === undefined) throw notFound(`Organization role with slug '${role}' not found`);
  if (!ability.covers(rules)) throw new ApiError(403, "ForbiddenError", message);
}

const create: Handler = async (context) => {
  const { world, actor } = context;
  const body = context.body(createBody);
  const ability = orgAbility(world, actor, body.organizationId);
  ability.require("create", "identity");
  requireGrantable(ability, body.role, "Failed to create a more privileged identity");
  requireIdentityLimit(world);
  await context.raceWindow();
  const identity = insertIdentity(world.state, {
    orgId: body.organizationId,
    name: body.name,
    orgRole: body.role,
    hasDeleteProtection: body.hasDeleteProtection && world.era.modernIdentities,
    metadata: body.metadata ?? [],
  });
  return { identity: identityView(world, identity) };
};

const read: Handler = (context) => {
  const { world, actor } = context;
  const identity = identityOf(context);
  const membership = membershipOf(context, identity);
  orgAbility(world, actor, identity.orgId).require("read", "identity");
  return { identity: orgMembershipView(world, membership, true) };
};

const update: Handler = (context) => {
  const { world, actor } = context;
  const body = context.body(patchBody);
  const identity = identityOf(context);
  const membership = membershipOf(context, identity);
  const ability = orgAbility(world, actor, identity.orgId);
  ability.require("edit", "identity");
  requireGrantable(ability, membership.role, "Failed to update more privileged identity");
  if (body.role !== undefined) {
    requireGrantable(ability, body.role, "Failed to update identity to a more privileged role");
    membership.role = body.role;
  }
  if (body.name !== undefined) identity.name = body.name;
  if (body.hasDeleteProtection !== undefined && world.era.modernIdentities) {
    identity.hasDeleteProtection = body.hasDeleteProtection;
  }
  if (body.metadata !== undefined) identity.metadata = withIds(world.state, body.metadata);
  identity.updatedAt = world.state.clock.now();
  return { identity: identityView(world, identity) };
};

const remove: Handler = (context) => {
  const { world, actor } = context;
  const identity = identityOf(context);
  const membership = membershipOf(context, identity);
  const ability = orgAbility(world, actor, identity.orgId);
  ability.require("delete", "identity");
  requireGrantable(ability, membership.role, "Failed to delete more privileged identity");
  if (identity.hasDeleteProtection) {
    throw badRequest("Cannot delete identity while delete protection is enabled");
  }
  const view = identityView(world, identity);
  removeIdentity(world.state, identity);
  return { identity: view };
};

/** Organization memberships by the name of their identity; project-scoped identities are not listed here. */
function sortedMemberships({ world }: Context, orgId: string): OrgMembership[] {
  const nameOf = (row: OrgMembership) => world.state.identities.get(row.identityId)?.name ?? "";
  return world.state.orgMemberships
    .where((row) => row.orgId === orgId && world.state.identities.get(row.identityId)?.projectId === null)
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

const list: Handler = (context) => {
  const { world, actor } = context;
  const { orgId } = context.query(object({ orgId: string() }));
  orgAbility(world, actor, orgId).require("read", "identity");
  const rows = sortedMemberships(context, orgId);
  return { identities: rows.map((row) => orgMembershipView(world, row)), totalCount: rows.length };
};

const pageQuery = object({
  offset: withDefault(coercedNumber({ min: 0 }), 0),
  limit: withDefault(coercedNumber({ min: 1, max: 20_000 }), 100),
  search: optional(string()),
});

const listOfOrganization: Handler = (context) => {
  const { world, actor, params } = context;
  const { offset, limit, search } = context.query(pageQuery);
  const orgId = params["orgId"] ?? "";
  orgAbility(world, actor, orgId).require("read", "identity");
  const rows = sortedMemberships(context, orgId).filter((row) =>
    (world.state.identities.get(row.identityId)?.name ?? "")
      .toLowerCase()
      .includes((search ?? "").toLowerCase()),
  );
  const page = rows.slice(offset, offset + limit);
  return {
    identityMemberships: page.map((row) => orgMembershipView(world, row)),
    totalCount: rows.length,
  };
};

const searchText = string({
  trim: true,
  max: 255,
  checks: [
    {
      test: (value) => /^[A-Za-z0-9 _/-]*$/u.test(value),
      message: "Invalid pattern: only alphanumeric characters, - and spaces are allowed.",
    },
  ],
});

const searchField = union(
  searchText,
  object({
    $eq: optional(searchText),
    $contains: optional(searchText),
    $in: optional(array(searchText)),
  }),
);

const searchBody = object({
  orderBy: withDefault(oneOf(["name", "role"]), "name"),
  orderDirection: withDefault(oneOf(["asc", "desc"]), "asc"),
  limit: withDefault(number({ max: 100 }), 50),
  offset: withDefault(number(), 0),
  search: withDefault(object({ name: optional(searchField), role: optional(searchField) }), {
    name: undefined,
    role: undefined,
  }),
});

type Search =
  | string
  | { $eq?: string | undefined; $contains?: string | undefined; $in?: string[] | undefined };

function fits(search: Search | undefined, value: string): boolean {
  if (search === undefined) return true;
  if (typeof search === "string") return value === search;
  const { $eq, $contains, $in } = search;
  if ($eq !== undefined && value !== $eq) return false;
  if ($contains !== undefined && !value.toLowerCase().includes($contains.toLowerCase())) return false;
  return $in === undefined || $in.includes(value);
}

const search: Handler = (context) => {
  const { world, actor } = context;
  const body = context.body(searchBody);
  const { orgId } = actor.identity;
  orgAbility(world, actor, orgId).require("read", "identity");
  const rows = sortedMemberships(context, orgId).filter(
    (row) =>
      fits(body.search.name, world.state.identities.get(row.identityId)?.name ?? "") &&
      fits(body.search.role, row.role),
  );
  if (body.orderDirection === "desc") rows.reverse();
  const page = rows.slice(body.offset, body.offset + body.limit);
  return { identities: page.map((row) => orgMembershipView(world, row)), totalCount: rows.length };
};

const details: Handler = ({ world, actor }) => {
  const organization = world.state.organizations.get(actor.identity.orgId);
  const { id, name, slug } = organization ?? {};
  return { identityDetails: { organization: { id, name, slug } } };
};

const projectsOf: Handler = (context) => {
  const { world, actor } = context;
  const identity = identityOf(context);
  orgAbility(world, actor, identity.orgId).require("read", "identity");
  const rows = world.state.memberships.where((row) => row.identityId === identity.id);
  return { identityMemberships: rows.map((row) => membershipView(world, row)) };
};

const one = "/api/v1/identities/:identityId";
const get = { method: "GET", auth: "identity", bucket: "read" } as const;
const write = { auth: "identity", bucket: "write" } as const;

export const identityRoutes: readonly Route[] = [
  { ...write, method: "POST", path: "/api/v1/identities", handler: create },
  // Counted with the writes: recorded `x-ratelimit-limit: 200`.
  { ...get, path: "/api/v1/identities", bucket: "write", handler: list },
  { ...get, path: "/api/v1/identities/details", only: "2026", handler: details },
  { ...get, method: "POST", path: "/api/v1/identities/search", only: "2026", isRead: true, handler: search },
  { ...get, path: one, handler: read },
  { ...write, method: "PATCH", path: one, handler: update },
  { ...write, method: "DELETE", path: one, handler: remove },
  { ...get, path: `${one}/identity-memberships`, handler: projectsOf },
  { ...get, path: "/api/v2/organizations/:orgId/identity-memberships", handler: listOfOrganization },
];
