/** Custom project roles: by slug with V1 rules (E0), by project id with V2 rules (2026) (infisical-api.md 1.6). */

import { projectAccess, projectAccessBySlug, type ProjectAccess } from "../access.ts";
import { projectRoles, reservedRoleSlugs } from "../builtin-roles.ts";
import { badRequest, notFound, serverError } from "../errors.ts";
import { backfilledToV2, requireSoundV2, v1Permissions, v2Permissions } from "../permission-schema.ts";
import type { Rule } from "../permissions.ts";
import { isSlug } from "../projects.ts";
import { isUuid } from "../../random.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { ProjectRole } from "../types.ts";
import { nullable, object, optional, string, type Schema } from "../validation.ts";
import { roleList, roleView } from "../views.ts";

const notReserved = {
  test: (slug: string) => !reservedRoleSlugs.has(slug),
  message: "Please choose a different slug, the slug you have entered is reserved",
};
const oldSlug = string({
  trim: true,
  lowercase: true,
  min: 1,
  checks: [notReserved, { test: isSlug, message: "Slug must be a valid" }],
});
const newSlug = string({
  trim: true,
  min: 1,
  max: 64,
  checks: [
    { test: isSlug, message: "Slug field can only contain lowercase letters, numbers, and hyphens" },
    notReserved,
  ],
});

/** The two families of routes: how the project is named, how rules are read, what an old route makes of them. */
interface Family {
  readonly access: (context: Context) => ProjectAccess;
  readonly slug: Schema<string>;
  readonly description: Schema<string | null | undefined>;
  readonly permissions: Schema<Rule[]>;
  readonly stored: (context: Context, rules: readonly Rule[]) => Rule[];
}

const bySlug: Family = {
  access: ({ world, actor, params }) => projectAccessBySlug(world, actor, params["projectSlug"] ?? ""),
  slug: oldSlug,
  description: optional(string()),
  permissions: v1Permissions,
  stored: ({ world }, rules) => (world.era.splitsSecretRead ? backfilledToV2(rules) : [...rules]),
};

const byId: Family = {
  access: ({ world, actor, params }) => projectAccess(world, actor, params["projectId"] ?? ""),
  slug: newSlug,
  description: optional(nullable(string())),
  permissions: v2Permissions,
  stored: (_context, rules) => {
    requireSoundV2(rules);
    return [...rules];
  },
};

function requirePlan({ world }: Context, verb: "create" | "update"): void {
  if (!world.era.rolesNeedRbac || world.settings.plan.rbac) return;
  throw badRequest(
    `Failed to ${verb} custom role due to plan RBAC restriction. Upgrade to Infisical Enterprise plan to ${verb} custom roles.`,
  );
}

function requireFreeSlug({ world }: Context, projectId: string, slug: string, operation: string): void {
  const taken = world.state.roles.find((row) => row.projectId === projectId && row.slug === slug);
  if (taken === undefined) return;
  if (world.era.modernIdentities) throw badRequest(`Role with ${slug} already exists`);
  throw badRequest("Project role with same slug already exists", operation);
}

function roleById({ world, params }: Context, access: ProjectAccess): ProjectRole {
  const id = params["roleId"] ?? "";
  if (!isUuid(id)) throw serverError("Find one");
  const role = world.state.roles.get(id);
  if (role !== undefined && role.projectId === access.project.id) return role;
  throw notFound(world.era.modernIdentities ? `Role with ${id} not found` : "Project role not found");
}

const create =
  (family: Family): Handler =>
  async (context) => {
    const { world } = context;
    const body = context.body(
      object({
        slug: family.slug,
        name: string({ trim: true, min: 1 }),
        description: family.description,
        permissions: family.permissions,
      }),
    );
    const access = family.access(context);
    access.ability.require("create", "role");
    requirePlan(context, "create");
    const permissions = family.stored(context, body.permissions);
    requireFreeSlug(context, access.project.id, body.slug, "Create Role");
    await context.raceWindow();
    requireFreeSlug(context, access.project.id, body.slug, "Create Role");
    const role = world.state.roles.insert({
      ...world.state.stamp(),
      projectId: access.project.id,
      slug: body.slug,
      name: body.name,
      description: body.description ?? null,
      permissions,
    });
    return { role: roleView(role) };
  };

const update =
  (family: Family): Handler =>
  (context) => {
    const { world } = context;
    const body = context.body(
      object({
        slug: optional(family.slug),
        name: optional(string({ trim: true, min: 1 })),
        description: family.description,
        permissions: optional(family.permissions),
      }),
    );
    const access = family.access(context);
    access.ability.require("edit", "role");
    requirePlan(context, "update");
    const role = roleById(context, access);
    if (body.slug !== undefined && body.slug !== role.slug) {
      requireFreeSlug(context, access.project.id, body.slug, "Update Role");
      role.slug = body.slug;
    }
    if (body.name !== undefined) role.name = body.name;
    if (body.description !== undefined) role.description = body.description;
    if (body.permissions !== undefined) role.permissions = family.stored(context, body.permissions);
    // E0 does not touch `updatedAt` here (recorded).
    if (world.era.modernIdentities) role.updatedAt = world.state.clock.now();
    return { role: roleView(role) };
  };

const remove =
  (family: Family): Handler =>
  (context) => {
    const { world } = context;
    const access = family.access(context);
    access.ability.require("delete", "role");
    const role = roleById(context, access);
    const users = world.state.memberships.where((row) =>
      row.roles.some((assigned) => assigned.customRoleId === role.id),
    );
    if (users.length > 0 && world.era.modernIdentities) {
      throw badRequest(
        `Role is assigned to ${users.length} identity membership(s). Re-assign membership role(s) to delete this role.`,
      );
    }
    if (users.length > 0) {
      throw badRequest(
        "The role is assigned to one or more identities. Make sure to unassign them before deleting the role.",
        "Delete role",
      );
    }
    world.state.roles.remove((row) => row === role);
    return { role: roleView(role) };
  };

const list =
  (family: Family): Handler =>
  (context) => {
    const access = family.access(context);
    access.ability.require("read", "role");
    return { roles: roleList(context.world, access.project.id) };
  };

const readBySlug =
  (family: Family): Handler =>
  (context) => {
    const { world, params } = context;
    const slug = params["roleSlug"] ?? "";
    const access = family.access(context);
    access.ability.require("read", "role");
    const builtin = projectRoles.find((role) => role.slug === slug);
    const now = world.state.clock.now();
    if (builtin !== undefined) {
      return { role: { ...builtin, projectId: access.project.id, createdAt: now, updatedAt: now } };
    }
    const role = world.state.roles.find((row) => row.projectId === access.project.id && row.slug === slug);
    if (role !== undefined) return { role: roleView(role) };
    throw notFound(
      world.era.modernIdentities ? `Role with slug ${slug} not found` : "Project role not found",
    );
  };

const readById: Handler = ({ world, actor, params }) => {
  const id = params["roleId"] ?? "";
  if (!isUuid(id)) throw serverError("Find one");
  const role = world.state.roles.get(id);
  if (role === undefined) throw notFound(`Role with ${id} not found`);
  projectAccess(world, actor, role.projectId).ability.require("read", "role");
  return { role: roleView(role) };
};

function familyRoutes(family: Family, base: string, only: { readonly only?: "2026" }): Route[] {
  const read = { ...only, method: "GET", auth: "identity", bucket: "read" } as const;
  const write = { ...only, auth: "identity", bucket: "write" } as const;
  return [
    { ...write, method: "POST", path: base, handler: create(family) },
    { ...write, method: "PATCH", path: `${base}/:roleId`, handler: update(family) },
    { ...write, method: "DELETE", path: `${base}/:roleId`, handler: remove(family) },
    { ...read, path: base, handler: list(family) },
    { ...read, path: `${base}/slug/:roleSlug`, handler: readBySlug(family) },
  ];
}

export const roleRoutes: readonly Route[] = [
  ...familyRoutes(bySlug, "/api/v1/workspace/:projectSlug/roles", {}),
  ...familyRoutes(byId, "/api/v2/workspace/:projectId/roles", { only: "2026" }),
  ...familyRoutes(byId, "/api/v1/projects/:projectId/roles", { only: "2026" }),
  {
    method: "GET",
    path: "/api/v1/projects/roles/:roleId",
    only: "2026",
    auth: "identity",
    bucket: "read",
    handler: readById,
  },
];
