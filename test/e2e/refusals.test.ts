import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { ask, identityIdOf, init, troubleOf } from "./driving.ts";
import { startStack, type Stack } from "./stack/stack.ts";
import { settings, startWorld, type World } from "./world.ts";

const RAW = "/api/v3/secrets/raw";

interface Listing {
  secrets?: { secretKey: string; workspace: string }[];
}
interface Login {
  accessToken?: string;
  message?: string;
}

/** What the server says to a token that is genuine, but not of the ServiceAccount that is allowed. */
const NOT_ALLOWED = {
  name: { status: 401, message: "Access denied: K8s name not allowed.", token: undefined },
  namespace: { status: 401, message: "Access denied: K8s namespace not allowed.", token: undefined },
};

const STORES = [
  { namespace: "shop", own: "/shop", other: "/cart" },
  { namespace: "cart", own: "/cart", other: "/shop" },
] as const;

describe.each(["2024-10", "2026"] as const)("what the identities may not, at Infisical %s", (generation) => {
  let world: World;
  let second: Stack;
  const tokens = new Map<string, string>();
  let project = "";

  beforeAll(async () => {
    [world, second] = await Promise.all([startWorld({ generation }), startStack({ name: "second" })]);
    await world.config(
      settings(world, {
        stores: STORES.map(({ namespace, own }) => ({
          name: "infisical",
          namespace,
          environment: "prod",
          path: own,
        })),
        secrets: STORES.map(({ namespace }) => ({
          name: "db",
          namespace,
          store: "infisical",
          keys: ["DB_HOST"],
        })),
      }),
    );
    const run = await init(world);
    expect(troubleOf(run)).toBe("");
    for (const { namespace } of STORES) {
      const { body } = await login(world, await identityIdOf(world, namespace), await tokenOf(world.stack));
      tokens.set(namespace, body.accessToken ?? "");
    }
    const { body } = await list("shop", "prod", "/shop");
    project = body.secrets?.[0]?.workspace ?? "";
    expect(project).not.toBe("");
  });
  afterAll(() => Promise.all([world.stop(), second.stop()]));

  const as = <Body>(namespace: string, method: string, path: string, body?: object) =>
    ask<Body>(world, tokens.get(namespace) ?? "", method, path, body);
  const list = (namespace: string, environment: string, secretPath: string) =>
    as<Listing>(
      namespace,
      "GET",
      `${RAW}?${new URLSearchParams({ workspaceSlug: "shop", environment, secretPath, include_imports: "true", recursive: "false" })}`,
    );

  describe.each(STORES)("the identity of $namespace", ({ namespace, own, other }) => {
    test("reads its own path", async () => {
      const { status, body } = await list(namespace, "prod", own);
      expect(status).toBe(200);
      expect(body.secrets?.map(({ secretKey }) => secretKey).toSorted()).toEqual([
        "DB_HOST",
        "DB_PASSWORD",
        "DB_PORT",
        "DB_USER",
      ]);
    });

    test.each([
      ["the other's path", "prod", other],
      ["the root", "prod", "/"],
      ["another environment", "dev", own],
      ["the other's path in another environment", "dev", other],
      ["an environment without secrets", "staging", own],
    ])("may not list %s", async (_what, environment, path) => {
      const { status, body } = await list(namespace, environment, path);
      expect(status).toBe(403);
      expect(JSON.stringify(body)).not.toContain("DB_");
    });

    test.each([
      ["the other's path", "prod", other],
      ["another environment", "dev", own],
    ])("may not read a secret of %s", async (_what, environment, secretPath) => {
      const query = new URLSearchParams({ workspaceSlug: "shop", environment, secretPath, type: "shared" });
      const { status, body } = await as(namespace, "GET", `${RAW}/DB_PASSWORD?${query}`);
      expect(status).toBe(403);
      expect(JSON.stringify(body)).not.toContain("canary");
    });

    test("may not write anything, in its own path or elsewhere", async () => {
      const before = world.infisical.snapshot();
      const at = (secretPath: string) => ({
        workspaceId: project,
        environment: "prod",
        secretPath,
        type: "shared",
      });
      const folder = {
        workspaceId: project,
        projectId: project,
        environment: "prod",
        path: own,
        directory: own,
      };
      const organizationId = world.infisical.organization.id;
      const id = await identityIdOf(world, namespace);
      const attempts: [string, string, object][] = [
        ...[own, other, "/"].flatMap((path): [string, string, object][] => [
          ["POST", `${RAW}/NEW`, { ...at(path), secretValue: "x" }],
          ["PATCH", `${RAW}/DB_HOST`, { ...at(path), secretValue: "x" }],
          ["DELETE", `${RAW}/DB_HOST`, at(path)],
        ]),
        ["POST", "/api/v1/folders", { ...folder, name: "new" }],
        ["POST", `/api/v1/workspace/${project}/environments`, { name: "New", slug: "new" }],
        ["POST", "/api/v1/identities", { name: "new", organizationId, role: "no-access" }],
        ["PATCH", `/api/v1/identities/${id}`, { name: "renamed" }],
        ["DELETE", `/api/v1/identities/${id}`, {}],
        ["PATCH", `/api/v1/auth/kubernetes-auth/identities/${id}`, { allowedNames: "" }],
        ["DELETE", `/api/v1/auth/kubernetes-auth/identities/${id}`, {}],
        ["POST", `/api/v1/auth/universal-auth/identities/${id}`, {}],
      ];
      const answers = await Promise.all(
        attempts.map(
          async ([method, path, body]) =>
            `${method} ${path} ${(await as(namespace, method, path, body)).status}`,
        ),
      );
      // A server of 2024 holds one auth method, and says so before it looks at rights.
      const refusedWith = (path: string) =>
        generation === "2024-10" && path.includes("universal-auth") ? 400 : 403;
      expect(answers).toEqual(attempts.map(([method, path]) => `${method} ${path} ${refusedWith(path)}`));
      expect(world.infisical.snapshot()).toEqual(before);
    });

    test("ESO's own ServiceAccount logs in", async () => {
      const { status } = await login(world, await identityIdOf(world, namespace), await tokenOf(world.stack));
      expect(status).toBe(200);
    });

    test("a login with a token of another ServiceAccount, or of another namespace, is refused", async () => {
      const id = await identityIdOf(world, namespace);
      const name = await login(world, id, await tokenOf(world.stack, "external-secrets", "intruder"));
      expect(refusal(name)).toEqual(NOT_ALLOWED.name);
      const inOther = await login(world, id, await tokenOf(world.stack, "elsewhere", "external-secrets"));
      expect(refusal(inOther)).toEqual(NOT_ALLOWED.namespace);
    });

    test("a login with the same ServiceAccount of another cluster is refused by the API server", async () => {
      const id = await identityIdOf(world, namespace);
      const foreign = await login(world, id, await tokenOf(second));
      expect(refusal(foreign)).toMatchObject({ status: 401, token: undefined });
      expect(foreign.body.message).toMatch(/invalid bearer token/);
    });
  });
});

const refusal = ({ status, body }: { status: number; body: Login }) => ({
  status,
  message: body.message,
  token: body.accessToken,
});

const login = (world: World, identityId: string, jwt: string) =>
  ask<Login>(world, "", "POST", "/api/v1/auth/kubernetes-auth/login", { identityId, jwt });

/** A token of a ServiceAccount, which is made if it is not there. */
async function tokenOf(
  stack: Stack,
  namespace = "external-secrets",
  name = "external-secrets",
): Promise<string> {
  const make = async (...args: string[]) => {
    const yaml = await stack.kubectl(["create", ...args, "--dry-run=client", "-o", "yaml"]);
    await stack.kubectl(["apply", "-f", "-"], yaml);
  };
  const there = await stack.kubectl([
    "get",
    "serviceaccount",
    name,
    "-n",
    namespace,
    "--ignore-not-found",
    "-o",
    "name",
  ]);
  if (!there.trim()) {
    await make("namespace", namespace);
    await make("serviceaccount", name, "-n", namespace);
  }
  return (await stack.kubectl(["create", "token", name, "-n", namespace])).trim();
}
