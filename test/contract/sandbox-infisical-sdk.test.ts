/** The official SDK (5.0.2), unchanged, against both generations of the simulated server. */

import { InfisicalSDK } from "@infisical/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startInfisical, type InfisicalServer } from "../../src/sandbox/infisical/index.ts";

describe.for(["2024-10", "2026"] as const)("%s", (generation) => {
  let server: InfisicalServer;
  beforeEach(async () => {
    server = await startInfisical({ generation });
  });
  afterEach(() => server.stop());

  test("login, project, environment, folder, secrets", async () => {
    const client = new InfisicalSDK({ siteUrl: server.url });
    const { clientId, clientSecret } = server.operator;
    await client.auth().universalAuth.login({ clientId, clientSecret });
    const project = await client.projects().create({ projectName: "From the SDK", type: "secret-manager" });
    await client.environments().create({ name: "QA", projectId: project.id, slug: "qa", position: 4 });
    const place = { environment: "qa", projectId: project.id };
    const folder = await client.folders().create({ ...place, name: "shop", path: "/" });
    expect(folder.name).toBe("shop");
    const folders = await client.folders().listFolders(place);
    expect(folders.map((row) => row.name)).toEqual(["shop"]);
    await client.secrets().createSecret("KEY", { ...place, secretPath: "/shop", secretValue: "value" });
    const list = await client.secrets().listSecrets({ ...place, secretPath: "/shop" });
    expect(list.secrets.map((secret) => [secret.secretKey, secret.secretValue])).toEqual([["KEY", "value"]]);
    await client.secrets().updateSecret("KEY", { ...place, secretPath: "/shop", secretValue: "newer" });
    const one = await client.secrets().getSecret({ ...place, secretName: "KEY", secretPath: "/shop" });
    expect([one.secretValue, one.version]).toEqual(["newer", 2]);
    server.addImport(project.slug, "qa", "/", { environment: "qa", path: "/shop" });
    const all = await client.secrets().listSecretsWithImports(place);
    expect(all.map((secret) => secret.secretKey)).toEqual(["KEY"]);
    await client.secrets().deleteSecret("KEY", { ...place, secretPath: "/shop" });
    const after = await client.secrets().listSecrets({ ...place, secretPath: "/shop" });
    expect(after.secrets).toEqual([]);
  });

  test("a wrong client secret", async () => {
    const client = new InfisicalSDK({ siteUrl: server.url });
    const { clientId } = server.operator;
    const login = client.auth().universalAuth.login({ clientId, clientSecret: "wrong" });
    await expect(login).rejects.toThrow("[StatusCode=401] Invalid credentials");
  });
});

describe("the calls of the External Secrets Operator", () => {
  test.for(["2024-10", "2026"] as const)("list, get and revoke on %s", async (generation) => {
    const server = await startInfisical({ generation });
    server.createProject("Shop", "shop-project");
    server.setSecret("shop-project", "dev", "/", "KEY", "value");
    const identity = server.createIdentity({ name: "eso" });
    server.attachKubernetesAuth(identity.id);
    server.addMember("shop-project", identity.id, "viewer");
    const token = server.tokenFor(identity.id);
    const headers = { authorization: `Bearer ${token}` };
    const read = async (path: string) => {
      const response = await fetch(`${server.url}/api/v3/secrets/raw${path}`, { headers });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    // As go-sdk 0.5.100 sends them (ESO 0.20.4): the list with an empty workspaceId next to the slug.
    const scope = "environment=dev&secretPath=%2F&workspaceSlug=shop-project";
    const flags = "expandSecretReferences=true&include_imports=true";
    const list = await read(`?${scope}&${flags}&recursive=false&workspaceId=`);
    const one = await read(`/KEY?${scope}&${flags}&type=shared`);
    const gone = await read(`/NOPE?${scope}&${flags}&type=shared`);
    const revoked = await fetch(`${server.url}/api/v1/auth/token/revoke`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ accessToken: token }),
    });
    const after = await read(`?${scope}`);
    await server.stop();
    expect([list.status, one.status, gone.status, revoked.status, after.status]).toEqual([
      200, 200, 404, 200, 401,
    ]);
    expect(one.body["secret"]).toMatchObject({ secretKey: "KEY", secretValue: "value" });
    expect(list.body).toHaveProperty("imports", []);
  });
});
