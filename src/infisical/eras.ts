import type { ServerTraits } from "./infisical.ts";

/**
 * One operation's way to the server: `METHOD path?query`, `:name` is filled in. Where an operation has several, the next is
 * tried only when the server does not know the route at all.
 */
export type Routes = readonly [string, ...string[]];

export type Operation =
  | "listProjects"
  | "projectBySlug"
  | "createProject"
  | "createEnvironment"
  | "listFolders"
  | "createFolder"
  | "listSecrets"
  | "getSecret"
  | "createSecret"
  | "organizationOfIdentity"
  | "organizationsOfUser"
  | "identity"
  | "identitiesOfOrganization"
  | "searchIdentities"
  | "createIdentity"
  | "updateIdentity"
  | "deleteIdentity"
  | "projectIdentities"
  | "projectIdentity"
  | "createProjectIdentity"
  | "updateProjectIdentity"
  | "deleteProjectIdentity"
  | "role"
  | "createRole"
  | "updateRole"
  | "deleteRole"
  | "privilege"
  | "listPrivileges"
  | "createPrivilege"
  | "deletePrivilege"
  | "membership"
  | "listMemberships"
  | "createMembership"
  | "updateMembership"
  | "deleteMembership"
  | "permissionsOfUser"
  | "organizationPermissionsOfUser";

/** What differs between servers. Chosen once per session by `probe` (infisical-api.md 1.9). */
export interface Era {
  readonly traits: ServerTraits;
  readonly routes: Readonly<Record<Operation, Routes>>;
  /** Actions on `secrets` that let names and values be read (2.2). Mixing both schemas is refused. */
  readonly readActions: readonly string[];
  /** Following imports is a permission of its own, not part of `read`. */
  readonly importsAreApart: boolean;
  /** How a privilege's rules travel: `plain` as roles; `narrow`: one action, environment a text, path a glob (10.2). */
  readonly privilegeRules: "plain" | "narrow";
  /** Reading one membership hides doubled rows; the list does not (10.6). */
  readonly membershipRowsDouble: boolean;
  /** Servers with `verifyTlsCertificate` refuse to lose a CA while it is on (1.5, E4). */
  readonly verifiesTls: boolean;
}

/** The same in every era (1.1, 1.4, 1.5, 1.8). */
export const COMMON = {
  status: "GET /api/status",
  probe: "GET /api/v1/projects",
  login: "POST /api/v1/auth/universal-auth/login",
  revoke: "POST /api/v1/auth/token/revoke",
  universalAuth: "GET /api/v1/auth/universal-auth/identities/:identityId",
  removeUniversalAuth: "DELETE /api/v1/auth/universal-auth/identities/:identityId",
  kubernetesAuth: "GET /api/v1/auth/kubernetes-auth/identities/:identityId",
  attachKubernetesAuth: "POST /api/v1/auth/kubernetes-auth/identities/:identityId",
  updateKubernetesAuth: "PATCH /api/v1/auth/kubernetes-auth/identities/:identityId",
  kubernetesLogin: "POST /api/v1/auth/kubernetes-auth/login",
  /** What ESO's Infisical provider calls: v3 raw, by slug, with an empty workspaceId left out. */
  listAsEso:
    "GET /api/v3/secrets/raw?workspaceSlug=:projectSlug&environment=:environment&secretPath=:path&include_imports=true&expandSecretReferences=true&recursive=:recursive",
} as const;

const place = "environment=:environment&secretPath=:path";

/** Routes that every era knows by the same name. */
const shared = {
  organizationOfIdentity: ["GET /api/v1/identities/details"],
  organizationsOfUser: ["GET /api/v1/organization"],
  identity: ["GET /api/v1/identities/:identityId"],
  identitiesOfOrganization: ["GET /api/v1/identities?orgId=:organizationId"],
  searchIdentities: ["POST /api/v1/identities/search"],
  createIdentity: ["POST /api/v1/identities"],
  updateIdentity: ["PATCH /api/v1/identities/:identityId"],
  deleteIdentity: ["DELETE /api/v1/identities/:identityId"],
  projectIdentities: ["GET /api/v1/projects/:projectId/identities?offset=:offset&limit=:limit&search=:name"],
  projectIdentity: ["GET /api/v1/projects/:projectId/identities/:identityId"],
  createProjectIdentity: ["POST /api/v1/projects/:projectId/identities"],
  updateProjectIdentity: ["PATCH /api/v1/projects/:projectId/identities/:identityId"],
  deleteProjectIdentity: ["DELETE /api/v1/projects/:projectId/identities/:identityId"],
  organizationPermissionsOfUser: ["GET /api/v1/organization/:organizationId/permissions"],
} as const satisfies Partial<Record<Operation, Routes>>;

/** Membership and role paths in the order of infisical-api.md 1.9, points 4 and 5. */
const membership2026 = (method: string): Routes => [
  `${method} /api/v1/projects/:projectId/memberships/identities/:identityId`,
  `${method} /api/v1/projects/:projectId/identity-memberships/:identityId`,
  `${method} /api/v2/workspace/:projectId/identity-memberships/:identityId`,
];
const membership2024 = (method: string): Routes => [
  `${method} /api/v2/workspace/:projectId/identity-memberships/:identityId`,
];
/** Never the 2024 role route on a newer server: it widens the rules it is given (2.2). */
const roles2026 = (method: string, rest = ""): Routes => [
  `${method} /api/v1/projects/:projectId/roles${rest}`,
  `${method} /api/v2/workspace/:projectId/roles${rest}`,
];
const roles2024 = (method: string, rest = ""): Routes => [
  `${method} /api/v1/workspace/:projectSlug/roles${rest}`,
];
const rows = "?offset=:offset&limit=:limit";
const PRIVILEGES = "/api/v2/identity-project-additional-privilege";
const PRIVILEGES_2024 = "/api/v1/additional-privilege/identity";

/** Recorded from a server of October 2024 (`shared/contracts/infisical-2024-10.recorded.json`). */
const era2024: Era = {
  traits: {
    era: "2024",
    identityMetadata: true,
    projectIdentities: false,
    manyAuthMethods: false,
    selfReview: false,
    attachValidates: false,
  },
  readActions: ["read"],
  importsAreApart: false,
  privilegeRules: "narrow",
  membershipRowsDouble: true,
  verifiesTls: false,
  routes: {
    ...shared,
    listProjects: ["GET /api/v2/organizations/:organizationId/workspaces"],
    projectBySlug: ["GET /api/v2/workspace/:projectSlug"],
    createProject: ["POST /api/v2/workspace"],
    createEnvironment: ["POST /api/v1/workspace/:projectId/environments"],
    listFolders: ["GET /api/v1/folders?workspaceId=:projectId&environment=:environment&path=:path"],
    createFolder: ["POST /api/v1/folders"],
    listSecrets: [`GET /api/v3/secrets/raw?workspaceId=:projectId&${place}`],
    getSecret: [`GET /api/v3/secrets/raw/:name?workspaceId=:projectId&${place}`],
    createSecret: ["POST /api/v3/secrets/raw/:name"],
    role: roles2024("GET", "/slug/:slug"),
    createRole: roles2024("POST"),
    updateRole: roles2024("PATCH", "/:roleId"),
    deleteRole: roles2024("DELETE", "/:roleId"),
    privilege: [`GET ${PRIVILEGES_2024}/:slug?identityId=:identityId&projectSlug=:projectSlug`],
    listPrivileges: [`GET ${PRIVILEGES_2024}?identityId=:identityId&projectSlug=:projectSlug`],
    createPrivilege: [`POST ${PRIVILEGES_2024}/permanent`],
    deletePrivilege: [`DELETE ${PRIVILEGES_2024}`],
    membership: membership2024("GET"),
    listMemberships: [`GET /api/v2/workspace/:projectId/identity-memberships${rows}`],
    createMembership: membership2024("POST"),
    updateMembership: membership2024("PATCH"),
    deleteMembership: membership2024("DELETE"),
    permissionsOfUser: ["GET /api/v1/workspace/:projectId/permissions"],
  },
};

/** Read in the sources of 2026 (E2 to E5); each older path stays registered there as the next choice. */
const era2026: Era = {
  traits: {
    era: "2026",
    identityMetadata: true,
    projectIdentities: true,
    manyAuthMethods: true,
    selfReview: true,
    attachValidates: true,
  },
  readActions: ["describeSecret", "readValue"],
  importsAreApart: true,
  privilegeRules: "plain",
  membershipRowsDouble: false,
  verifiesTls: true,
  routes: {
    ...shared,
    listProjects: ["GET /api/v1/projects"],
    projectBySlug: ["GET /api/v1/projects/slug/:projectSlug"],
    createProject: ["POST /api/v1/projects", "POST /api/v2/workspace"],
    createEnvironment: [
      "POST /api/v1/projects/:projectId/environments",
      "POST /api/v1/workspace/:projectId/environments",
    ],
    listFolders: [
      "GET /api/v2/folders?projectId=:projectId&environment=:environment&path=:path",
      "GET /api/v1/folders?workspaceId=:projectId&environment=:environment&path=:path",
    ],
    createFolder: ["POST /api/v2/folders", "POST /api/v1/folders"],
    listSecrets: [
      `GET /api/v4/secrets?projectId=:projectId&${place}&viewSecretValue=false`,
      `GET /api/v3/secrets/raw?workspaceId=:projectId&${place}&viewSecretValue=false`,
    ],
    getSecret: [
      `GET /api/v4/secrets/:name?projectId=:projectId&${place}`,
      `GET /api/v3/secrets/raw/:name?workspaceId=:projectId&${place}`,
    ],
    createSecret: ["POST /api/v4/secrets/:name", "POST /api/v3/secrets/raw/:name"],
    role: roles2026("GET", "/slug/:slug"),
    createRole: roles2026("POST"),
    updateRole: roles2026("PATCH", "/:roleId"),
    deleteRole: roles2026("DELETE", "/:roleId"),
    privilege: [`GET ${PRIVILEGES}/slug/:slug?identityId=:identityId&projectSlug=:projectSlug`],
    listPrivileges: [`GET ${PRIVILEGES}?identityId=:identityId&projectId=:projectId`],
    createPrivilege: [`POST ${PRIVILEGES}`],
    deletePrivilege: [`DELETE ${PRIVILEGES}/:privilegeId`],
    membership: membership2026("GET"),
    listMemberships: [`GET /api/v1/projects/:projectId/memberships/identities${rows}`],
    createMembership: membership2026("POST"),
    updateMembership: membership2026("PATCH"),
    deleteMembership: membership2026("DELETE"),
    permissionsOfUser: [
      "GET /api/v1/projects/:projectId/permissions",
      "GET /api/v1/workspace/:projectId/permissions",
    ],
  },
};

export const ERAS: Readonly<Record<ServerTraits["era"], Era>> = { "2024": era2024, "2026": era2026 };

/** A route with its parameters filled in, each encoded. */
export function fillRoute(
  route: string,
  params: Readonly<Record<string, string>> = {},
): { method: string; path: string } {
  const [method = "GET", template = ""] = route.split(" ");
  const path = template.replaceAll(/:([A-Za-z]+)/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ""),
  );
  return { method, path };
}
