/** Routes and rules of a 2026 server: sections 1.2 to 1.8 of infisical-api.md, read there in its sources. */

import { afterEach, describe, expect, test } from "vitest";
import {
  startInfisical,
  type InfisicalOptions,
  type InfisicalServer,
} from "../../src/sandbox/infisical/index.ts";
import { clientOf, type Reply, type Send } from "./sandbox-infisical-client.ts";

let server: InfisicalServer;
afterEach(() => server.stop());

interface Scene {
  readonly send: Send;
  readonly projectId: string;
}

async function open(options: Partial<InfisicalOptions> = {}): Promise<Scene> {
  server = await startInfisical({ generation: "2026", ...options });
  const project = server.createProject("Shop", "shop-project");
  server.addMember(project.id, server.operator.identityId, "admin");
  return { send: clientOf(server), projectId: project.id };
}

const said = (reply: Reply) => [reply.status, reply.body["message"]];
const firstIssue = (reply: Reply) => [
  reply.status,
  reply.body["error"],
  reply.body["message"]?.[0]?.["message"],
];
const rule = {
  subject: "secrets",
  action: ["describeSecret", "readValue"],
  conditions: { environment: { $eq: "prod" }, secretPath: { $eq: "/shop" } },
};
const role = { slug: "k8s-shop", name: "k8s shop", permissions: [rule] };
const rbacText =
  "Failed to create custom role due to plan RBAC restriction. Upgrade to Infisical Enterprise plan to create custom roles.";

describe("projects, environments, folders", () => {
  test("who am I, and what may I see", async () => {
    const { send, projectId } = await open();
    const details = await send("GET", "/api/v1/identities/details");
    expect(details.body).toEqual({ identityDetails: { organization: server.organization } });
    server.createProject("Hidden", "hidden-project");
    const list = await send("GET", "/api/v1/projects?type=secret-manager");
    expect(list.body["projects"]?.map((row) => row["slug"])).toEqual(["shop-project"]);
    const bySlug = await send("GET", "/api/v1/projects/slug/shop-project");
    expect([bySlug.body["id"], bySlug.body["type"]]).toEqual([projectId, "secret-manager"]);
    expect(
      (await send("GET", `/api/v1/projects/${projectId}`)).body["project"]?.["environments"],
    ).toHaveLength(3);
  });

  test("a project one is no member of, and one that is not there", async () => {
    const { send } = await open();
    const hidden = server.createProject("Hidden", "hidden-project");
    const refused = await send("GET", `/api/v1/projects/${hidden.id}`);
    expect([refused.status, refused.body["error"]]).toEqual([403, "ProjectMembershipNotFound"]);
    expect(refused.body["message"]).toContain(`You are not a member of this project with ID ${hidden.id}.`);
    const nobody = "3dafd81d-4388-432b-a4c5-f735616868c1";
    expect(said(await send("GET", `/api/v1/projects/${nobody}`))).toEqual([
      404,
      `Project with ${nobody} not found`,
    ]);
  });

  test("make a project, an environment, folders", async () => {
    const { send } = await open();
    const made = await send("POST", "/api/v1/projects", { projectName: "New", slug: "new-project" });
    const project = made.body["project"];
    expect(made.status).toBe(200);
    expect(said(await send("POST", "/api/v1/projects", { projectName: "New", slug: "new-project" }))).toEqual(
      [400, 'A project with the slug "new-project" already exists in your organization.'],
    );
    expect(firstIssue(await send("POST", "/api/v1/projects", { projectName: "x".repeat(65) }))[0]).toBe(422);
    const environments = `/api/v1/projects/${project?.["id"]}/environments`;
    const environment = await send("POST", environments, { name: "QA", slug: "qa" });
    expect(Object.keys(environment.body).toSorted()).toEqual(["environment", "message", "projectId"]);
    expect(said(await send("POST", environments, { name: "QA", slug: "qa" }))).toEqual([
      400,
      "Environment with slug already exist",
    ]);
    const folder = { projectId: project?.["id"], environment: "qa", path: "/a/b/", name: "c" };
    const first = await send("POST", "/api/v2/folders", folder);
    expect(first.body["folder"]?.["path"]).toBe("/a/b/c");
    expect((await send("POST", "/api/v2/folders", folder)).body["folder"]?.["id"]).toBe(
      first.body["folder"]?.["id"],
    );
    const list = await send(
      "GET",
      `/api/v2/folders?projectId=${project?.["id"]}&environment=qa&recursive=true`,
    );
    expect(list.body["folders"]?.map((row) => row["relativePath"])).toEqual(["/a", "/a/b", "/a/b/c"]);
    expect(firstIssue(await send("POST", "/api/v2/folders", { ...folder, name: "c d" }))[2]).toContain(
      "Invalid folder name.",
    );
  });

  test("an organization admin sees all projects and may join one; of October 2024 only a user may", async () => {
    const { send } = await open();
    const hidden = server.createProject("Hidden", "hidden-project");
    const grant = `/api/v1/organization-admin/projects/${hidden.id}/grant-admin-access`;
    const all = await send("GET", "/api/v1/organization-admin/projects");
    expect(all.body["count"]).toBe(2);
    expect((await send("POST", grant)).status).toBe(200);
    expect((await send("GET", `/api/v1/projects/${hidden.id}`)).status).toBe(200);
    await server.stop();
    const old = await open({ generation: "2024-10" });
    const refused = await old.send("POST", grant);
    expect([refused.status, refused.body["error"]]).toEqual([403, `Forbidden access to ${grant}`]);
  });

  test("the old paths still answer", async () => {
    const { send, projectId } = await open();
    expect((await send("GET", `/api/v1/workspace/${projectId}`)).body["workspace"]?.["id"]).toBe(projectId);
    const organization = server.organization.id;
    const list = await send("GET", `/api/v2/organizations/${organization}/workspaces`);
    expect(list.body["workspaces"]).toHaveLength(1);
    const folders = await send("GET", `/api/v1/folders?workspaceId=${projectId}&environment=dev`);
    expect(folders.body).toEqual({ folders: [] });
  });

  test("plan: the environment limit", async () => {
    const { send, projectId } = await open({ plan: { environmentLimit: 3 } });
    const reply = await send("POST", `/api/v1/projects/${projectId}/environments`, { name: "q", slug: "qa" });
    expect(said(reply)).toEqual([
      400,
      "Failed to create environment due to environment limit reached. Upgrade plan to create more environments.",
    ]);
  });
});

describe("roles", () => {
  const rolesPath = (projectId: string) => `/api/v1/projects/${projectId}/roles`;

  test("a free plan has none", async () => {
    const { send, projectId } = await open();
    expect(said(await send("POST", rolesPath(projectId), role))).toEqual([400, rbacText]);
    expect(said(await send("POST", `/api/v2/workspace/${projectId}/roles`, role))).toEqual([400, rbacText]);
    server.createRole(projectId, "earlier", []);
    const identity = server.createIdentity({ name: "x" });
    const path = `/api/v1/projects/${projectId}/memberships/identities/${identity.id}`;
    expect(said(await send("POST", path, { roles: [{ role: "earlier" }] }))[1]).toContain(
      "Failed to assign custom role to identity due to plan RBAC restriction.",
    );
  });

  test("with the plan: create, read back, list, change, delete", async () => {
    const { send, projectId } = await open({ plan: { rbac: true } });
    const path = rolesPath(projectId);
    const made = await send("POST", path, role);
    expect(made.body["role"]?.["permissions"]).toEqual([rule]);
    expect(said(await send("POST", path, role))).toEqual([400, "Role with k8s-shop already exists"]);
    const id = made.body["role"]?.["id"] ?? "";
    expect((await send("GET", `/api/v1/projects/roles/${id}`)).body["role"]?.["slug"]).toBe("k8s-shop");
    expect((await send("GET", `${path}/slug/k8s-shop`)).body["role"]?.["id"]).toBe(id);
    const list = await send("GET", path);
    expect(list.body["roles"]?.map((row) => row["slug"])).toEqual([
      "admin",
      "member",
      "viewer",
      "no-access",
      "k8s-shop",
    ]);
    const identity = server.createIdentity({ name: "x" });
    server.addMember(projectId, identity.id, "k8s-shop");
    expect(said(await send("DELETE", `${path}/${id}`))[1]).toContain("Role is assigned to 1 identity");
    expect(said(await send("GET", `${path}/slug/none`))).toEqual([404, "Role with slug none not found"]);
  });

  test("what a body may not hold", async () => {
    const { send, projectId } = await open({ plan: { rbac: true } });
    const path = rolesPath(projectId);
    expect(firstIssue(await send("POST", path, { ...role, slug: "My_Role" }))).toEqual([
      422,
      "ValidationFailure",
      "Slug field can only contain lowercase letters, numbers, and hyphens",
    ]);
    expect(firstIssue(await send("POST", path, { ...role, slug: "admin" }))[2]).toBe(
      "Please choose a different slug, the slug you have entered is reserved",
    );
    const relative = [{ ...rule, conditions: { secretPath: { $eq: "shop" } } }];
    const reply = await send("POST", path, { ...role, permissions: relative });
    expect(reply.status).toBe(422);
    expect(reply.text).toContain("Invalid Secret Path; it must start with a '/'");
    const legacy = [{ ...rule, action: ["read", "describeSecret", "readValue"] }];
    expect(said(await send("POST", path, { ...role, permissions: legacy }))[1]).toContain(
      "You have selected Read, and both Read Value and Describe Secret.",
    );
  });

  test("the old route widens what it is given", async () => {
    const { send } = await open({ plan: { rbac: true } });
    const conditions = { environment: "prod", secretPath: "/shop" };
    const made = await send("POST", "/api/v1/workspace/shop-project/roles", {
      ...role,
      permissions: [{ subject: "secrets", action: ["read"], conditions }],
    });
    expect(made.body["role"]?.["permissions"]).toEqual([
      { subject: "secrets", action: ["read", "readValue"], conditions },
      { subject: "secret-imports", action: ["read"], conditions },
      { subject: "dynamic-secrets", action: ["read-root-credential"], conditions },
    ]);
  });
});

describe("identities", () => {
  test("organization identities: create with metadata, search, protect", async () => {
    const { send } = await open();
    const made = await send("POST", "/api/v1/identities", {
      name: "eso prod",
      organizationId: server.organization.id,
      hasDeleteProtection: true,
      metadata: [{ key: "managed-by", value: "cli" }],
    });
    const id = made.body["identity"]?.["id"] ?? "";
    expect(made.body["identity"]).toMatchObject({
      authMethods: [],
      hasDeleteProtection: true,
      projectId: null,
    });
    const found = await send("POST", "/api/v1/identities/search", { search: { name: { $contains: "ESO" } } });
    expect(found.body["totalCount"]).toBe(1);
    expect(found.body["identities"]?.[0]?.["identity"]?.["id"]).toBe(id);
    expect((await send("POST", "/api/v1/identities/search", { search: { name: "a%b" } })).status).toBe(422);
    expect((await send("GET", `/api/v1/identities/${id}`)).body["identity"]?.["metadata"]?.[0]).toMatchObject(
      {
        key: "managed-by",
        value: "cli",
      },
    );
    expect(said(await send("DELETE", `/api/v1/identities/${id}`))).toEqual([
      400,
      "Cannot delete identity while delete protection is enabled",
    ]);
  });

  test("a project-scoped identity needs no right in the organization", async () => {
    const { send, projectId } = await open({ operator: { orgRole: "no-access" } });
    const all = `/api/v1/projects/${projectId}/identities`;
    const made = await send("POST", all, { name: "eso", metadata: [{ key: "k", value: "v" }] });
    const id = made.body["identity"]?.["id"] ?? "";
    expect(made.body["identity"]).toMatchObject({ projectId, authMethods: [] });
    expect((await send("GET", all)).body["totalCount"]).toBe(1);
    const membership = `/api/v1/projects/${projectId}/memberships/identities/${id}`;
    const first = await send("GET", membership);
    expect(first.body["identityMembership"]?.["roles"]?.[0]?.["role"]).toBe("no-access");
    expect(said(await send("DELETE", membership))).toEqual([
      400,
      "Failed to delete project membership for a project scoped identity",
    ]);
    const patched = await send("PATCH", membership, { roles: [{ role: "viewer" }] });
    expect(patched.body["identityMembership"]?.["roles"]?.[0]?.["role"]).toBe("viewer");
    expect((await send("GET", `/api/v1/auth/kubernetes-auth/identities/${id}`)).status).toBe(404);
    await send("PATCH", `${all}/${id}`, { hasDeleteProtection: true });
    await send("PATCH", `${all}/${id}`, { hasDeleteProtection: false });
    expect((await send("DELETE", `${all}/${id}`)).status).toBe(400);
    await send("PATCH", `${all}/${id}`, { name: "eso", hasDeleteProtection: false });
    expect((await send("DELETE", `${all}/${id}`)).status).toBe(200);
    expect(said(await send("GET", `${all}/${id}`))).toEqual([404, `Identity with id ${id} not found`]);
  });

  test("a project-scoped identity in another project is refused", async () => {
    const { send, projectId } = await open();
    const other = server.createProject("Other", "other-project");
    server.addMember(other.id, server.operator.identityId, "admin");
    const scoped = server.createIdentity({ name: "eso", project: projectId });
    const path = `/api/v1/projects/${other.id}/memberships/identities/${scoped.id}`;
    expect(said(await send("POST", path, {}))).toEqual([
      400,
      "Failed to create project membership for a project scoped identity",
    ]);
  });

  test("the smallest operator of section 2.3 can do the whole road in a project", async () => {
    const { send, projectId } = await open();
    const small = server.createIdentity({ name: "small" });
    server.attachUniversalAuth(small.id);
    server.createRole(projectId, "operator", [
      {
        subject: "identity",
        action: [
          "read",
          "create",
          "edit",
          "edit-auth",
          "revoke-auth",
          "assign-role",
          "assign-additional-privileges",
        ],
      },
      { subject: "secret-folders", action: ["read", "create"] },
    ]);
    server.addMember(projectId, small.id, "operator");
    const token = server.tokenFor(small.id);
    const as = (method: string, path: string, body?: object) => send(method, path, body, token);
    const made = await as("POST", `/api/v1/projects/${projectId}/identities`, { name: "eso" });
    const id = made.body["identity"]?.["id"] ?? "";
    const privilege = await as("POST", "/api/v2/identity-project-additional-privilege", {
      identityId: id,
      projectId,
      permissions: [rule],
    });
    expect([made.status, privilege.status]).toEqual([200, 200]);
    const folder = { projectId, environment: "prod", name: "shop" };
    expect((await as("POST", "/api/v2/folders", folder)).status).toBe(200);
    const auth = `/api/v1/auth/kubernetes-auth/identities/${id}`;
    server.attachKubernetesAuth(id);
    expect((await as("PATCH", auth, { allowedNames: "x" })).status).toBe(200);
    expect((await as("DELETE", auth)).status).toBe(200);
    expect(
      said(await as("POST", `/api/v1/projects/${projectId}/environments`, { name: "q", slug: "q" })),
    ).toEqual([403, "You are not allowed to create on environments"]);
  });
});

describe("memberships", () => {
  test("three families of paths, one membership", async () => {
    const { send, projectId } = await open();
    const { id } = server.createIdentity({ name: "x" });
    const newest = `/api/v1/projects/${projectId}/memberships/identities/${id}`;
    const middle = `/api/v1/projects/${projectId}/identity-memberships/${id}`;
    const oldest = `/api/v2/workspace/${projectId}/identity-memberships/${id}`;
    expect(said(await send("GET", newest))).toEqual([404, "Identity membership not found"]);
    expect(said(await send("PATCH", newest, { roles: [{ role: "viewer" }] }))).toEqual([
      400,
      "Identity doesn't have membership",
    ]);
    expect((await send("POST", newest, { roles: [{ role: "viewer" }] })).status).toBe(200);
    for (const path of [newest, middle, oldest]) {
      expect(said(await send("POST", path, {}))).toEqual([400, "Identity is already a member"]);
      expect((await send("GET", path)).body["identityMembership"]?.["roles"]?.[0]?.["role"]).toBe("viewer");
    }
    expect(Object.keys((await send("PATCH", middle, { roles: [{ role: "member" }] })).body)).toEqual([
      "roles",
    ]);
    expect(said(await send("PATCH", newest, { roles: [{ role: "nope" }] }))).toEqual([
      404,
      "One or more roles not found",
    ]);
    const temporary = {
      role: "viewer",
      isTemporary: true,
      temporaryMode: "relative",
      temporaryRange: "1h",
      temporaryAccessStartTime: "2026-01-01T00:00:00.000Z",
    };
    expect(said(await send("PATCH", newest, { roles: [temporary] }))).toEqual([
      400,
      "Identity must have at least one permanent role",
    ]);
    const list = await send(
      "GET",
      `/api/v1/projects/${projectId}/memberships/identities?limit=1&roles=member`,
    );
    expect([list.body["totalCount"], list.body["identityMemberships"]?.length]).toEqual([1, 1]);
    expect((await send("DELETE", newest)).status).toBe(200);
  });
});

test("an unknown identity, a number where a text belongs: 422 with reqId", async () => {
  const { send } = await open();
  const reply = await send("POST", "/api/v1/auth/universal-auth/login", { clientId: 5 }, "");
  expect(reply.status).toBe(422);
  expect(Object.keys(reply.body).toSorted()).toEqual(["error", "message", "reqId", "statusCode"]);
  expect(reply.body["message"]?.map((issue) => issue["message"])).toEqual([
    "Expected string, received number",
    "Required",
  ]);
});

test("of October 2024 none of this is there", async () => {
  const { send, projectId } = await open({ generation: "2024-10" });
  for (const path of [
    "/api/v1/projects",
    `/api/v1/projects/${projectId}`,
    `/api/v1/projects/${projectId}/identities`,
    `/api/v2/folders?projectId=${projectId}&environment=dev`,
    `/api/v4/secrets?projectId=${projectId}&environment=dev`,
  ]) {
    expect(said(await send("GET", path))).toEqual([404, `Route GET:${path} not found`]);
  }
  const details = await send("GET", "/api/v1/identities/details");
  expect([details.status, details.body["error"]]).toEqual([500, "FindByOrgId"]);
});
