/** Additional privileges of an identity in a project: v1 permanent on E0 (10.2), v2 on 2026 (2.4). */

import { projectAccess, projectAccessBySlug, type ProjectAccess } from "../access.ts";
import { ApiError, badRequest, notFound } from "../errors.ts";
import {
  requireSoundV2,
  v1PrivilegePermission,
  v1PrivilegePermissions,
  v2Permissions,
} from "../permission-schema.ts";
import type { Rule } from "../permissions.ts";
import { isSlug } from "../projects.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { Privilege, ProjectMembership } from "../types.ts";
import { boolean, literal, object, optional, string, withDefault, type Infer } from "../validation.ts";
import { privilegeView } from "../views.ts";

const slugField = string({
  trim: true,
  lowercase: true,
  min: 1,
  max: 60,
  checks: [{ test: isSlug, message: "Slug must be a valid slug" }],
});
const text = string({ min: 1 });
const v1Permissions = {
  permissions: optional(v1PrivilegePermissions),
  privilegePermission: optional(v1PrivilegePermission),
};

interface V1Rules {
  readonly permissions?: Infer<typeof v1PrivilegePermissions> | undefined;
  readonly privilegePermission?: Infer<typeof v1PrivilegePermission> | undefined;
}

/** Both spellings as rules; every action becomes a rule of its own. */
function v1Rules(sent: V1Rules): Rule[] | undefined {
  const old = sent.privilegePermission;
  const entries =
    old === undefined
      ? sent.permissions?.map(({ action, ...rest }) => ({ ...rest, action: [action] }))
      : old.actions.map((action) => ({ subject: old.subject, conditions: old.conditions, action: [action] }));
  return entries?.map((entry) => entry as Rule);
}

function memberOf(context: Context, access: ProjectAccess, identityId: string): ProjectMembership {
  const membership = context.world.state.memberships.find(
    (row) => row.projectId === access.project.id && row.identityId === identityId,
  );
  if (membership !== undefined) return membership;
  throw notFound(
    context.world.era.modernIdentities
      ? `Project membership for identity ${identityId} not found`
      : `Failed to find identity with id ${identityId}`,
  );
}

function requireFreeSlug({ world }: Context, membership: ProjectMembership, slug: string): void {
  const taken = world.state.privileges.find((row) => row.membershipId === membership.id && row.slug === slug);
  if (taken === undefined) return;
  throw badRequest(
    world.era.modernIdentities
      ? `Additional privilege with name ${slug} exists`
      : "Additional privilege of provided slug exist",
  );
}

/** The right to give privileges: E0 `identity:edit` and the boundary; later one of two actions of its own (2.3). */
function requireGrant({ world }: Context, access: ProjectAccess, rules: readonly Rule[]): void {
  const { ability } = access;
  ability.require("edit", "identity");
  if (world.era.modernIdentities) {
    if (!ability.can("grant-privileges", "identity"))
      ability.require("assign-additional-privileges", "identity");
    return;
  }
  if (!ability.covers(rules)) {
    throw new ApiError(403, "ForbiddenError", "Failed to update more privileged identity");
  }
}

async function insert(
  context: Context,
  access: ProjectAccess,
  identityId: string,
  slug: string | undefined,
  permissions: Rule[],
): Promise<Record<string, unknown>> {
  const { state } = context.world;
  const membership = memberOf(context, access, identityId);
  requireGrant(context, access, permissions);
  const chosen = slug ?? state.random.hex(12);
  requireFreeSlug(context, membership, chosen);
  await context.raceWindow();
  const privilege = state.privileges.insert({
    ...state.stamp(),
    membershipId: membership.id,
    slug: chosen,
    permissions,
  });
  return { privilege: privilegeView(context.world, privilege) };
}

const v1Create: Handler = (context) => {
  const body = context.body(
    object({ identityId: text, projectSlug: text, slug: optional(slugField), ...v1Permissions }),
  );
  const rules = v1Rules(body);
  if (rules === undefined) {
    throw new ApiError(401, "UnauthorizedError", "Permission or privilegePermission must be provided");
  }
  const access = projectAccessBySlug(context.world, context.actor, body.projectSlug);
  return insert(context, access, body.identityId, body.slug, rules);
};

const v1Named = object({ identityId: text, projectSlug: text });

function v1Find(context: Context, wanted: Infer<typeof v1Named>, slug: string) {
  const access = projectAccessBySlug(context.world, context.actor, wanted.projectSlug);
  const membership = memberOf(context, access, wanted.identityId);
  const privilege = context.world.state.privileges.find(
    (row) => row.membershipId === membership.id && row.slug === slug,
  );
  return { access, membership, privilege };
}

function requireFound(privilege: Privilege | undefined): Privilege {
  if (privilege === undefined) throw notFound("Identity additional privilege not found");
  return privilege;
}

const v1Update: Handler = (context) => {
  const body = context.body(
    object({
      privilegeSlug: text,
      identityId: text,
      projectSlug: text,
      privilegeDetails: object({ slug: optional(slugField), ...v1Permissions }),
    }),
  );
  const { privilegeDetails } = body;
  const rules = v1Rules(privilegeDetails);
  if (rules === undefined) {
    throw new ApiError(401, "UnauthorizedError", "Permission or privilegePermission must be provided");
  }
  const { access, membership, privilege } = v1Find(context, body, body.privilegeSlug);
  requireGrant(context, access, rules);
  const found = requireFound(privilege);
  if (privilegeDetails.slug !== undefined && privilegeDetails.slug !== found.slug) {
    requireFreeSlug(context, membership, privilegeDetails.slug);
    found.slug = privilegeDetails.slug;
  }
  found.permissions = rules;
  found.updatedAt = context.world.state.clock.now();
  return { privilege: privilegeView(context.world, found) };
};

const v1Remove: Handler = (context) => {
  const body = context.body(object({ privilegeSlug: text, identityId: text, projectSlug: text }));
  const { access, privilege } = v1Find(context, body, body.privilegeSlug);
  access.ability.require("edit", "identity");
  const found = requireFound(privilege);
  context.world.state.privileges.remove((row) => row === found);
  return { privilege: privilegeView(context.world, found) };
};

const v1Read: Handler = (context) => {
  const { access, privilege } = v1Find(context, context.query(v1Named), context.params["slug"] ?? "");
  access.ability.require("read", "identity");
  return { privilege: privilegeView(context.world, requireFound(privilege)) };
};

function viewsOf(context: Context, membership: ProjectMembership) {
  return context.world.state.privileges
    .where((row) => row.membershipId === membership.id)
    .map((row) => privilegeView(context.world, row));
}

const v1List: Handler = (context) => {
  const { access, membership } = v1Find(context, context.query(v1Named), "");
  access.ability.require("read", "identity");
  return { privileges: viewsOf(context, membership) };
};

const permanent = object({ isTemporary: withDefault(literal(false), false) });

const v2Create: Handler = (context) => {
  const body = context.body(
    object({
      identityId: text,
      projectId: text,
      slug: optional(slugField),
      permissions: v2Permissions,
      type: withDefault(permanent, { isTemporary: false }),
    }),
  );
  requireSoundV2(body.permissions);
  const access = projectAccess(context.world, context.actor, body.projectId);
  return insert(context, access, body.identityId, body.slug, body.permissions);
};

function v2Find(context: Context) {
  const { world, actor, params } = context;
  const id = params["id"] ?? "";
  const privilege = world.state.privileges.get(id);
  const membership = world.state.memberships.get(privilege?.membershipId ?? "");
  if (privilege === undefined || membership === undefined) {
    throw notFound(`Identity privilege with ${id} not found`);
  }
  return { privilege, membership, access: projectAccess(world, actor, membership.projectId) };
}

const v2Update: Handler = (context) => {
  const body = context.body(
    object({
      slug: optional(slugField),
      permissions: optional(v2Permissions),
      type: optional(object({ isTemporary: optional(boolean) })),
    }),
  );
  const { privilege, membership, access } = v2Find(context);
  requireSoundV2(body.permissions ?? []);
  requireGrant(context, access, body.permissions ?? []);
  if (body.slug !== undefined && body.slug !== privilege.slug) {
    requireFreeSlug(context, membership, body.slug);
    privilege.slug = body.slug;
  }
  if (body.permissions !== undefined) privilege.permissions = body.permissions;
  privilege.updatedAt = context.world.state.clock.now();
  return { privilege: privilegeView(context.world, privilege) };
};

const v2Remove: Handler = (context) => {
  const { privilege, access } = v2Find(context);
  requireGrant(context, access, []);
  context.world.state.privileges.remove((row) => row === privilege);
  return { privilege: privilegeView(context.world, privilege) };
};

const v2Read: Handler = (context) => {
  const { privilege, access } = v2Find(context);
  access.ability.require("read", "identity");
  return { privilege: privilegeView(context.world, privilege) };
};

const v2ReadBySlug: Handler = (context) => {
  const slug = context.params["slug"] ?? "";
  const { access, privilege } = v1Find(context, context.query(v1Named), slug);
  access.ability.require("read", "identity");
  if (privilege === undefined) throw notFound(`Identity privilege with slug '${slug}' not found`);
  return { privilege: privilegeView(context.world, privilege) };
};

const v2List: Handler = (context) => {
  const { identityId, projectId } = context.query(object({ identityId: text, projectId: text }));
  const access = projectAccess(context.world, context.actor, projectId);
  access.ability.require("read", "identity");
  return { privileges: viewsOf(context, memberOf(context, access, identityId)) };
};

const v1 = "/api/v1/additional-privilege/identity";
const v2 = "/api/v2/identity-project-additional-privilege";
const v1Write = { only: "2024-10", auth: "identity", bucket: "write" } as const;
const v1Get = { only: "2024-10", method: "GET", auth: "identity", bucket: "read" } as const;
const v2Write = { only: "2026", auth: "identity", bucket: "write" } as const;
const v2Get = { only: "2026", method: "GET", auth: "identity", bucket: "read" } as const;

export const privilegeRoutes: readonly Route[] = [
  { ...v1Write, method: "POST", path: `${v1}/permanent`, handler: v1Create },
  { ...v1Write, method: "PATCH", path: v1, handler: v1Update },
  { ...v1Write, method: "DELETE", path: v1, handler: v1Remove },
  { ...v1Get, path: v1, handler: v1List },
  { ...v1Get, path: `${v1}/:slug`, handler: v1Read },
  { ...v2Write, method: "POST", path: v2, handler: v2Create },
  { ...v2Write, method: "PATCH", path: `${v2}/:id`, handler: v2Update },
  { ...v2Write, method: "DELETE", path: `${v2}/:id`, handler: v2Remove },
  { ...v2Get, path: v2, handler: v2List },
  { ...v2Get, path: `${v2}/:id`, handler: v2Read },
  { ...v2Get, path: `${v2}/slug/:slug`, handler: v2ReadBySlug },
];
