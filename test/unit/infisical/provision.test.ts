import { describe, expect, test } from "vitest";
import type { Infisical, Project } from "../../../src/infisical/infisical.ts";
import { compareRules } from "../../../src/infisical/permissions.ts";
import { Secret } from "../../../src/secret.ts";
import { startApiServer } from "./api-server.ts";
import { failureOf, GENERATIONS, READ_SHOP, stage } from "./server.ts";

const METADATA = { "managed-by": "eso-bootstrap", cluster: "uid-1", store: "shop/infisical" };
const AUTH = {
  host: "https://127.0.0.1:1",
  ca: "-----BEGIN CERTIFICATE-----\nX\n-----END CERTIFICATE-----",
  allowedNamespaces: "external-secrets",
  allowedNames: "external-secrets",
  allowedAudience: "",
  accessTokenTtl: 7200,
  accessTokenMaxTtl: 7200,
  accessTokenUses: 0,
};

/** What the steps do for one store, reading first; returns the identity's id. */
async function provision(infisical: Infisical, slug: string): Promise<string> {
  const project =
    (await infisical.findProject(slug)) ?? (await infisical.createProject({ name: slug, slug }));
  const scope = { project, environment: "prod", path: "/shop" };
  if (!(await infisical.folderExists(scope))) await infisical.createFolder(scope);
  if (!(await infisical.listSecretNames(scope)).includes("DB_HOST"))
    await infisical.createSecret(scope, "DB_HOST", new Secret("db.internal"));
  const [known] = await infisical.findIdentitiesByName("eso-shop", undefined);
  const identity =
    known ?? (await infisical.createIdentity({ name: "eso-shop", metadata: METADATA, project: undefined }));
  await provideRole(infisical, project, identity.id);
  await infisical.setMembership(project, identity, "k8s-shop");
  return identity.id;
}

async function provideRole(infisical: Infisical, project: Project, _id: string): Promise<void> {
  const asked = await infisical.rulesFor(READ_SHOP);
  const role = await infisical.findRole(project, "k8s-shop");
  if (role && compareRules(asked, role.rules) === "same") return;
  const description = "managed-by=eso-bootstrap";
  if (!role)
    await infisical.createRole(project, {
      slug: "k8s-shop",
      name: "k8s shop",
      description,
      grant: READ_SHOP,
    });
}

describe.each(GENERATIONS)("provisioning on a server of %s", (generation) => {
  test("makes everything once, finds everything the second time", async () => {
    const { infisical, server, writes, project } = await stage(generation);
    const first = await provision(infisical, "shop");
    expect(writes()).toBe(5);
    expect(server.log.writes).toHaveLength(5);
    expect(await provision(infisical, "shop")).toBe(first);
    expect(server.log.writes).toHaveLength(5);
    expect(await infisical.findIdentity(first)).toEqual({
      id: first,
      name: "eso-shop",
      orgRole: "no-access",
      projectId: undefined,
      metadata: METADATA,
      authMethods: [],
    });
    expect(await infisical.findMembership(project, first)).toEqual({ roles: ["k8s-shop"], rows: 1 });
  });

  test("makes a project with its environments, and one more", async () => {
    const { infisical, writes } = await stage(generation);
    const made = await infisical.createProject({ name: "Cart", slug: "cart-app" });
    await infisical.createEnvironment(made, { name: "qa", slug: "qa" });
    await infisical.createEnvironment(made, { name: "qa", slug: "qa" });
    const found = await infisical.findProject("cart-app");
    expect(found?.environments.map(({ slug }) => slug)).toEqual(["dev", "staging", "prod", "qa"]);
    expect(found).toMatchObject({ id: made.id, name: "Cart" });
    expect(writes()).toBe(2);
    expect(await infisical.findProject("nowhere")).toBeUndefined();
    expect((await infisical.listProjects()).map(({ slug }) => slug).toSorted()).toEqual(["cart-app", "shop"]);
  });

  test("reads folders and names; what is missing is empty", async () => {
    const { infisical, server, project } = await stage(generation);
    server.setSecret("shop", "prod", "/shop/api", "KEY", "value");
    const scope = { project, environment: "prod", path: "/shop" };
    expect(await infisical.listFolders(scope)).toEqual(["api"]);
    expect(await infisical.listFolders({ ...scope, path: "/none" })).toEqual([]);
    expect(await infisical.listSecretNames({ ...scope, path: "/shop/api" })).toEqual(["KEY"]);
    expect(await infisical.listSecretNames({ ...scope, path: "/none" })).toEqual([]);
    expect(await infisical.folderExists({ ...scope, path: "/shop/api" })).toBe(true);
    expect(await infisical.folderExists({ ...scope, path: "/" })).toBe(true);
    expect(await infisical.folderExists({ ...scope, environment: "nope" })).toBe(false);
  });

  test("stores Kubernetes Auth, changes it, keeps the reviewer, and never doubles it", async () => {
    const { infisical, writes } = await stage(generation);
    const auth = { ...AUTH, host: await startApiServer() };
    const { id } = await infisical.createIdentity({ name: "eso", metadata: METADATA, project: undefined });
    expect(await infisical.findKubernetesAuth(id)).toBeUndefined();
    await infisical.attachKubernetesAuth(id, { ...auth, reviewer: new Secret("a.b.c") });
    await infisical.attachKubernetesAuth(id, { ...auth, allowedNames: "eso", reviewer: new Secret("a.b.c") });
    await infisical.updateKubernetesAuth(id, { accessTokenMaxTtl: 3600, accessTokenTtl: 3600 });
    await infisical.updateKubernetesAuth(id, { accessTokenTtl: 1800 });
    const stored = await infisical.findKubernetesAuth(id);
    expect(stored).toMatchObject({
      ...auth,
      allowedNames: "eso",
      accessTokenTtl: 1800,
      accessTokenMaxTtl: 3600,
    });
    expect(stored?.reviewer?.fingerprint()).toBe(new Secret("a.b.c").fingerprint());
    expect(stored?.trustedIps).toEqual(["0.0.0.0/0", "::/0"]);
    expect(JSON.stringify(stored)).not.toContain("a.b.c");
    expect(writes()).toBe(5);
  });

  test("gives a privilege where there is no role, and takes it back", async () => {
    const { infisical, project } = await stage(generation);
    const identity = await infisical.createIdentity({ name: "eso", metadata: METADATA, project: undefined });
    expect(await infisical.listPrivileges(project, identity.id)).toEqual([]);
    await infisical.setMembership(project, identity, "no-access");
    const grant = {
      ...READ_SHOP,
      scopes: [...READ_SHOP.scopes, { environment: "prod", path: "/all", subtree: true }],
    };
    const made = await infisical.createPrivilege(project, identity.id, { slug: "eso-shop", grant });
    expect(compareRules(await infisical.rulesFor(grant), made.rules)).toBe("same");
    expect(await infisical.listPrivileges(project, identity.id)).toEqual([made]);
    await infisical.deletePrivilege(project, identity.id, made);
    await infisical.deletePrivilege(project, identity.id, made);
    expect(await infisical.findPrivilege(project, identity.id, "eso-shop")).toBeUndefined();
  });

  test("changes a role, and deletes what it made", async () => {
    const { infisical, project } = await stage(generation);
    const description = "d";
    const role = await infisical.createRole(project, { slug: "r", name: "r", description, grant: READ_SHOP });
    const grant = { scopes: [{ environment: "dev", path: "/", subtree: true }], imports: true };
    const now = await infisical.updateRole(project, role, grant);
    expect(compareRules(await infisical.rulesFor(grant), now.rules)).toBe("same");
    await infisical.deleteRole(project, now);
    expect(await infisical.findRole(project, "r")).toBeUndefined();
    const identity = await infisical.createIdentity({ name: "e", metadata: METADATA, project: undefined });
    await infisical.setMembership(project, identity, "viewer");
    await infisical.setMembership(project, identity, "no-access");
    expect(await infisical.findMembership(project, identity.id)).toEqual({ roles: ["no-access"], rows: 1 });
    await infisical.removeMembership(project, identity.id);
    await infisical.removeMembership(project, identity.id);
    expect(await infisical.findMembership(project, identity.id)).toBeUndefined();
    await infisical.deleteIdentity(identity);
    expect(await infisical.findIdentity(identity.id)).toBeUndefined();
  });

  test("removes Universal Auth once; an identity without it is left alone", async () => {
    const { infisical, server, writes } = await stage(generation);
    const { id } = server.createIdentity({ name: "old" });
    server.attachUniversalAuth(id);
    expect(await infisical.hasUniversalAuth(id)).toBe(true);
    await infisical.removeUniversalAuth(id);
    await infisical.removeUniversalAuth(id);
    expect(await infisical.hasUniversalAuth(id)).toBe(false);
    expect(writes()).toBe(1);
  });

  test("says who we are, of which organization, and what we may", async () => {
    const { infisical, server, project } = await stage(generation);
    expect(await infisical.whoAmI()).toEqual({ kind: "identity", identityId: server.operator.identityId });
    expect(await infisical.organizationId()).toBe(server.organization.id);
    const rights = await infisical.operatorRights(project);
    expect([rights.orgRole, rights.mayInOrg("create", "identity")]).toEqual(["admin", true]);
    expect(rights.mayInProject("create", "role")).toBe(true);
    expect((await infisical.status()).date).toBeInstanceOf(Date);
    expect((await infisical.traits()).era).toBe(generation === "2026" ? "2026" : "2024");
  });

  test("finds every identity of a name, however it is spelt", async () => {
    const { infisical, server } = await stage(generation);
    for (const name of ["eso", "eso", "eso-2", "eso.dotted"]) server.createIdentity({ name });
    expect(await infisical.findIdentitiesByName("eso", undefined)).toHaveLength(2);
    expect(await infisical.findIdentitiesByName("eso.dotted", undefined)).toHaveLength(1);
    expect(await infisical.findIdentitiesByName("none", undefined)).toEqual([]);
    expect(await infisical.findIdentity("not-a-uuid")).toBeUndefined();
  });
});

test("a server of 2024 demands a reviewer token, and one auth method at a time", async () => {
  const { infisical, server } = await stage("2024-10");
  const { id } = server.createIdentity({ name: "old" });
  expect((await failureOf(infisical.attachKubernetesAuth(id, { ...AUTH, reviewer: null }))).code).toBe(
    "ESOB-I207",
  );
  server.attachUniversalAuth(id);
  const error = await failureOf(
    infisical.attachKubernetesAuth(id, { ...AUTH, reviewer: new Secret("a.b.c") }),
  );
  expect([error.code, error.reason]).toEqual([
    "ESOB-I112",
    "Universal Auth must go before Kubernetes Auth comes",
  ]);
});
