/** Auth methods side by side, PATCH, and two callers at once: section 10.6, and what 2026 does instead. */

import { afterEach, describe, expect, test } from "vitest";
import {
  startInfisical,
  type InfisicalOptions,
  type InfisicalServer,
} from "../../src/sandbox/infisical/index.ts";
import { clientOf, type Reply, type Send } from "./sandbox-infisical-client.ts";

let server: InfisicalServer;
afterEach(() => server.stop());

async function open(options: InfisicalOptions): Promise<Send> {
  server = await startInfisical(options);
  const project = server.createProject("Shop", "shop-project");
  server.addMember(project.id, server.operator.identityId, "admin");
  return clientOf(server);
}

const kubernetes = (id: string) => `/api/v1/auth/kubernetes-auth/identities/${id}`;
const universal = (id: string) => `/api/v1/auth/universal-auth/identities/${id}`;
const config = {
  kubernetesHost: "https://k.example",
  tokenReviewerJwt: "r",
  allowedNamespaces: "a, b",
  allowedNames: "",
  allowedAudience: "",
};
const said = (reply: Reply) => [reply.status, reply.body["message"]];

describe("October 2024: one method", () => {
  test("with Universal Auth attached there is no room for Kubernetes Auth", async () => {
    const send = await open({ generation: "2024-10" });
    const { id } = server.createIdentity({ name: "x" });
    const { clientId, clientSecret } = server.attachUniversalAuth(id);
    expect(said(await send("POST", kubernetes(id), config))).toEqual([
      400,
      "Failed to add Kubernetes Auth to already configured identity",
    ]);
    expect(said(await send("GET", kubernetes(id)))).toEqual([
      400,
      "The identity does not have Kubernetes Auth attached",
    ]);
    expect(said(await send("PATCH", kubernetes(id), config))).toEqual([
      400,
      "Failed to update Kubernetes Auth",
    ]);
    expect(said(await send("DELETE", kubernetes(id)))).toEqual([
      400,
      "The identity does not have kubernetes auth",
    ]);
    const login = await send("POST", "/api/v1/auth/universal-auth/login", { clientId, clientSecret }, "");
    const token = login.body["accessToken"] as string;
    expect((await send("DELETE", universal(id))).status).toBe(200);
    expect(said(await send("GET", "/api/v2/organizations/x/workspaces", undefined, token))).toEqual([
      401,
      "No identity access token found",
    ]);
    expect(
      (await send("POST", "/api/v1/auth/universal-auth/login", { clientId, clientSecret }, "")).status,
    ).toBe(404);
    expect((await send("POST", kubernetes(id), config)).status).toBe(200);
  });

  test("and the other way round", async () => {
    const send = await open({ generation: "2024-10" });
    const { id } = server.createIdentity({ name: "x" });
    server.attachKubernetesAuth(id);
    expect(said(await send("POST", universal(id), {}))).toEqual([
      400,
      "Failed to add universal auth to already configured identity",
    ]);
    expect(said(await send("PATCH", universal(id), {}))).toEqual([400, "Failed to updated universal auth"]);
    for (const method of ["GET", "DELETE"]) {
      expect(said(await send(method, universal(id)))).toEqual([
        400,
        "The identity does not have universal auth",
      ]);
    }
  });

  test("PATCH changes one field; nothing known to change is a 500; JWT and CA come back in clear", async () => {
    const send = await open({ generation: "2024-10" });
    const { id } = server.createIdentity({ name: "x" });
    const made = (await send("POST", kubernetes(id), config)).body["identityKubernetesAuth"];
    server.advance(1);
    const patched = (await send("PATCH", kubernetes(id), { allowedNames: " x ,y" })).body[
      "identityKubernetesAuth"
    ];
    expect(patched).toEqual({
      ...(made as object | undefined),
      allowedNames: " x ,y",
      updatedAt: patched?.["updatedAt"],
    });
    expect(patched?.["updatedAt"]).not.toBe(made?.["updatedAt"]);
    for (const body of [{}, { verifyTlsCertificate: true, tokenReviewMode: "api" }]) {
      const reply = await send("PATCH", kubernetes(id), body);
      expect([reply.status, reply.body["error"]]).toEqual([500, "Update by id"]);
    }
    for (const tokenReviewerJwt of ["", "  ", null]) {
      const reply = await send("PATCH", kubernetes(id), { tokenReviewerJwt });
      expect([reply.status, reply.body["error"]]).toEqual([401, "ValidationFailure"]);
    }
    expect((await send("DELETE", kubernetes(id))).body["identityKubernetesAuth"]).not.toHaveProperty(
      "tokenReviewerJwt",
    );
  });
});

describe("2026: a list of methods", () => {
  test("Kubernetes Auth next to Universal Auth, which then goes", async () => {
    const send = await open({ generation: "2026" });
    const { id } = server.createIdentity({ name: "x" });
    server.attachUniversalAuth(id);
    server.attachKubernetesAuth(id);
    const methods = async () =>
      (await send("GET", `/api/v1/identities/${id}`)).body["identity"]?.["identity"]?.["authMethods"];
    expect(await methods()).toEqual(["universal-auth", "kubernetes-auth"]);
    expect((await send("DELETE", universal(id))).status).toBe(200);
    expect(await methods()).toEqual(["kubernetes-auth"]);
    expect(said(await send("POST", kubernetes(id), config))[1]).toBe(
      "Failed to add Kubernetes Auth to already configured identity",
    );
  });

  test("absent configurations and unknown identities", async () => {
    const send = await open({ generation: "2026" });
    const { id } = server.createIdentity({ name: "x" });
    expect(said(await send("GET", kubernetes(id)))).toEqual([
      404,
      `Failed to find Kubernetes Auth for identity with ID ${id}`,
    ]);
    const nobody = "3dafd81d-4388-432b-a4c5-f735616868c1";
    expect(said(await send("GET", kubernetes(nobody)))).toEqual([
      404,
      `Failed to find identity with ID ${nobody}`,
    ]);
  });
});

describe("two callers at once, October 2024", () => {
  const raced = { generation: "2024-10", raceWindowMs: 5000 } as const;
  const twice = (send: () => Promise<Reply>) => Promise.all([send(), send()]);
  const statuses = (replies: readonly Reply[]) =>
    replies.map((reply) => reply.status).toSorted((a, b) => a - b);

  test("both make an identity, a membership, a privilege, a folder, a secret", async () => {
    const send = await open(raced);
    const project = (await send("GET", "/api/v2/workspace/shop-project")).body;
    const workspaceId = project["id"] as string;
    const identity = server.createIdentity({ name: "x" });
    const membership = `/api/v2/workspace/${workspaceId}/identity-memberships/${identity.id}`;
    const calls: [string, object][] = [
      ["/api/v1/identities", { name: "twin", organizationId: server.organization.id }],
      [membership, {}],
      [
        "/api/v1/additional-privilege/identity/permanent",
        { identityId: identity.id, projectSlug: "shop-project", slug: "p", permissions: [] },
      ],
      ["/api/v1/folders", { workspaceId, environment: "dev", name: "f" }],
      ["/api/v3/secrets/raw/K", { workspaceId, environment: "dev", secretValue: "v" }],
    ];
    for (const [path, body] of calls) {
      expect(statuses(await twice(() => send("POST", path, body)))).toEqual([200, 200]);
    }
    const members = await send("GET", `/api/v2/workspace/${workspaceId}/identity-memberships`);
    expect(members.body["totalCount"]).toBe(3);
    await send("PATCH", membership, { roles: [{ role: "viewer" }] });
    const after = await send("GET", `/api/v2/workspace/${workspaceId}/identity-memberships`);
    const roles = after.body["identityMemberships"]?.map((row) => row["roles"]?.[0]?.["role"]);
    expect(roles?.toSorted()).toEqual(["admin", "no-access", "viewer"]);
    await send("DELETE", membership);
    expect((await send("GET", membership)).status).toBe(404);
  });

  test("one is refused at an attach, a role, an environment, a project slug", async () => {
    const send = await open(raced);
    const project = (await send("GET", "/api/v2/workspace/shop-project")).body;
    const { id } = server.createIdentity({ name: "x" });
    const attach = await twice(() => send("POST", kubernetes(id), config));
    expect(statuses(attach)).toEqual([200, 500]);
    expect(attach.find((reply) => reply.status === 500)?.body["error"]).toBe("Create");
    const role = { slug: "r", name: "r", permissions: [] };
    expect(statuses(await twice(() => send("POST", "/api/v1/workspace/shop-project/roles", role)))).toEqual([
      200, 400,
    ]);
    const environments = `/api/v1/workspace/${project["id"]}/environments`;
    expect(statuses(await twice(() => send("POST", environments, { name: "q", slug: "qa" })))).toEqual([
      200, 400,
    ]);
    const named = { projectName: "p", slug: "same-slug" };
    expect(statuses(await twice(() => send("POST", "/api/v2/workspace", named)))).toEqual([200, 500]);
  });

  test("both methods get attached at once", async () => {
    const send = await open(raced);
    const { id } = server.createIdentity({ name: "x" });
    const replies = await Promise.all([
      send("POST", kubernetes(id), config),
      send("POST", universal(id), {}),
    ]);
    expect(statuses(replies)).toEqual([200, 200]);
  });
});
