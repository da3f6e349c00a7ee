import type { DesiredSecret, DesiredStore } from "../desired/desired.ts";
import { isBootstrapError } from "../errors.ts";
import type { RoadContext } from "./context.ts";

/** Which keys of a secret Infisical does not have. `folderIsEmpty`: there is nothing at all, and nothing will be typed in. */
export interface MissingKeys {
  readonly keys: readonly string[];
  readonly exist: readonly string[];
  readonly folderIsEmpty: boolean;
}

/** Compares a secret's keys with the names in Infisical. Where we may not list them, ESO's own answer will tell. */
export async function missingKeys(context: RoadContext, secret: DesiredSecret): Promise<MissingKeys> {
  const { store, keys } = secret;
  const typedAt = (path: string) =>
    context.desired.firstValues
      .filter((value) => (value.path ?? store.path) === path)
      .map(({ name }) => name);
  const typed = typedAt(store.path);
  const own = await namesAt(context, secret, store.path);
  const unknown = own === undefined || (own.length === 0 && !(await willBeThere(context, store)));
  if (unknown) return { keys: [], exist: [], folderIsEmpty: false };
  const wanted = keys === "all" ? [] : keys.map(({ key }) => place(key, store.path));
  const empty = own.length === 0 && typed.length === 0 && wanted.every(({ path }) => path === store.path);
  const byPath = new Map<string, readonly string[] | undefined>([[store.path, [...own, ...typed]]]);
  for (const { path } of wanted)
    if (!byPath.has(path)) {
      const names = await namesAt(context, secret, path);
      byPath.set(path, names && [...names, ...typedAt(path)]);
    }
  const missing = wanted.filter(({ path, name }) => byPath.get(path)?.includes(name) === false);
  return { keys: missing.map(({ full }) => full), exist: own, folderIsEmpty: empty };
}

/** False: step `project` refuses the place, and that nothing is in it is no news then. */
async function willBeThere(
  { desired, facts, infisical }: RoadContext,
  store: DesiredStore,
): Promise<boolean> {
  if (desired.infisical.create) return true;
  const { environment, path } = store;
  const project = await facts.project(store.project);
  if (!project?.environments.some(({ slug }) => slug === environment)) return false;
  return path === "/" || infisical.folderExists({ project, environment, path });
}

async function namesAt(
  { facts }: RoadContext,
  { store }: DesiredSecret,
  path: string,
): Promise<readonly string[] | undefined> {
  try {
    return await facts.names(store, path);
  } catch (error) {
    if (isBootstrapError(error) && error.code === "ESOB-I109") return undefined;
    throw error;
  }
}

/** Where ESO looks for a key: `NAME` in the store's path, `/path/NAME` there, `sub/NAME` below it (eso.md 2.2). */
export function place(key: string, storePath: string): { path: string; name: string; full: string } {
  const slash = key.lastIndexOf("/");
  const name = key.slice(slash + 1);
  const folder = key.slice(0, Math.max(0, slash));
  if (slash < 0) return { path: storePath, name, full: key };
  if (key.startsWith("/")) return { path: folder || "/", name, full: key };
  return { path: `${storePath === "/" ? "" : storePath}/${folder}`, name, full: key };
}

export const wantedScopes = ({ store }: DesiredSecret) => `${store.environment}:${store.path}`;
