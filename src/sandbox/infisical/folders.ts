/** Folders as paths. A path is resolved by its non-empty segments, so `shop` and `//shop` find `/shop` too (E0). */

import type { State } from "./state.ts";
import type { Environment, Folder } from "./types.ts";

const segmentsOf = (path: string) => path.split("/").filter((segment) => segment !== "");

/** The path the server looks up: one trailing slash is removed, nothing else. */
export const withoutTrailingSlash = (path: string): string =>
  path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;

/** The subfolders of a folder, by name. */
export const childrenOf = (state: State, parentId: string): Folder[] =>
  state.folders.where((row) => row.parentId === parentId).toSorted((a, b) => (a.name < b.name ? -1 : 1));

function childNamed(state: State, parentId: string, name: string): Folder | undefined {
  return state.folders.find((row) => row.parentId === parentId && row.name === name);
}

/** The folder at a path, if it is there. */
export function findFolder(state: State, environment: Environment, path: string): Folder | undefined {
  let folder = state.folders.get(environment.rootFolderId);
  for (const segment of segmentsOf(path)) {
    if (folder === undefined) return undefined;
    folder = childNamed(state, folder.id, segment);
  }
  return folder;
}

/** Makes one folder, whatever is there already (two callers at once get two rows, 10.6). */
export function insertFolder(state: State, parent: Folder, name: string, description: string | null): Folder {
  return state.folders.insert({
    ...state.stamp(),
    envId: parent.envId,
    parentId: parent.id,
    name,
    description,
    version: 1,
  });
}

/** The folder at a path, with every folder above it: `mkdir -p`. */
export function ensureFolder(state: State, environment: Environment, path: string): Folder {
  let folder = state.folders.get(environment.rootFolderId);
  if (folder === undefined) throw new Error(`environment ${environment.slug} has no root folder`);
  for (const segment of segmentsOf(path)) {
    folder = childNamed(state, folder.id, segment) ?? insertFolder(state, folder, segment, null);
  }
  return folder;
}

/** A folder and its full path. */
export interface FolderAt {
  readonly folder: Folder;
  readonly path: string;
}

/** Every folder of an environment, parents first. */
export function allFolders(state: State, environment: Environment): FolderAt[] {
  const root = state.folders.get(environment.rootFolderId);
  if (root === undefined) return [];
  const walk = (folder: Folder, path: string): FolderAt[] => [
    { folder, path },
    ...childrenOf(state, folder.id).flatMap((child) =>
      walk(child, path === "/" ? `/${child.name}` : `${path}/${child.name}`),
    ),
  ];
  return walk(root, "/");
}

/** The path of a folder within its environment. */
export function pathOf(state: State, folder: Folder): string {
  if (folder.parentId === null) return "/";
  const parent = state.folders.get(folder.parentId);
  const above = parent === undefined ? "/" : pathOf(state, parent);
  return above === "/" ? `/${folder.name}` : `${above}/${folder.name}`;
}

/** Removes a folder with everything below it. */
export function removeFolder(state: State, folder: Folder): void {
  for (const child of childrenOf(state, folder.id)) removeFolder(state, child);
  state.secrets.remove((row) => row.folderId === folder.id);
  state.imports.remove((row) => row.folderId === folder.id);
  state.folders.remove((row) => row === folder);
}
