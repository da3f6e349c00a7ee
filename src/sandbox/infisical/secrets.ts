/** Reading secrets: lists, single ones, imports and references (infisical-api.md 1.8, 10.1). */

import { forbidden, notFound, permissionDenied, serverError } from "./errors.ts";
import { allFolders, findFolder, type FolderAt } from "./folders.ts";
import type { Ability } from "./permissions.ts";
import type { Environment, Folder, Project, Secret } from "./types.ts";
import type { World } from "./world.ts";

/** What stands in for a value its reader may not see (2026). */
const hiddenValue = "<hidden-by-infisical>";

/** A project as seen by one actor. */
export interface Reader {
  readonly world: World;
  readonly project: Project;
  readonly ability: Ability;
}

/** How a list or a single read was asked for. */
export interface ReadOptions {
  readonly expandSecretReferences: boolean;
  readonly includeImports: boolean;
  /** Ignored on E0 (10.1). */
  readonly viewSecretValue: boolean;
}

/** A secret in an answer. */
export type SecretView = Record<string, unknown>;

const attributesOf = (environment: string, secretPath: string, secretName: string) => ({
  environment,
  secretPath,
  secretName,
});

/** May the actor see that a secret is there? E0 asks for `read`; later `describeSecret` or the legacy `read`. */
function mayDescribe(reader: Reader, environment: string, path: string, name: string): boolean {
  const attributes = attributesOf(environment, path, name);
  if (reader.ability.can("read", "secrets", attributes)) return true;
  return reader.world.era.splitsSecretRead && reader.ability.can("describeSecret", "secrets", attributes);
}

function mayReadValue(reader: Reader, environment: string, path: string, name: string): boolean {
  const attributes = attributesOf(environment, path, name);
  if (reader.ability.can("read", "secrets", attributes)) return true;
  return reader.world.era.splitsSecretRead && reader.ability.can("readValue", "secrets", attributes);
}

function requireDescribe(reader: Reader, environment: string, path: string, name: string): void {
  if (mayDescribe(reader, environment, path, name)) return;
  const action = reader.world.era.splitsSecretRead ? "describeSecret" : "read";
  throw permissionDenied(action, "secrets", reader.ability.rules);
}

/** The columns every answer about a secret has; dates come with all but imports. */
export function secretView(reader: Reader, secret: Secret, environment: string): SecretView {
  return {
    id: secret.id,
    _id: secret.id,
    workspace: reader.project.id,
    environment,
    version: secret.version,
    type: "shared",
    secretKey: secret.key,
    secretValue: secret.value,
    secretComment: secret.comment,
    secretReminderNote: null,
    secretReminderRepeatDays: null,
    skipMultilineEncoding: secret.skipMultilineEncoding,
    metadata: secret.metadata,
    createdAt: secret.createdAt,
    updatedAt: secret.updatedAt,
    ...(reader.world.era.splitsSecretRead ? { secretValueHidden: false, secretMetadata: [] } : {}),
  };
}

const reference = /\$\{([^}]+)\}/gu;

/** Replaces `${KEY}` and `${env.folder.KEY}`; a missing key stays as it is, a forbidden one is a 403. */
function expand(reader: Reader, value: string, environment: string, path: string, depth = 0): string {
  if (depth > 10) return value;
  return value.replaceAll(reference, (literal: string, inner: string) => {
    const parts = inner.trim().split(".");
    const name = parts.at(-1) ?? "";
    const isLocal = parts.length === 1;
    const targetEnv = isLocal ? environment : (parts[0] ?? "");
    const targetPath = isLocal ? path : `/${parts.slice(1, -1).join("/")}`;
    if (!mayReadValue(reader, targetEnv, targetPath, name)) {
      throw forbidden(
        `You are attempting to reference secret named ${name} from environment ${targetEnv} in path ${targetPath} which you do not have access to.`,
      );
    }
    const target = findSecret(reader, targetEnv, targetPath, name);
    return target === undefined ? literal : expand(reader, target.value, targetEnv, targetPath, depth + 1);
  });
}

function findSecret(reader: Reader, environment: string, path: string, name: string): Secret | undefined {
  const { state } = reader.world;
  const env = state.environmentOf(reader.project.id, environment);
  const folder = env === undefined ? undefined : findFolder(state, env, path);
  return folder === undefined ? undefined : secretIn(reader, folder, name);
}

/** The secret of a name in one folder. */
export const secretIn = (reader: Reader, folder: Folder, name: string): Secret | undefined =>
  reader.world.state.secrets.find((row) => row.folderId === folder.id && row.key === name);

/** The value as the actor gets it. In a list a forbidden reference leaves the whole value raw (10.1). */
function valueFor(
  reader: Reader,
  secret: Secret,
  environment: string,
  path: string,
  options: ReadOptions,
  inList: boolean,
): { readonly secretValue: string; readonly secretValueHidden?: boolean } {
  const { splitsSecretRead } = reader.world.era;
  const visible = !splitsSecretRead || options.viewSecretValue;
  if (!visible || !mayReadValue(reader, environment, path, secret.key)) {
    return { secretValue: hiddenValue, secretValueHidden: true };
  }
  if (!options.expandSecretReferences) return { secretValue: secret.value };
  try {
    return { secretValue: expand(reader, secret.value, environment, path) };
  } catch (error) {
    if (!inList) throw error;
    return { secretValue: secret.value };
  }
}

/** The views of all secrets of one folder the actor may see, ordered by id as the database does. */
function viewsIn(reader: Reader, at: FolderAt, environment: string, options: ReadOptions): SecretView[] {
  return reader.world.state.secrets
    .where((row) => row.folderId === at.folder.id)
    .filter((row) => mayDescribe(reader, environment, at.path, row.key))
    .map((row) => ({
      ...secretView(reader, row, environment),
      ...valueFor(reader, row, environment, at.path, options, true),
      secretPath: at.path,
      tags: [],
    }));
}

/** The imports of a folder. What the actor may not read is left out without a word (10.1). */
function importsOf(
  reader: Reader,
  at: FolderAt,
  environment: string,
  options: ReadOptions,
  visited: ReadonlySet<string>,
): Record<string, unknown>[] {
  const { state, era } = reader.world;
  const seen = new Set([...visited, at.folder.id]);
  const here = { environment, secretPath: at.path };
  if (era.splitsSecretRead && !reader.ability.can("read", "secret-imports", here)) return [];
  const imports = state.imports.where((row) => row.folderId === at.folder.id);
  return imports.flatMap(({ environment: slug, path }) => {
    if (!mayDescribe(reader, slug, path, "*")) return [];
    const source = state.environmentOf(reader.project.id, slug);
    const folder = source === undefined ? undefined : findFolder(state, source, path);
    if (folder === undefined || seen.has(folder.id)) return [];
    const own = viewsIn(reader, { folder, path }, slug, options);
    const nested = importsOf(reader, { folder, path }, slug, options, seen).flatMap(
      (entry) => entry["secrets"] as SecretView[],
    );
    const keys = new Set(own.map((view) => view["secretKey"]));
    const secrets = [...own, ...nested.filter((view) => !keys.has(view["secretKey"]))];
    return [{ secretPath: path, environment: slug, folderId: folder.id, secrets }];
  });
}

/** The folders a recursive list covers: a plain prefix of the path, so `/shop` also takes `/shopping` (10.1). */
function permittedBelow(reader: Reader, environment: Environment, path: string): FolderAt[] {
  const prefix = path === "/" ? "" : path;
  return allFolders(reader.world.state, environment).filter(
    (at) => at.path.startsWith(prefix) && mayDescribe(reader, environment.slug, at.path, "*"),
  );
}

const byId = (a: SecretView, b: SecretView) => (String(a["id"]) < String(b["id"]) ? -1 : 1);

/** Answer of a list. The key `imports` is there when asked for, and on E0 also when the folder is missing. */
export interface SecretList {
  readonly secrets: SecretView[];
  readonly imports?: Record<string, unknown>[];
}

function missingFolder(reader: Reader, environment: string, path: string): SecretList {
  if (!reader.world.era.missingFolderIs404) return { secrets: [], imports: [] };
  throw notFound(`Folder with path '${path}' in environment with slug '${environment}' not found`);
}

/** The secrets of a folder, or of the subtree. A recursive list is never a 403 (10.1). */
export function listSecrets(
  reader: Reader,
  environment: string,
  path: string,
  recursive: boolean,
  options: ReadOptions,
): SecretList {
  const { state } = reader.world;
  const env = state.environmentOf(reader.project.id, environment);
  let folders: FolderAt[];
  if (recursive) {
    if (env === undefined) {
      if (!reader.world.era.missingFolderIs404) throw serverError();
      return missingFolder(reader, environment, path);
    }
    folders = permittedBelow(reader, env, path);
  } else {
    requireDescribe(reader, environment, path, "*");
    const folder = env === undefined ? undefined : findFolder(state, env, path);
    if (folder === undefined) return missingFolder(reader, environment, path);
    folders = [{ folder, path }];
  }
  const secrets = folders.flatMap((at) => viewsIn(reader, at, environment, options)).toSorted(byId);
  if (!options.includeImports) return { secrets };
  const imports = folders.flatMap((at) => importsOf(reader, at, environment, options, new Set()));
  return { secrets, imports };
}

/** The folder a single secret is read from or written to; E0 names the operation `Create secret` in every case. */
export function requireFolder(reader: Reader, environment: string, path: string): Folder {
  const { state, era } = reader.world;
  const env = state.environmentOf(reader.project.id, environment);
  const folder = env === undefined ? undefined : findFolder(state, env, path);
  if (folder !== undefined) return folder;
  if (era.missingFolderIs404) {
    throw notFound(`Folder with path '${path}' in environment with slug '${environment}' not found`);
  }
  throw notFound("Folder not found for the given environment slug & secret path", "Create secret");
}

/** One secret by name, from the folder itself or (when asked) from its imports. */
export function getSecret(
  reader: Reader,
  environment: string,
  path: string,
  name: string,
  options: ReadOptions & { readonly version: number | undefined },
): SecretView {
  requireDescribe(reader, environment, path, name);
  const folder = requireFolder(reader, environment, path);
  const secret = secretIn(reader, folder, name);
  const older = options.version === undefined ? undefined : secret?.olderValues[options.version - 1];
  if (secret !== undefined) {
    const shown =
      older === undefined ? secret : { ...secret, value: older, version: options.version ?? secret.version };
    return {
      ...secretView(reader, shown, environment),
      ...valueFor(reader, shown, environment, path, options, false),
      ...(reader.world.era.splitsSecretRead ? { secretPath: path } : {}),
      tags: [],
    };
  }
  const imported = options.includeImports
    ? importsOf(reader, { folder, path }, environment, options, new Set())
        .toReversed()
        .flatMap((entry) => entry["secrets"] as SecretView[])
        .find((view) => view["secretKey"] === name)
    : undefined;
  if (imported === undefined) throw notFound("Secret not found");
  return imported;
}
