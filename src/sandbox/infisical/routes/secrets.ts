/** Secrets: v3 raw (all eras; SDK and ESO use it), v4 (2026) (infisical-api.md 1.8, 10.1). */

import { findProjectBySlug, projectAccess } from "../access.ts";
import { badRequest, notFound } from "../errors.ts";
import { withoutTrailingSlash } from "../folders.ts";
import type { Context, Handler, Route } from "../router.ts";
import { insertSecret, updateSecret } from "../secret-writes.ts";
import { getSecret, listSecrets, requireFolder, secretIn, secretView, type Reader } from "../secrets.ts";
import {
  boolean,
  coercedNumber,
  object,
  oneOf,
  optional,
  queryBoolean,
  string,
  withDefault,
} from "../validation.ts";

const text = string({ trim: true });
const typeField = withDefault(oneOf(["shared", "personal"]), "shared");
const flag = (fallback: boolean) => withDefault(queryBoolean, fallback);

const readQuery = object({
  workspaceId: optional(text),
  workspaceSlug: optional(text),
  projectId: optional(text),
  environment: optional(text),
  secretPath: withDefault(text, "/"),
  type: typeField,
  version: optional(coercedNumber()),
  viewSecretValue: flag(true),
  expandSecretReferences: flag(false),
  recursive: flag(false),
  include_imports: flag(false),
});

/** The project as the actor sees it. E0 looks for the project's bot first, before any permission. */
function readerOf(context: Context, projectId: string): Reader {
  const { world, actor } = context;
  if (!world.era.modernIdentities && world.state.projects.get(projectId) === undefined) {
    throw notFound("Project not found during bot lookup. Are you sure you are using the correct project ID?");
  }
  const { project, ability } = projectAccess(world, actor, projectId);
  return { world, project, ability };
}

interface Asked {
  readonly reader: Reader;
  readonly environment: string;
  readonly path: string;
}

/** Project and place of a read. The slug counts only when no id is given (ESO sends an empty id). */
function askedOf(
  context: Context,
  query: {
    readonly workspaceId?: string | undefined;
    readonly workspaceSlug?: string | undefined;
    readonly projectId?: string | undefined;
    readonly environment?: string | undefined;
    readonly secretPath: string;
  },
  slugOperation: string,
): Asked {
  const { world, actor } = context;
  const id = query.workspaceId || query.projectId || "";
  const slug = query.workspaceSlug ?? "";
  const { environment = "" } = query;
  if (environment === "" || (id === "" && slug === "")) {
    const noun = world.era.modernIdentities ? "project" : "workspace";
    throw badRequest(`Missing ${noun} id or environment`);
  }
  const projectId = id === "" ? findProjectBySlug(world, actor, slug, slugOperation).id : id;
  return {
    reader: readerOf(context, projectId),
    environment,
    path: withoutTrailingSlash(query.secretPath),
  };
}

const list: Handler = (context) => {
  const query = context.query(readQuery);
  const { reader, environment, path } = askedOf(context, query, "Failed to find project by slug");
  return listSecrets(reader, environment, path, query.recursive, {
    expandSecretReferences: query.expandSecretReferences,
    includeImports: query.include_imports,
    viewSecretValue: query.viewSecretValue,
  });
};

const read: Handler = (context) => {
  const query = context.query(readQuery);
  const { reader, environment, path } = askedOf(context, query, "Find project by slug");
  const secret = getSecret(reader, environment, path, context.params["secretName"] ?? "", {
    expandSecretReferences: query.expandSecretReferences,
    includeImports: query.include_imports,
    viewSecretValue: query.viewSecretValue,
    version: query.version,
  });
  return { secret };
};

const target = {
  workspaceId: optional(text),
  projectId: optional(text),
  environment: text,
  secretPath: withDefault(text, "/"),
  type: typeField,
};

/** The key of the project a body must carry: `workspaceId` in v3, `projectId` in v4. */
const v3Target = { ...target, workspaceId: text };
const v4Target = { ...target, projectId: text };
type Target = typeof v3Target | typeof v4Target;

function writerOf(
  context: Context,
  body: {
    readonly workspaceId?: string | undefined;
    readonly projectId?: string | undefined;
    readonly environment: string;
    readonly secretPath: string;
  },
  action: "create" | "edit" | "delete",
) {
  const reader = readerOf(context, body.projectId ?? body.workspaceId ?? "");
  const { environment } = body;
  const path = withoutTrailingSlash(body.secretPath);
  const secretName = context.params["secretName"] ?? "";
  reader.ability.require(action, "secrets", { environment, secretPath: path, secretName });
  return { reader, environment, path, folder: requireFolder(reader, environment, path), secretName };
}

const create =
  (fields: Target): Handler =>
  async (context) => {
    const body = context.body(
      object({
        ...fields,
        secretValue: string(),
        secretComment: withDefault(string({ trim: true }), ""),
        skipMultilineEncoding: optional(boolean),
      }),
    );
    const { reader, environment, folder, secretName } = writerOf(context, body, "create");
    if (fields === v4Target && /[:/]/u.test(secretName)) {
      throw badRequest("Secret name cannot contain a colon or a slash");
    }
    if (secretIn(reader, folder, secretName) !== undefined) throw badRequest("Secret already exist");
    await context.raceWindow();
    const secret = insertSecret(context.world, folder, secretName, body.secretValue, {
      comment: body.secretComment,
      skipMultilineEncoding: body.skipMultilineEncoding ?? false,
    });
    return { secret: secretView(reader, secret, environment) };
  };

const update =
  (fields: Target): Handler =>
  (context) => {
    const body = context.body(
      object({
        ...fields,
        secretValue: optional(string()),
        newSecretName: optional(string({ min: 1 })),
        secretComment: optional(string({ trim: true })),
      }),
    );
    const { reader, environment, folder, secretName } = writerOf(context, body, "edit");
    const secret = secretIn(reader, folder, secretName);
    if (secret === undefined) throw notFound("Secret not found");
    if (body.newSecretName !== undefined) secret.key = body.newSecretName;
    if (body.secretComment !== undefined) secret.comment = body.secretComment;
    updateSecret(context.world, secret, body.secretValue ?? secret.value);
    return { secret: secretView(reader, secret, environment) };
  };

const remove =
  (fields: Target): Handler =>
  (context) => {
    const body = context.body(object(fields));
    const { reader, environment, folder, secretName } = writerOf(context, body, "delete");
    const secret = secretIn(reader, folder, secretName);
    if (secret === undefined) throw notFound("Secret not found");
    context.world.state.secrets.remove((row) => row === secret);
    return { secret: secretView(reader, secret, environment) };
  };

function familyRoutes(base: string, fields: Target, only: { readonly only?: "2026" }): Route[] {
  const common = { ...only, auth: "identity", bucket: "secrets" } as const;
  const one = `${base}/:secretName`;
  return [
    { ...common, method: "GET", path: base, handler: list },
    { ...common, method: "GET", path: one, handler: read },
    { ...common, method: "POST", path: one, handler: create(fields) },
    { ...common, method: "PATCH", path: one, handler: update(fields) },
    { ...common, method: "DELETE", path: one, handler: remove(fields) },
  ];
}

export const secretRoutes: readonly Route[] = [
  ...familyRoutes("/api/v3/secrets/raw", v3Target, {}),
  ...familyRoutes("/api/v4/secrets", v4Target, { only: "2026" }),
];
