/** Projects and environments: how they come into being. */

import { badRequest, serverError } from "./errors.ts";
import { removeFolder } from "./folders.ts";
import type { State } from "./state.ts";
import type { Environment, Identity, MembershipRole, Project, ProjectMembership } from "./types.ts";
import type { World } from "./world.ts";

/** The environments of a new project, unless told otherwise. */
export const defaultEnvironments = [
  { name: "Development", slug: "dev" },
  { name: "Staging", slug: "staging" },
  { name: "Production", slug: "prod" },
] as const;

/** `slugify()` as the server uses it: lower case, hyphens, nothing else. */
const slugify = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replaceAll(/^-|-$/gu, "");

/** The slug rule of section 3. */
export const isSlug = (text: string): boolean => /^[a-z0-9]+(?:-[a-z0-9]+)*$/u.test(text);

/** A slug of the name with four random letters, as in the recorded `kubernetes-secrets-demo-fp-xn`. */
function generatedSlug(state: State, name: string): string {
  const letters = [...state.random.bytes(4)].map((byte) => String.fromCodePoint(97 + (byte % 26))).join("");
  return `${slugify(name)}-${letters.slice(0, 2)}-${letters.slice(2)}`;
}

/** Adds an environment with its root folder, at the end or at `position` (the others move down). */
export function insertEnvironment(
  state: State,
  projectId: string,
  name: string,
  slug: string,
  position?: number,
): Environment {
  const siblings = state.environmentsOf(projectId);
  const place = Math.min(position ?? siblings.length + 1, siblings.length + 1);
  for (const sibling of siblings) {
    if (sibling.position >= place) sibling.position += 1;
  }
  const rootFolderId = state.random.uuid();
  const environment = state.environments.insert({
    ...state.stamp(),
    projectId,
    name,
    slug,
    position: place,
    rootFolderId,
  });
  state.folders.insert({
    ...state.stamp(),
    id: rootFolderId,
    envId: environment.id,
    parentId: null,
    name: "root",
    description: null,
    version: 1,
  });
  return environment;
}

/** Removes an environment with its folders and secrets. */
export function removeEnvironment(state: State, environment: Environment): void {
  const root = state.folders.get(environment.rootFolderId);
  if (root !== undefined) removeFolder(state, root);
  state.environments.remove((row) => row === environment);
}

interface NewProject {
  readonly orgId: string;
  readonly name: string;
  readonly slug?: string | undefined;
  readonly type?: string;
  readonly description?: string | null;
  readonly hasDeleteProtection?: boolean;
  readonly environments?: readonly { readonly name: string; readonly slug: string }[];
}

/** Adds a project. A slug that is taken: E0 500 `Create` (run), later 400. */
export function insertProject(world: World, wanted: NewProject): Project {
  const { state, era } = world;
  const slug = wanted.slug ?? generatedSlug(state, wanted.name);
  if (state.projects.find((row) => row.slug === slug && row.orgId === wanted.orgId) !== undefined) {
    if (!era.modernIdentities) throw serverError("Create");
    throw badRequest(`A project with the slug "${slug}" already exists in your organization.`);
  }
  const project = state.projects.insert({
    ...state.stamp(),
    orgId: wanted.orgId,
    name: wanted.name,
    slug,
    type: wanted.type ?? "secret-manager",
    description: wanted.description ?? null,
    hasDeleteProtection: wanted.hasDeleteProtection ?? false,
  });
  for (const { name, slug: envSlug } of wanted.environments ?? defaultEnvironments) {
    insertEnvironment(state, project.id, name, envSlug);
  }
  return project;
}

/** A role of a membership, permanent. */
export function membershipRole(state: State, role: string, customRoleId: string | null): MembershipRole {
  return {
    ...state.stamp(),
    role: customRoleId === null ? role : "custom",
    customRoleId,
    isTemporary: false,
    temporaryMode: null,
    temporaryRange: null,
    temporaryAccessStartTime: null,
    temporaryAccessEndTime: null,
  };
}

/** Makes an identity a member of a project. */
export function insertMembership(
  state: State,
  projectId: string,
  identity: Identity,
  roles: MembershipRole[],
): ProjectMembership {
  return state.memberships.insert({ ...state.stamp(), projectId, identityId: identity.id, roles });
}

/** Ends memberships, and with them their additional privileges (10.2). */
export function removeMemberships(state: State, match: (row: ProjectMembership) => boolean): void {
  const ids = new Set(state.memberships.where(match).map((row) => row.id));
  state.privileges.remove((row) => ids.has(row.membershipId));
  state.memberships.remove(match);
}

/** Removes a project with everything in it. */
export function removeProject(state: State, project: Project): void {
  for (const environment of state.environmentsOf(project.id)) removeEnvironment(state, environment);
  removeMemberships(state, (row) => row.projectId === project.id);
  state.roles.remove((row) => row.projectId === project.id);
  state.projects.remove((row) => row === project);
}
