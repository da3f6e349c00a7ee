/** Project-scoped identities of 2026 servers (infisical-api.md 1.3). */

import { projectAccess, type ProjectAccess } from "../access.ts";
import { ApiError, badRequest, notFound } from "../errors.ts";
import { insertIdentity, removeIdentity, requireIdentityLimit, withIds } from "../identities.ts";
import { insertMembership, membershipRole } from "../projects.ts";
import { readRoles, roleRules, rolesField } from "../role-assignment.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { Identity } from "../types.ts";
import { boolean, coercedNumber, object, optional, string, withDefault } from "../validation.ts";
import { identityView } from "../views.ts";
import { metadataField } from "./identities.ts";

const createBody = object({
  name: string({ trim: true, min: 1, max: 255 }),
  hasDeleteProtection: withDefault(boolean, false),
  metadata: optional(metadataField),
  roles: optional(rolesField()),
});

const patchBody = object({
  name: optional(string({ trim: true, min: 1, max: 255 })),
  hasDeleteProtection: optional(boolean),
  metadata: optional(metadataField),
});

const accessOf = ({ world, actor, params }: Context): ProjectAccess =>
  projectAccess(world, actor, params["projectId"] ?? "");

function identityIn(context: Context, access: ProjectAccess): Identity {
  const id = context.params["identityId"] ?? "";
  const identity = context.world.state.identities.get(id);
  if (identity === undefined || identity.projectId !== access.project.id) {
    throw notFound(`Identity with id ${id} not found`);
  }
  return identity;
}

const create: Handler = (context) => {
  const { world } = context;
  const body = context.body(createBody);
  const access = accessOf(context);
  access.ability.require("create", "identity");
  requireIdentityLimit(world);
  const roles =
    body.roles === undefined
      ? [membershipRole(world.state, "no-access", null)]
      : readRoles(world, access.project.id, body.roles);
  if (body.roles !== undefined && !access.ability.covers(roleRules(world, roles))) {
    throw new ApiError(403, "PermissionBoundaryError", "Failed to create identity project membership");
  }
  const identity = insertIdentity(world.state, {
    orgId: access.project.orgId,
    projectId: access.project.id,
    name: body.name,
    hasDeleteProtection: body.hasDeleteProtection,
    metadata: body.metadata ?? [],
  });
  insertMembership(world.state, access.project.id, identity, roles);
  return { identity: identityView(world, identity) };
};

const pageQuery = object({
  offset: withDefault(coercedNumber({ min: 0 }), 0),
  limit: withDefault(coercedNumber({ min: 1, max: 1000 }), 20),
  search: optional(string()),
});

const list: Handler = (context) => {
  const { world } = context;
  const { offset, limit, search } = context.query(pageQuery);
  const access = accessOf(context);
  access.ability.require("read", "identity");
  const wanted = (search ?? "").toLowerCase();
  const rows = world.state.identities
    .where((row) => row.projectId === access.project.id && row.name.toLowerCase().includes(wanted))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const page = rows.slice(offset, offset + limit);
  return { identities: page.map((row) => identityView(world, row)), totalCount: rows.length };
};

const read: Handler = (context) => {
  const access = accessOf(context);
  access.ability.require("read", "identity");
  return { identity: identityView(context.world, identityIn(context, access)) };
};

const update: Handler = (context) => {
  const { world } = context;
  const body = context.body(patchBody);
  const access = accessOf(context);
  access.ability.require("edit", "identity");
  const identity = identityIn(context, access);
  // The server tests for truth: `hasDeleteProtection: false` alone changes nothing (1.3).
  if (Boolean(body.name) || body.hasDeleteProtection === true) {
    if (body.name !== undefined) identity.name = body.name;
    if (body.hasDeleteProtection !== undefined) identity.hasDeleteProtection = body.hasDeleteProtection;
  }
  if (body.metadata !== undefined) identity.metadata = withIds(world.state, body.metadata);
  identity.updatedAt = world.state.clock.now();
  return { identity: identityView(world, identity) };
};

const remove: Handler = (context) => {
  const { world } = context;
  const access = accessOf(context);
  access.ability.require("delete", "identity");
  const identity = identityIn(context, access);
  if (identity.hasDeleteProtection) {
    throw badRequest("Cannot delete identity while delete protection is enabled");
  }
  const view = identityView(world, identity);
  removeIdentity(world.state, identity);
  return { identity: view };
};

const all = "/api/v1/projects/:projectId/identities";
const one = `${all}/:identityId`;
const base = { auth: "identity", only: "2026" } as const;

export const projectIdentityRoutes: readonly Route[] = [
  { ...base, method: "POST", path: all, bucket: "identityCreation", handler: create },
  { ...base, method: "GET", path: all, bucket: "read", handler: list },
  { ...base, method: "GET", path: one, bucket: "read", handler: read },
  { ...base, method: "PATCH", path: one, bucket: "write", handler: update },
  { ...base, method: "DELETE", path: one, bucket: "write", handler: remove },
];
