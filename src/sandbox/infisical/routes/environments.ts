/** Environments of a project (infisical-api.md 1.2); there is no list route, the project carries them. */

import { projectAccess } from "../access.ts";
import { badRequest, notFound, serverError } from "../errors.ts";
import { insertEnvironment, isSlug, removeEnvironment } from "../projects.ts";
import { isUuid } from "../../random.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { Environment } from "../types.ts";
import { number, object, optional, string } from "../validation.ts";
import { environmentView } from "../views.ts";

type Owner = "workspace" | "projectId";

const slugField = (context: Context) =>
  string({
    trim: true,
    ...(context.world.era.modernIdentities ? { min: 1, max: 64 } : {}),
    checks: [{ test: isSlug, message: "Slug must be a valid slug" }],
  });

const accessOf = ({ world, actor, params }: Context) =>
  projectAccess(world, actor, params["projectId"] ?? "");

function requireFreeSlug({ world }: Context, projectId: string, slug: string): void {
  if (world.state.environmentOf(projectId, slug) === undefined) return;
  throw badRequest("Environment with slug already exist", "Create envv");
}

function environmentOf(context: Context): Environment {
  const { world, params } = context;
  const id = params["environmentId"] ?? "";
  if (!isUuid(id)) throw serverError("Find one");
  const environment = world.state.environments.get(id);
  if (environment !== undefined && environment.projectId === params["projectId"]) return environment;
  throw notFound(
    world.era.modernIdentities ? `Environment with ID '${id}' not found` : "Environment not found",
  );
}

const create =
  (owner: Owner): Handler =>
  async (context) => {
    const { world } = context;
    const body = context.body(
      object({
        name: string({ trim: true }),
        slug: slugField(context),
        position: optional(number({ min: 1 })),
      }),
    );
    const { project, ability } = accessOf(context);
    ability.require("create", "environments");
    requireFreeSlug(context, project.id, body.slug);
    const { environmentLimit } = world.settings.plan;
    if (environmentLimit !== null && world.state.environmentsOf(project.id).length >= environmentLimit) {
      throw badRequest(
        "Failed to create environment due to environment limit reached. Upgrade plan to create more environments.",
      );
    }
    await context.raceWindow();
    requireFreeSlug(context, project.id, body.slug);
    const environment = insertEnvironment(world.state, project.id, body.name, body.slug, body.position);
    return {
      message: "Successfully created new environment",
      [owner]: project.id,
      environment: environmentView(environment),
    };
  };

const update =
  (owner: Owner): Handler =>
  (context) => {
    const body = context.body(
      object({ name: optional(string({ trim: true })), slug: optional(slugField(context)) }),
    );
    const { project, ability } = accessOf(context);
    ability.require("edit", "environments");
    const environment = environmentOf(context);
    if (body.slug !== undefined && body.slug !== environment.slug) {
      requireFreeSlug(context, project.id, body.slug);
      environment.slug = body.slug;
    }
    if (body.name !== undefined) environment.name = body.name;
    environment.updatedAt = context.world.state.clock.now();
    return {
      message: "Successfully updated environment",
      [owner]: project.id,
      environment: environmentView(environment),
    };
  };

const remove =
  (owner: Owner): Handler =>
  (context) => {
    const { project, ability } = accessOf(context);
    ability.require("delete", "environments");
    const environment = environmentOf(context);
    removeEnvironment(context.world.state, environment);
    return {
      message: "Successfully deleted environment",
      [owner]: project.id,
      environment: environmentView(environment),
    };
  };

const read: Handler = (context) => {
  accessOf(context).ability.require("read", "environments");
  return { environment: environmentView(environmentOf(context)) };
};

function familyRoutes(base: string, owner: Owner, only: { readonly only?: "2026" }): Route[] {
  const one = `${base}/:environmentId`;
  const write = { ...only, auth: "identity", bucket: "write" } as const;
  return [
    { ...write, method: "POST", path: base, handler: create(owner) },
    { ...write, method: "PATCH", path: one, handler: update(owner) },
    { ...write, method: "DELETE", path: one, handler: remove(owner) },
    { ...only, method: "GET", path: one, auth: "identity", bucket: "read", handler: read },
  ];
}

export const environmentRoutes: readonly Route[] = [
  ...familyRoutes("/api/v1/workspace/:projectId/environments", "workspace", {}),
  ...familyRoutes("/api/v1/projects/:projectId/environments", "projectId", { only: "2026" }),
];
