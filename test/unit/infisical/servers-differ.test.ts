import { describe, expect, test } from "vitest";
import { ERAS, fillRoute } from "../../../src/infisical/eras.ts";
import type { Generation } from "../../../src/sandbox/infisical/index.ts";
import { Secret } from "../../../src/secret.ts";
import { failureOf, GENERATIONS, READ_SHOP, stage } from "./server.ts";

test("routes are filled in and encoded", () => {
  const { path } = fillRoute("GET /api/v1/x/:name?path=:path", { name: "a/b", path: "/shop?x=1&y" });
  expect(path).toBe("/api/v1/x/a%2Fb?path=%2Fshop%3Fx%3D1%26y");
});

test("every operation has a route in every era", () => {
  const wrong = Object.values(ERAS).flatMap(({ routes }) =>
    Object.values(routes).flatMap((list) =>
      list.filter((route) => !/^(GET|POST|PATCH|DELETE) \/api\/v\d/.test(route)),
    ),
  );
  expect(wrong).toEqual([]);
});

describe.each(GENERATIONS)("a server of %s whose unknown routes are web pages", (generation) => {
  test("is recognised, and everything works", async () => {
    const { infisical, server, project } = await stage(generation, { server: { unknownApiRoutes: "html" } });
    expect((await infisical.traits()).era).toBe(generation === "2026" ? "2026" : "2024");
    expect(await infisical.findProject("shop")).toBeDefined();
    const { id } = server.createIdentity({ name: "eso" });
    expect(await infisical.findMembership(project, id)).toBeUndefined();
  });
});

/** A server of 2025: the newest routes are not there yet, the older ones still are. */
const hide = (path: RegExp) =>
  ({
    kind: "json",
    status: 404,
    body: { message: "Route GET:/somewhere not found", error: "Not Found", statusCode: 404 },
    match: { path },
  }) as const;

describe("a server between the eras", () => {
  test("older routes are used where the newest are not there, and remembered", async () => {
    const { infisical, server, project } = await stage("2026");
    server.faults.add(hide(/\/api\/v4\/|\/api\/v2\/folders|\/memberships\/identities/));
    const scope = { project, environment: "prod", path: "/shop" };
    await infisical.createFolder(scope);
    expect(await infisical.createSecret(scope, "KEY", new Secret("v"))).toBe("created");
    expect(await infisical.listSecretNames(scope)).toEqual(["KEY"]);
    expect(await infisical.listSecretNames(scope)).toEqual(["KEY"]);
    const v4 = server.log.entries.filter(({ method, path }) => method === "GET" && path.includes("/api/v4/"));
    expect(v4).toHaveLength(1);
  });

  test("a thing that is missing is not a route that is missing", async () => {
    const { infisical, server, project } = await stage("2026");
    const { id } = server.createIdentity({ name: "eso" });
    expect(await infisical.findMembership(project, id)).toBeUndefined();
    expect(server.log.entries.filter(({ path }) => path.includes("memberships"))).toHaveLength(1);
  });

  test("an operation without any route is an error, not an absence", async () => {
    const { infisical, server, project } = await stage("2026");
    server.faults.add(hide(/roles/));
    expect((await failureOf(infisical.findRole(project, "x"))).code).toBe("ESOB-I112");
  });

  test("a wrong probe is not kept", async () => {
    const { infisical, server } = await stage("2026");
    server.faults.add({ kind: "reset", times: 3, match: { path: /\/api\/v1\/projects$/ } });
    expect((await failureOf(infisical.traits())).code).toBe("ESOB-I101");
    expect((await infisical.traits()).era).toBe("2026");
  });
});

describe("the organization", () => {
  test("2026: told by the server, checked against the setting", async () => {
    const { server, open } = await stage("2026");
    const { id } = server.organization;
    expect(await open({ organization: "acme" }).organizationId()).toBe(id);
    expect(await open({ organization: id }).organizationId()).toBe(id);
    const error = await failureOf(open({ organization: "other" }).organizationId());
    expect([error.code, error.facts]).toEqual(["ESOB-I116", { Exists: "acme" }]);
    // Before the route was there, "details" was taken for an id: a database error.
    const body = { statusCode: 500, message: "Something went wrong", error: "FindByOrgId" };
    server.faults.add({ kind: "json", status: 500, body, match: { path: /details/ } });
    expect((await failureOf(open().organizationId())).code).toBe("ESOB-I116");
    const infisical = open();
    await infisical.listProjects();
    expect(await infisical.organizationId()).toBe(id);
  });

  test("2024: from the setting, or from a project that was found by its slug", async () => {
    const { server, open } = await stage("2024-10");
    const without = open({ organization: undefined });
    expect((await failureOf(without.organizationId())).code).toBe("ESOB-I116");
    expect((await failureOf(without.listProjects())).code).toBe("ESOB-I116");
    expect((await failureOf(open({ organization: "acme" }).organizationId())).code).toBe("ESOB-I116");
    expect(await without.findProject("nowhere")).toBeUndefined();
    expect((await without.findProject("shop"))?.environments).toHaveLength(3);
    expect(await without.organizationId()).toBe(server.organization.id);
    expect(await without.listProjects()).toHaveLength(1);
  });
});

describe("identities in a project", () => {
  const METADATA = { "managed-by": "eso-bootstrap" };

  test("are made, marked and deleted by one who has no right in the organization", async () => {
    const { infisical, server, project } = await stage("2026", {
      server: { operator: { orgRole: "no-access" } },
    });
    await infisical.findProject("shop");
    const refused = infisical.createIdentity({ name: "eso", metadata: METADATA, project: undefined });
    expect((await failureOf(refused)).code).toBe("ESOB-I109");
    const made = await infisical.createIdentity({ name: "eso", metadata: METADATA, project });
    expect(made).toMatchObject({ name: "eso", projectId: project.id, metadata: METADATA });
    expect(await infisical.findIdentity(made.id)).toEqual(made);
    expect(await infisical.findIdentitiesByName("eso", project)).toEqual([made]);
    await infisical.updateIdentity(made.id, { metadata: { ...METADATA, store: "shop/x" }, project });
    expect((await infisical.findIdentity(made.id))?.metadata["store"]).toBe("shop/x");
    await infisical.setMembership(project, made, "viewer");
    expect(await infisical.findMembership(project, made.id)).toEqual({ roles: ["viewer"], rows: 1 });
    await infisical.deleteIdentity(made);
    expect(await infisical.findIdentitiesByName("eso", project)).toEqual([]);
    expect(server.log.writes).toHaveLength(4);
  });

  test("are not taken for absent by one who may look nowhere", async () => {
    const { infisical, server, project, open } = await stage("2026");
    const blind = server.createIdentity({ name: "blind" });
    server.addMember("shop", blind.id, "no-access");
    const { clientId, clientSecret } = server.attachUniversalAuth(blind.id);
    const credential = { kind: "universal-auth", clientId, clientSecret: new Secret(clientSecret) } as const;
    expect((await failureOf(open({ credential }).findIdentitiesByName("eso", project))).code).toBe(
      "ESOB-I109",
    );
    server.faults.add(hide(/\/projects\/[^/]+\/identities/));
    server.createIdentity({ name: "eso" });
    expect(await infisical.findIdentitiesByName("eso", project)).toHaveLength(1);
  });

  test("and one in the organization, of the same name, are both found", async () => {
    const { infisical, server, project } = await stage("2026");
    server.createIdentity({ name: "eso", project: "shop" });
    server.createIdentity({ name: "eso" });
    expect(await infisical.findIdentitiesByName("eso", project)).toHaveLength(2);
  });
});

describe("memberships that a race doubled", () => {
  test("are seen on a server of 2024, and become one", async () => {
    const { infisical, server, project } = await stage("2024-10");
    const identity = server.createIdentity({ name: "eso" });
    server.addMember("shop", identity.id, "no-access");
    server.addMember("shop", identity.id, "viewer");
    expect((await infisical.findMembership(project, identity.id))?.rows).toBe(2);
    const known = await infisical.findIdentity(identity.id);
    if (known) await infisical.setMembership(project, known, "no-access");
    expect(await infisical.findMembership(project, identity.id)).toEqual({ roles: ["no-access"], rows: 1 });
  });
});

describe.each(GENERATIONS)("our rights on a server of %s", (generation: Generation) => {
  const asked = (rights: { mayInProject: (action: string, subject: string) => boolean | undefined }) =>
    ["create", "read"].map((action) => rights.mayInProject(action, "role"));

  test("of a custom role, of a built-in one, and of none", async () => {
    const { infisical, server, project, open } = await stage(generation);
    const credential = (id: string) => {
      const { clientId, clientSecret } = server.attachUniversalAuth(id);
      return { kind: "universal-auth", clientId, clientSecret: new Secret(clientSecret) } as const;
    };
    const reads = [
      { subject: "role", action: ["read"] },
      { subject: "identity", action: ["read"] },
    ].map((rule) => ({ ...rule, inverted: false, conditions: {} }));
    server.createRole("shop", "reads", reads);
    const custom = server.createIdentity({ name: "custom" });
    server.addMember("shop", custom.id, "reads");
    const rights = await open({ credential: credential(custom.id) }).operatorRights(project);
    expect(rights.mayInOrg("create", "identity")).not.toBe(true);
    expect([asked(rights)]).toContainEqual([false, true]);
    const stranger = server.createIdentity({ name: "stranger" });
    const none = await open({ credential: credential(stranger.id) }).operatorRights(project);
    expect(asked(none)).toEqual([undefined, undefined]);
    expect(asked(await infisical.operatorRights(undefined))).toEqual([undefined, undefined]);
    expect(asked(await infisical.operatorRights(project))).toEqual([true, true]);
  });
});

test("an approval holds a new secret back", async () => {
  const { infisical, server, project } = await stage("2026");
  const match = { method: "POST", path: /secrets/ };
  server.faults.add({ kind: "json", status: 200, body: { approval: { id: "a" } }, match });
  const scope = { project, environment: "prod", path: "/" };
  expect(await infisical.createSecret(scope, "KEY", new Secret("v"))).toBe("awaiting-approval");
});

test("imports are a right of their own since 2025", async () => {
  const modern = await stage("2026");
  const rules = await modern.infisical.rulesFor({ ...READ_SHOP, imports: true });
  expect(rules.map(({ subject }) => subject)).toEqual(["secrets", "secret-imports"]);
});
