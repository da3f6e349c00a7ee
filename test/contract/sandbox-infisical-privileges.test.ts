/** Rights of the operator, privilege boundaries, and the fallback of 10.2: no-access plus one additional privilege. */

import { afterEach, describe, expect, test } from "vitest";
import {
  startInfisical,
  type InfisicalOptions,
  type InfisicalServer,
} from "../../src/sandbox/infisical/index.ts";
import { clientOf, type Send } from "./sandbox-infisical-client.ts";

let server: InfisicalServer;
afterEach(() => server.stop());

interface Scene {
  readonly operator: Send;
  readonly projectId: string;
  readonly slug: string;
  readonly identityId: string;
  /** Status of a list with the token of the identity. */
  readonly reads: (environment: string, path: string) => Promise<number>;
}

async function open(options: InfisicalOptions): Promise<Scene> {
  server = await startInfisical(options);
  const { id, slug } = server.createProject("Shop", "shop-project");
  server.setSecret(slug, "dev", "/shop", "A", "1");
  server.setSecret(slug, "dev", "/shop/api", "B", "2");
  server.addMember(id, server.operator.identityId, "admin");
  const identity = server.createIdentity({ name: "reader" });
  server.attachKubernetesAuth(identity.id);
  const token = server.tokenFor(identity.id);
  const operator = clientOf(server);
  return {
    operator,
    projectId: id,
    slug,
    identityId: identity.id,
    reads: async (environment, path) => {
      const query = `workspaceSlug=${slug}&environment=${environment}&secretPath=${path}`;
      return (await operator("GET", `/api/v3/secrets/raw?${query}`, undefined, token)).status;
    },
  };
}

const privileges = "/api/v1/additional-privilege/identity";
const permission = (glob: string) => ({
  action: "read",
  subject: "secrets",
  conditions: { environment: "dev", secretPath: { $glob: glob } },
});

describe("additional privileges of October 2024", () => {
  async function withMembership(): Promise<Scene & { readonly named: object }> {
    const scene = await open({ generation: "2024-10" });
    const path = `/api/v2/workspace/${scene.projectId}/identity-memberships/${scene.identityId}`;
    expect((await scene.operator("POST", path, {})).status).toBe(200);
    expect((await scene.operator("GET", path)).body["identityMembership"]?.["roles"]?.[0]?.["role"]).toBe(
      "no-access",
    );
    return { ...scene, named: { identityId: scene.identityId, projectSlug: scene.slug } };
  }

  test("no-access plus one privilege reads like a role", async () => {
    const scene = await withMembership();
    expect(await scene.reads("dev", "/shop")).toBe(403);
    const reply = await scene.operator("POST", `${privileges}/permanent`, {
      ...scene.named,
      slug: "shop-read",
      permissions: [permission("/shop")],
    });
    expect(reply.status).toBe(200);
    expect(Object.keys(reply.body["privilege"] ?? {}).toSorted()).toEqual([
      "createdAt",
      "id",
      "isTemporary",
      "permissions",
      "projectMembershipId",
      "slug",
      "temporaryAccessEndTime",
      "temporaryAccessStartTime",
      "temporaryMode",
      "temporaryRange",
      "updatedAt",
    ]);
    expect(await scene.reads("dev", "/shop")).toBe(200);
    expect(await scene.reads("dev", "/shop/api")).toBe(403);
    expect(await scene.reads("prod", "/shop")).toBe(403);
  });

  test("the older spelling, a subtree, list, read, PATCH and DELETE", async () => {
    const scene = await withMembership();
    const { conditions } = permission("/shop/**");
    const named = { ...scene.named, slug: "tree" };
    await scene.operator("POST", `${privileges}/permanent`, {
      ...named,
      privilegePermission: { actions: ["read"], subject: "secrets", conditions },
    });
    expect(await scene.reads("dev", "/shop/api")).toBe(200);
    const query = `identityId=${scene.identityId}&projectSlug=${scene.slug}`;
    const list = await scene.operator("GET", `${privileges}?${query}`);
    expect(list.body["privileges"]?.map((row) => row["slug"])).toEqual(["tree"]);
    expect((await scene.operator("GET", `${privileges}/tree?${query}`)).status).toBe(200);
    expect((await scene.operator("GET", `${privileges}/nope?${query}`)).body["message"]).toBe(
      "Identity additional privilege not found",
    );
    const key = { ...scene.named, privilegeSlug: "tree" };
    await scene.operator("PATCH", privileges, {
      ...key,
      privilegeDetails: { permissions: [permission("/other")] },
    });
    expect(await scene.reads("dev", "/shop")).toBe(403);
    expect((await scene.operator("DELETE", privileges, key)).status).toBe(200);
    expect((await scene.operator("GET", `${privileges}?${query}`)).body["privileges"]).toEqual([]);
  });

  test.for([
    ["action as array", { ...permission("/shop"), action: ["read"] }],
    [
      "environment as object",
      { ...permission("/shop"), conditions: { environment: { $eq: "dev" }, secretPath: { $glob: "/shop" } } },
    ],
    [
      "secretPath as string",
      { ...permission("/shop"), conditions: { environment: "dev", secretPath: "/shop" } },
    ],
    [
      "secretPath as $eq",
      { ...permission("/shop"), conditions: { environment: "dev", secretPath: { $eq: "/shop" } } },
    ],
  ] as const)("%s is refused", async ([, wrong]) => {
    const scene = await withMembership();
    const reply = await scene.operator("POST", `${privileges}/permanent`, {
      ...scene.named,
      permissions: [wrong],
    });
    expect([reply.status, reply.body["error"]]).toEqual([401, "ValidationFailure"]);
  });

  test("neither spelling, duplicate slug, no membership, unknown project", async () => {
    const scene = await withMembership();
    const post = (body: object) => scene.operator("POST", `${privileges}/permanent`, body);
    const body = { ...scene.named, slug: "one", permissions: [permission("/shop")] };
    const neither = await post(scene.named);
    expect([neither.status, neither.body["message"]]).toEqual([
      401,
      "Permission or privilegePermission must be provided",
    ]);
    await post(body);
    const twice = await post(body);
    expect([twice.status, twice.body["message"]]).toEqual([
      400,
      "Additional privilege of provided slug exist",
    ]);
    const stranger = server.createIdentity({ name: "stranger" });
    const outside = await post({ ...body, identityId: stranger.id });
    expect([outside.status, outside.body["message"]]).toEqual([
      404,
      `Failed to find identity with id ${stranger.id}`,
    ]);
    expect((await post({ ...body, projectSlug: "nope-zz" })).status).toBe(500);
  });

  test("deleting the membership deletes its privileges", async () => {
    const scene = await withMembership();
    const path = `/api/v2/workspace/${scene.projectId}/identity-memberships/${scene.identityId}`;
    const body = { ...scene.named, slug: "one", permissions: [permission("/shop")] };
    await scene.operator("POST", `${privileges}/permanent`, body);
    await scene.operator("DELETE", path);
    await scene.operator("POST", path, {});
    expect(await scene.reads("dev", "/shop")).toBe(403);
    expect((await scene.operator("POST", `${privileges}/permanent`, body)).status).toBe(200);
  });

  test("the v2 route is an unknown route", async () => {
    const scene = await withMembership();
    const reply = await scene.operator("POST", "/api/v2/identity-project-additional-privilege", {});
    expect(reply.body).toEqual({
      message: "Route POST:/api/v2/identity-project-additional-privilege not found",
      error: "Not Found",
      statusCode: 404,
    });
  });
});

describe("additional privileges of 2026", () => {
  const path = "/api/v2/identity-project-additional-privilege";
  const rule = {
    subject: "secrets",
    action: ["describeSecret", "readValue"],
    conditions: { environment: { $eq: "dev" }, secretPath: { $eq: "/shop" } },
  };

  test("no-access plus one privilege reads, without the plan for custom roles", async () => {
    const scene = await open({ generation: "2026" });
    const body = {
      identityId: scene.identityId,
      projectId: scene.projectId,
      slug: "shop-read",
      permissions: [rule],
      type: { isTemporary: false },
    };
    const before = await scene.operator("POST", path, body);
    expect([before.status, before.body["message"]]).toEqual([
      404,
      `Project membership for identity ${scene.identityId} not found`,
    ]);
    server.addMember(scene.projectId, scene.identityId, "no-access");
    const made = await scene.operator("POST", path, body);
    expect(made.status).toBe(200);
    expect(await scene.reads("dev", "/shop")).toBe(200);
    expect(await scene.reads("dev", "/shop/api")).toBe(403);
    expect((await scene.operator("POST", path, body)).body["message"]).toBe(
      "Additional privilege with name shop-read exists",
    );
    const id = made.body["privilege"]?.["id"] ?? "";
    const query = `identityId=${scene.identityId}&projectSlug=${scene.slug}`;
    expect((await scene.operator("GET", `${path}/slug/shop-read?${query}`)).body["privilege"]?.["id"]).toBe(
      id,
    );
    await scene.operator("PATCH", `${path}/${id}`, {
      permissions: [{ ...rule, conditions: { secretPath: { $glob: "/shop/**" } } }],
    });
    expect(await scene.reads("dev", "/shop/api")).toBe(200);
    expect((await scene.operator("DELETE", `${path}/${id}`)).status).toBe(200);
    expect(await scene.reads("dev", "/shop")).toBe(403);
  });

  test("mixing read with its successors is refused", async () => {
    const scene = await open({ generation: "2026" });
    server.addMember(scene.projectId, scene.identityId, "no-access");
    const reply = await scene.operator("POST", path, {
      identityId: scene.identityId,
      projectId: scene.projectId,
      permissions: [{ ...rule, action: ["read", "readValue"] }],
    });
    expect(reply.status).toBe(400);
    expect(reply.body["message"]).toContain("You have selected Read, and Read Value.");
  });
});

describe("rights in the organization", () => {
  test.for([
    ["admin", "2024-10", 200],
    ["member", "2024-10", 200],
    ["no-access", "2024-10", 403],
    ["no-access", "2026", 403],
  ] as const)("%s on %s creates an identity: %i", async ([orgRole, generation, status]) => {
    const scene = await open({ generation, operator: { orgRole } });
    const reply = await scene.operator("POST", "/api/v1/identities", {
      name: "new",
      organizationId: server.organization.id,
    });
    expect(reply.status).toBe(status);
    if (status === 403) expect(reply.body["message"]).toBe("You are not allowed to create on identity");
  });

  test("no-access may not create a project, read identities, attach or remove an auth method", async () => {
    const scene = await open({ generation: "2024-10", operator: { orgRole: "no-access" } });
    const said = async (method: string, path: string, body?: object) => {
      const reply = await scene.operator(method, path, body);
      return [reply.status, reply.body["error"], reply.body["message"]];
    };
    const one = `/api/v1/identities/${scene.identityId}`;
    const auth = `/api/v1/auth/kubernetes-auth/identities/${scene.identityId}`;
    const refused = (what: string) => [403, "PermissionDenied", `You are not allowed to ${what}`];
    expect(await said("POST", "/api/v2/workspace", { projectName: "x" })).toEqual(
      refused("create on workspace"),
    );
    expect(await said("GET", `/api/v1/identities?orgId=${server.organization.id}`)).toEqual(
      refused("read on identity"),
    );
    expect(await said("GET", one)).toEqual(refused("read on identity"));
    expect(await said("PATCH", one, { name: "x" })).toEqual(refused("edit on identity"));
    expect(await said("DELETE", one)).toEqual(refused("delete on identity"));
    expect(await said("GET", auth)).toEqual(refused("read on identity"));
    expect(await said("PATCH", auth, { allowedNames: "x" })).toEqual(refused("edit on identity"));
    expect(await said("DELETE", auth)).toEqual(refused("edit on identity"));
  });

  test("a member may not create an admin nor take the auth method of one", async () => {
    const scene = await open({ generation: "2024-10", operator: { orgRole: "member" } });
    const made = await scene.operator("POST", "/api/v1/identities", {
      name: "boss",
      organizationId: server.organization.id,
      role: "admin",
    });
    expect([made.status, made.body["message"]]).toEqual([403, "Failed to create a more privileged identity"]);
    const boss = server.createIdentity({ name: "boss", orgRole: "admin" });
    server.attachUniversalAuth(boss.id);
    const path = `/api/v1/auth/universal-auth/identities/${boss.id}`;
    expect((await scene.operator("DELETE", path)).body["message"]).toBe(
      "Failed to revoke universal auth of identity with more privileged role",
    );
  });

  test("nobody gives a project role wider than his own", async () => {
    const scene = await open({ generation: "2024-10" });
    const narrow = server.createIdentity({ name: "narrow" });
    server.createRole(scene.slug, "inviter", [
      { subject: "identity", action: ["read", "create", "edit"] },
      { subject: "secrets", action: ["read"], conditions: { environment: "dev" } },
    ]);
    server.createRole(scene.slug, "dev-shop", [
      { subject: "secrets", action: ["read"], conditions: { environment: "dev", secretPath: "/shop" } },
    ]);
    server.attachKubernetesAuth(narrow.id);
    server.addMember(scene.slug, narrow.id, "inviter");
    const token = server.tokenFor(narrow.id);
    const path = `/api/v2/workspace/${scene.projectId}/identity-memberships/${scene.identityId}`;
    const viewer = await scene.operator("POST", path, { roles: [{ role: "viewer" }] }, token);
    expect([viewer.status, viewer.body["message"]]).toEqual([
      403,
      "Failed to change to a more privileged role",
    ]);
    expect((await scene.operator("POST", path, { roles: [{ role: "dev-shop" }] }, token)).status).toBe(200);
  });

  test("the plan's identity limit", async () => {
    const scene = await open({ generation: "2024-10", plan: { identityLimit: 2 } });
    const reply = await scene.operator("POST", "/api/v1/identities", {
      name: "third",
      organizationId: server.organization.id,
    });
    expect([reply.status, reply.body["message"]]).toEqual([
      400,
      "Failed to create identity due to identity limit reached. Upgrade plan to create more identities.",
    ]);
  });
});
