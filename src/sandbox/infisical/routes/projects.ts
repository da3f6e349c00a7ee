/** Projects and organizations (infisical-api.md 1.2): `/workspace` of E0, still there on 2026 next to `/projects`. */

import { abilityIn, orgAbility, projectAccess, projectAccessBySlug } from "../access.ts";
import { badRequest, notFound } from "../errors.ts";
import {
  defaultEnvironments,
  insertMembership,
  insertProject,
  isSlug,
  membershipRole,
  removeProject,
} from "../projects.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { Project } from "../types.ts";
import { boolean, coercedNumber, object, optional, string, withDefault } from "../validation.ts";
import { membershipRow, projectRow, projectView, workspaceListItem } from "../views.ts";

const slugField = string({
  trim: true,
  min: 5,
  max: 36,
  checks: [{ test: isSlug, message: "Slug must be a valid slug" }],
});

const oldCreateBody = object({ projectName: string({ trim: true, max: 64 }), slug: optional(slugField) });

const newCreateBody = object({
  projectName: string({ trim: true, max: 64 }),
  projectDescription: optional(string({ trim: true, max: 1024 })),
  slug: optional(slugField),
  type: withDefault(string(), "secret-manager"),
  shouldCreateDefaultEnvs: withDefault(boolean, true),
  hasDeleteProtection: withDefault(boolean, false),
});

/** Makes a project; its maker becomes admin of it (recorded). */
const create: Handler = async (context) => {
  const { world, actor } = context;
  const body = world.era.modernIdentities
    ? context.body(newCreateBody)
    : { ...context.body(oldCreateBody), projectDescription: undefined, shouldCreateDefaultEnvs: true };
  orgAbility(world, actor, actor.identity.orgId).require("create", "workspace");
  await context.raceWindow();
  const project = insertProject(world, {
    orgId: actor.identity.orgId,
    name: body.projectName,
    slug: body.slug,
    description: body.projectDescription ?? null,
    environments: body.shouldCreateDefaultEnvs ? defaultEnvironments : [],
    ...("type" in body ? { type: body.type, hasDeleteProtection: body.hasDeleteProtection } : {}),
  });
  insertMembership(world.state, project.id, actor.identity, [membershipRole(world.state, "admin", null)]);
  return { project: projectView(world, project) };
};

/** The projects the actor is a member of, by name. */
function memberProjects({ world, actor }: Context): Project[] {
  return world.state.projects
    .where((row) => abilityIn(world, row.id, actor.identity) !== undefined)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const list: Handler = (context) => {
  const { type } = context.query(object({ type: optional(string()) }));
  const projects = memberProjects(context).filter((row) => type === undefined || row.type === type);
  return { projects: projects.map((row) => projectView(context.world, row)) };
};

const listOfOrganization: Handler = (context) => {
  const { world, actor, params } = context;
  orgAbility(world, actor, params["organizationId"] ?? "");
  return { workspaces: memberProjects(context).map((row) => workspaceListItem(world, row)) };
};

const accessOf = ({ world, actor, params }: Context) =>
  projectAccess(world, actor, params["projectId"] ?? "");

const read =
  (key: "project" | "workspace"): Handler =>
  (context) => ({ [key]: projectView(context.world, accessOf(context).project) });

const readBySlug: Handler = ({ world, actor, params }) =>
  projectView(world, projectAccessBySlug(world, actor, params["slug"] ?? "").project);

const updateBody = object({
  name: optional(string({ trim: true, max: 64 })),
  hasDeleteProtection: optional(boolean),
});

const update =
  (key: "project" | "workspace"): Handler =>
  (context) => {
    const body = context.body(updateBody);
    const { project, ability } = accessOf(context);
    ability.require("edit", "workspace");
    if (body.name !== undefined) project.name = body.name;
    if (body.hasDeleteProtection !== undefined) project.hasDeleteProtection = body.hasDeleteProtection;
    project.updatedAt = context.world.state.clock.now();
    return { [key]: projectRow(context.world, project) };
  };

const remove =
  (key: "project" | "workspace"): Handler =>
  (context) => {
    const { project, ability } = accessOf(context);
    ability.require("delete", "workspace");
    if (project.hasDeleteProtection) throw badRequest("Project delete protection is enabled");
    removeProject(context.world.state, project);
    return { [key]: projectRow(context.world, project) };
  };

const adminQuery = object({
  offset: withDefault(coercedNumber({ min: 0 }), 0),
  limit: withDefault(coercedNumber({ max: 100 }), 50),
  search: optional(string()),
});

const adminList: Handler = (context) => {
  const { world, actor } = context;
  const { offset, limit, search } = context.query(adminQuery);
  const ability = orgAbility(world, actor, actor.identity.orgId);
  ability.require("access-all-projects", "organization-admin-console");
  const projects = world.state.projects.where(
    (row) => row.orgId === actor.identity.orgId && row.name.includes(search ?? ""),
  );
  return {
    projects: projects.slice(offset, offset + limit).map((row) => projectRow(world, row)),
    count: projects.length,
  };
};

/** Joins a project as its admin; E0 lets only users do so. */
const grantAdminAccess: Handler = (context) => {
  const { world, actor, params } = context;
  const ability = orgAbility(world, actor, actor.identity.orgId);
  ability.require("access-all-projects", "organization-admin-console");
  const project = world.state.projects.get(params["projectId"] ?? "");
  if (project === undefined) throw notFound(`Project with ${params["projectId"]} not found`);
  const membership = insertMembership(world.state, project.id, actor.identity, [
    membershipRole(world.state, "admin", null),
  ]);
  return { membership: membershipRow(membership) };
};

/** A route for users: an identity is refused before the handler runs. */
const usersOnly: Handler = () => ({});

const grantPath = "/api/v1/organization-admin/projects/:projectId/grant-admin-access";
const get = { method: "GET", auth: "identity", bucket: "read" } as const;
const write = { auth: "identity", bucket: "write" } as const;
const modern = { only: "2026" } as const;

export const projectRoutes: readonly Route[] = [
  { method: "GET", path: "/api/v1/organization", auth: "user", bucket: "read", handler: usersOnly },
  { method: "GET", path: "/api/v1/workspace", auth: "user", bucket: "read", handler: usersOnly },
  { ...get, path: "/api/v2/organizations/:organizationId/workspaces", handler: listOfOrganization },
  { ...get, path: "/api/v1/organization-admin/projects", handler: adminList },
  { ...write, method: "POST", path: grantPath, only: "2024-10", auth: "user", handler: usersOnly },
  { ...write, method: "POST", path: grantPath, ...modern, handler: grantAdminAccess },
  { ...write, method: "POST", path: "/api/v2/workspace", only: "2024-10", handler: create },
  {
    method: "POST",
    auth: "identity",
    bucket: "projectCreation",
    path: "/api/v2/workspace",
    ...modern,
    handler: create,
  },
  { ...get, path: "/api/v2/workspace/:slug", handler: readBySlug },
  { ...get, path: "/api/v1/workspace/:projectId", handler: read("workspace") },
  { ...write, method: "PATCH", path: "/api/v1/workspace/:projectId", handler: update("workspace") },
  { ...write, method: "DELETE", path: "/api/v1/workspace/:projectId", handler: remove("workspace") },
  { ...get, ...modern, path: "/api/v1/projects", handler: list },
  {
    method: "POST",
    auth: "identity",
    bucket: "projectCreation",
    path: "/api/v1/projects",
    ...modern,
    handler: create,
  },
  { ...get, ...modern, path: "/api/v1/projects/:projectId", handler: read("project") },
  { ...get, ...modern, path: "/api/v1/projects/slug/:slug", handler: readBySlug },
  { ...write, ...modern, method: "PATCH", path: "/api/v1/projects/:projectId", handler: update("project") },
  { ...write, ...modern, method: "DELETE", path: "/api/v1/projects/:projectId", handler: remove("project") },
];
