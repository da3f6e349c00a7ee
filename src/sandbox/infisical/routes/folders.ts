/** Folders: v1 by `workspaceId`, v2 by `projectId` (infisical-api.md 1.2). */

import { projectAccess, type ProjectAccess } from "../access.ts";
import { badRequest, notFound, permissionDenied } from "../errors.ts";
import {
  allFolders,
  childrenOf,
  ensureFolder,
  findFolder,
  insertFolder,
  pathOf,
  removeFolder,
  withoutTrailingSlash,
} from "../folders.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { Environment } from "../types.ts";
import { nullable, object, optional, queryBoolean, string, withDefault } from "../validation.ts";
import { folderView } from "../views.ts";

/** Where the two families differ: the key of the project, the shape of the answer. */
interface Family {
  readonly projectKey: "workspaceId" | "projectId";
  readonly isV2: boolean;
}

const v1: Family = { projectKey: "workspaceId", isV2: false };
const v2: Family = { projectKey: "projectId", isV2: true };

const text = string({ trim: true });
const absolute = (path: string) => withoutTrailingSlash(path.startsWith("/") ? path : `/${path}`);

function projectField(family: Family) {
  return family.projectKey === "projectId" ? { projectId: text } : { workspaceId: text };
}

const idOf = (body: { readonly projectId?: string } | { readonly workspaceId?: string }): string =>
  ("projectId" in body ? body.projectId : "workspaceId" in body ? body.workspaceId : undefined) ?? "";

function environmentOf(
  { world }: Context,
  access: ProjectAccess,
  slug: string,
  operation: string,
): Environment {
  const environment = world.state.environmentOf(access.project.id, slug);
  if (environment !== undefined) return environment;
  if (!world.era.missingFolderIs404) throw notFound("Environment not found", operation);
  throw notFound(`Environment with slug '${slug}' in project with ID '${access.project.id}' not found`);
}

/** E0 has no `create` for folders in its rules: who may create secrets there may create folders. */
function requireMayCreate(
  { world }: Context,
  access: ProjectAccess,
  environment: string,
  path: string,
): void {
  const at = { environment, secretPath: path };
  const { ability } = access;
  if (ability.can("create", "secret-folders", at)) return;
  if (!world.era.splitsSecretRead && ability.can("create", "secrets", at)) return;
  throw permissionDenied("create", "secret-folders", ability.rules);
}

const folderName = {
  test: (name: string) => /^[A-Za-z0-9_-]+$/u.test(name),
  message: "Invalid folder name. Only alphanumeric characters, dashes, and underscores are allowed.",
};

const create =
  (family: Family): Handler =>
  async (context) => {
    const { world } = context;
    const body = context.body(
      object({
        ...projectField(family),
        environment: text,
        name: string({ trim: true, ...(family.isV2 ? { checks: [folderName] } : {}) }),
        path: optional(text),
        directory: optional(text),
        description: optional(nullable(string())),
      }),
    );
    const path = absolute(body.path ?? body.directory ?? "/");
    const access = projectAccess(world, context.actor, idOf(body));
    requireMayCreate(context, access, body.environment, path);
    if (world.era.modernIdentities && access.project.type !== "secret-manager") {
      throw badRequest(
        `The project is of type ${access.project.type}. Operations of type secret-manager are not allowed.`,
      );
    }
    const environment = environmentOf(context, access, body.environment, "Create folder");
    const parent = ensureFolder(world.state, environment, path);
    const existing = findFolder(world.state, environment, `${path}/${body.name}`);
    await context.raceWindow();
    const folder = existing ?? insertFolder(world.state, parent, body.name, body.description ?? null);
    return { folder: folderView(world, folder, family.isV2) };
  };

const list =
  (family: Family): Handler =>
  (context) => {
    const { world } = context;
    const query = context.query(
      object({
        ...projectField(family),
        environment: text,
        path: optional(text),
        directory: optional(text),
        recursive: withDefault(queryBoolean, false),
      }),
    );
    const path = absolute(query.path ?? query.directory ?? "/");
    const access = projectAccess(world, context.actor, idOf(query));
    const environment = environmentOf(context, access, query.environment, "get folders");
    if (family.isV2 && query.recursive) {
      const below = allFolders(world.state, environment).filter(
        (at) => at.path !== "/" && at.path !== path && at.path.startsWith(path),
      );
      return {
        folders: below.map((at) => ({ ...folderView(world, at.folder, true), relativePath: at.path })),
      };
    }
    const parent = findFolder(world.state, environment, path);
    const children = parent === undefined ? [] : childrenOf(world.state, parent.id);
    return { folders: children.map((folder) => folderView(world, folder, family.isV2)) };
  };

const read: Handler = (context) => {
  const { world, actor, params } = context;
  const folder = world.state.folders.get(params["folderId"] ?? "");
  const environment = world.state.environments.get(folder?.envId ?? "");
  if (folder === undefined || environment === undefined) throw notFound("Folder not found");
  projectAccess(world, actor, environment.projectId);
  return {
    folder: {
      ...folderView(world, folder),
      environment: { envId: environment.id, envName: environment.name, envSlug: environment.slug },
      path: pathOf(world.state, folder),
      projectId: environment.projectId,
    },
  };
};

const remove =
  (family: Family): Handler =>
  (context) => {
    const { world, params } = context;
    const body = context.body(
      object({
        ...projectField(family),
        environment: text,
        path: optional(text),
        directory: optional(text),
      }),
    );
    const path = absolute(body.path ?? body.directory ?? "/");
    const access = projectAccess(world, context.actor, idOf(body));
    const at = { environment: body.environment, secretPath: path };
    const subject = world.era.splitsSecretRead ? "secret-folders" : "secrets";
    if (!access.ability.can("delete", "secret-folders", at)) access.ability.require("delete", subject, at);
    const environment = environmentOf(context, access, body.environment, "Delete folder");
    const parent = findFolder(world.state, environment, path);
    const wanted = params["folderIdOrName"] ?? "";
    const folder = childrenOf(world.state, parent?.id ?? "").find(
      (row) => row.id === wanted || row.name === wanted,
    );
    if (folder === undefined) throw notFound("Folder not found", "Delete folder");
    const view = folderView(world, folder, family.isV2);
    removeFolder(world.state, folder);
    return { folder: view };
  };

function familyRoutes(base: string, family: Family, only: { readonly only?: "2026" }): Route[] {
  const common = { ...only, auth: "identity" } as const;
  return [
    { ...common, method: "POST", path: base, bucket: "secrets", handler: create(family) },
    { ...common, method: "GET", path: base, bucket: "read", handler: list(family) },
    { ...common, method: "GET", path: `${base}/:folderId`, bucket: "read", handler: read },
    {
      ...common,
      method: "DELETE",
      path: `${base}/:folderIdOrName`,
      bucket: "secrets",
      handler: remove(family),
    },
  ];
}

export const folderRoutes: readonly Route[] = [
  ...familyRoutes("/api/v1/folders", v1, {}),
  ...familyRoutes("/api/v2/folders", v2, { only: "2026" }),
];
