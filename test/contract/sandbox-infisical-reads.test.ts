/** Reads with a least-privilege role: section 10.1 of infisical-api.md, run there against a real server of October 2024. */

import { afterEach, describe, expect, test } from "vitest";
import { startInfisical, type Generation, type InfisicalServer } from "../../src/sandbox/infisical/index.ts";
import { clientOf, type Reply, type Send } from "./sandbox-infisical-client.ts";

let server: InfisicalServer;
afterEach(() => server.stop());

interface Shop {
  readonly operator: Send;
  /** Reads with the token of the identity under test. */
  readonly read: (query: string) => Promise<Reply>;
  readonly get: (name: string, query?: string) => Promise<Reply>;
  readonly token: string;
  readonly slug: string;
  readonly id: string;
}

/** A project with secrets in and around `/shop`, and an identity whose role is made by the API from `permissions`. */
async function openShop(permissions: unknown[] | string, generation: Generation = "2024-10"): Promise<Shop> {
  server = await startInfisical({ generation, plan: { rbac: true } });
  const { id, slug } = server.createProject("Shop", "shop-project");
  for (const [environment, path, name, value] of [
    ["dev", "/", "ROOT", "r"],
    ["dev", "/shop", "A", "1"],
    ["dev", "/shop", "B", "2"],
    ["dev", "/shop/api", "DEEP", "3"],
    ["dev", "/shopping", "S", "4"],
    ["dev", "/other", "O", "5"],
    ["prod", "/shop", "P", "6"],
  ] as const) {
    server.setSecret(slug, environment, path, name, value);
  }
  server.addMember(id, server.operator.identityId, "admin");
  const operator = clientOf(server);
  const identity = server.createIdentity({ name: "reader" });
  server.attachKubernetesAuth(identity.id);
  if (typeof permissions === "string") server.addMember(id, identity.id, permissions);
  else {
    const path = generation === "2026" ? `/api/v1/projects/${id}/roles` : `/api/v1/workspace/${slug}/roles`;
    const role = await operator("POST", path, { slug: "reader", name: "reader", permissions });
    expect(role.status).toBe(200);
    server.addMember(id, identity.id, "reader");
  }
  const token = server.tokenFor(identity.id);
  return {
    operator,
    token,
    slug,
    id,
    read: (query) =>
      operator("GET", `/api/v3/secrets/raw?workspaceId=&workspaceSlug=${slug}&${query}`, undefined, token),
    get: (name, query = "environment=dev&secretPath=/shop") =>
      operator("GET", `/api/v3/secrets/raw/${name}?workspaceSlug=${slug}&${query}`, undefined, token),
  };
}

const roleWith = (secretPath: unknown, environment: unknown = { $eq: "dev" }) => [
  { subject: "secrets", action: ["read"], conditions: { environment, secretPath } },
];
const roleA = roleWith({ $eq: "/shop" });
const roleB = roleWith({ $glob: "/shop/**" });

const denied = {
  statusCode: 403,
  message: "You are not allowed to read on secrets",
  error: "PermissionDenied",
};
const keysOf = (reply: Reply) => reply.body["secrets"]?.map((secret) => secret["secretKey"]).toSorted();

describe.for([
  ["A", roleA, 403],
  ["B", roleB, 200],
] as const)("role %s", ([, permissions, child]) => {
  test("its folder, also with a trailing slash", async () => {
    const shop = await openShop([...permissions]);
    for (const path of ["/shop", "/shop/"]) {
      const list = await shop.read(`environment=dev&secretPath=${path}`);
      expect(list.status).toBe(200);
      expect(keysOf(list)).toEqual(["A", "B"]);
      expect(list.body).not.toHaveProperty("imports");
    }
  });

  test("a child folder", async () => {
    const shop = await openShop([...permissions]);
    expect((await shop.read("environment=dev&secretPath=/shop/api")).status).toBe(child);
  });

  test.for([
    "environment=dev&secretPath=/",
    "environment=dev",
    "environment=dev&secretPath=/other",
    "environment=dev&secretPath=/shopping",
    "environment=dev&secretPath=/SHOP",
    "environment=dev&secretPath=shop",
    "environment=dev&secretPath=//shop",
    "environment=dev&secretPath=/shop/../other",
    "environment=prod&secretPath=/shop",
    "environment=nope&secretPath=/shop",
  ])("%s is refused", async (query) => {
    const shop = await openShop([...permissions]);
    const list = await shop.read(query);
    expect(list.status).toBe(403);
    expect(list.body).toEqual(denied);
  });

  test.for([
    "environment=dev&secretPath=/other",
    "environment=prod&secretPath=/",
    "environment=dev&secretPath=/nope",
  ])("%s recursive is empty, never refused", async (query) => {
    const shop = await openShop([...permissions]);
    const list = await shop.read(`${query}&recursive=true`);
    expect(list.status).toBe(200);
    expect(list.body).toEqual({ secrets: [] });
  });

  test("an unknown environment recursive is a 500", async () => {
    const shop = await openShop([...permissions]);
    const list = await shop.read("environment=nope&secretPath=/shop&recursive=true");
    expect([list.status, list.body["error"]]).toEqual([500, "InternalServerError"]);
  });

  test("one secret: permitted, missing, not permitted", async () => {
    const shop = await openShop([...permissions]);
    expect((await shop.get("A")).body["secret"]?.["secretValue"]).toBe("1");
    expect((await shop.get("NOPE")).body).toEqual({
      statusCode: 404,
      message: "Secret not found",
      error: "NotFound",
    });
    expect((await shop.get("O", "environment=dev&secretPath=/other")).body).toEqual(denied);
  });

  test("writes are refused", async () => {
    const shop = await openShop([...permissions]);
    const body = { workspaceId: shop.id, environment: "dev", secretPath: "/shop", secretValue: "x" };
    for (const [method, action] of [
      ["POST", "create"],
      ["PATCH", "edit"],
      ["DELETE", "delete"],
    ] as const) {
      const reply = await shop.operator(method, "/api/v3/secrets/raw/A", body, shop.token);
      expect(reply.status).toBe(403);
      expect(reply.body["message"]).toBe(`You are not allowed to ${action} on secrets`);
    }
  });
});

test("recursive lists hold exactly the permitted folders", async () => {
  const a = await openShop(roleA);
  expect(keysOf(await a.read("environment=dev&secretPath=/shop&recursive=true"))).toEqual(["A", "B"]);
  await server.stop();
  const b = await openShop(roleB);
  expect(keysOf(await b.read("environment=dev&secretPath=/&recursive=true"))).toEqual(["A", "B", "DEEP"]);
});

test("recursive is a prefix of the path: /shop also lists /shopping", async () => {
  const shop = await openShop(roleWith({ $glob: "/**" }));
  const list = await shop.read("environment=dev&secretPath=/shop&recursive=true");
  expect(keysOf(list)).toEqual(["A", "B", "DEEP", "S"]);
});

test("the role no-access reads nothing, and recursively that is a 200", async () => {
  const shop = await openShop("no-access");
  expect((await shop.read("environment=dev&secretPath=/shop")).body).toEqual(denied);
  expect((await shop.read("environment=dev&secretPath=/shop&recursive=true")).body).toEqual({ secrets: [] });
});

test("a missing folder: 403 outside the role, empty with imports below a permitted path", async () => {
  const a = await openShop(roleA);
  expect((await a.read("environment=dev&secretPath=/shop/nope")).body).toEqual(denied);
  await server.stop();
  const b = await openShop(roleB);
  const list = await b.read("environment=dev&secretPath=/shop/nope");
  expect([list.status, list.body]).toEqual([200, { secrets: [], imports: [] }]);
  expect((await b.get("A", "environment=dev&secretPath=/shop/nope")).body).toEqual({
    statusCode: 404,
    message: "Folder not found for the given environment slug & secret path",
    error: "Create secret",
  });
});

test("a wide role lists an unknown environment as empty", async () => {
  const shop = await openShop("viewer");
  expect((await shop.read("environment=nope&secretPath=/")).body).toEqual({ secrets: [], imports: [] });
});

test("imports: what one may not read is left out, a key of it is not found", async () => {
  const shop = await openShop(roleWith({ $in: ["/shop", "/shopping"] }));
  server.addImport(shop.slug, "dev", "/shop", { environment: "dev", path: "/other" });
  server.addImport(shop.slug, "dev", "/shop", { environment: "dev", path: "/shopping" });
  const list = await shop.read("environment=dev&secretPath=/shop&include_imports=true");
  expect(list.body["imports"]?.map((entry) => entry["secretPath"])).toEqual(["/shopping"]);
  expect(list.body["imports"]?.[0]?.["secrets"]?.[0]?.["secretKey"]).toBe("S");
  const query = "environment=dev&secretPath=/shop&include_imports=true";
  expect((await shop.get("S", query)).body["secret"]?.["secretValue"]).toBe("4");
  expect((await shop.get("O", query)).status).toBe(404);
  expect((await shop.get("S")).status).toBe(404);
});

test("references: a forbidden one leaves the whole value raw in a list and refuses a single read", async () => {
  const shop = await openShop(roleA);
  server.setSecret(shop.slug, "dev", "/shop", "MIXED", "${A}+${dev.other.O}");
  server.setSecret(shop.slug, "dev", "/shop", "LOCAL", "${A}-${NOPE}-${dev.shop.B}");
  const list = await shop.read("environment=dev&secretPath=/shop&expandSecretReferences=true");
  const valueOf = (name: string) =>
    list.body["secrets"]?.find((secret) => secret["secretKey"] === name)?.["secretValue"];
  expect(valueOf("MIXED")).toBe("${A}+${dev.other.O}");
  expect(valueOf("LOCAL")).toBe("1-${NOPE}-2");
  const query = "environment=dev&secretPath=/shop&expandSecretReferences=true";
  expect((await shop.get("MIXED", query)).body).toEqual({
    statusCode: 403,
    message:
      "You are attempting to reference secret named O from environment dev in path /other which you do not have access to.",
    error: "ForbiddenError",
  });
  expect((await shop.get("LOCAL", query)).body["secret"]?.["secretValue"]).toBe("1-${NOPE}-2");
  expect((await shop.get("MIXED")).body["secret"]?.["secretValue"]).toBe("${A}+${dev.other.O}");
});

test("who is no member is refused, whatever he asks", async () => {
  const shop = await openShop(roleA);
  const stranger = server.createIdentity({ name: "stranger" });
  server.attachKubernetesAuth(stranger.id);
  const token = server.tokenFor(stranger.id);
  const refusal = {
    statusCode: 403,
    message: "You are not allowed to access this resource",
    error: "Identity is not a member of the specified project",
  };
  for (const recursive of ["true", "false"]) {
    const path = `/api/v3/secrets/raw?workspaceSlug=${shop.slug}&environment=dev&recursive=${recursive}`;
    expect((await shop.operator("GET", path, undefined, token)).body).toEqual(refusal);
  }
  const projects = `/api/v2/organizations/${server.organization.id}/workspaces`;
  expect((await shop.operator("GET", projects, undefined, token)).body).toEqual({ workspaces: [] });
});

test("an unknown slug is a 500 with a name of its own for lists and single reads; an unknown id is a 404", async () => {
  const shop = await openShop(roleA);
  const base = "/api/v3/secrets/raw";
  const query = "workspaceSlug=nope-zz&environment=dev";
  expect((await shop.operator("GET", `${base}?${query}`)).body["error"]).toBe(
    "Failed to find project by slug",
  );
  expect((await shop.operator("GET", `${base}/A?${query}`)).body["error"]).toBe("Find project by slug");
  const byId = await shop.operator("GET", `${base}?workspaceId=${server.organization.id}&environment=dev`);
  expect([byId.status, byId.body["message"]]).toEqual([
    404,
    "Project not found during bot lookup. Are you sure you are using the correct project ID?",
  ]);
});

test("the reader sees its project, but no role, member, identity or auth configuration", async () => {
  const shop = await openShop(roleA);
  const me = server.createIdentity({ name: "other" });
  const get = (path: string) => shop.operator("GET", path, undefined, shop.token);
  expect((await get(`/api/v1/workspace/${shop.id}`)).status).toBe(200);
  expect((await get(`/api/v1/workspace/${shop.slug}/roles`)).status).toBe(403);
  expect((await get(`/api/v2/workspace/${shop.id}/identity-memberships`)).status).toBe(403);
  expect((await get(`/api/v1/identities/${me.id}`)).body["message"]).toBe(
    "You are not allowed to read on identity",
  );
});

test("a change of the role acts on a live token at once", async () => {
  const shop = await openShop(roleA);
  const roles = `/api/v1/workspace/${shop.slug}/roles`;
  const found = await shop.operator("GET", `${roles}/slug/reader`);
  expect((await shop.read("environment=dev&secretPath=/other")).status).toBe(403);
  await shop.operator("PATCH", `${roles}/${found.body["role"]?.["id"]}`, {
    permissions: roleWith({ $eq: "/other" }),
  });
  expect((await shop.read("environment=dev&secretPath=/other")).status).toBe(200);
  expect((await shop.read("environment=dev&secretPath=/shop")).status).toBe(403);
});

test("if-none-match with the etag of the list is a 304", async () => {
  const shop = await openShop(roleA);
  const url = `${server.url}/api/v3/secrets/raw?workspaceSlug=${shop.slug}&environment=dev&secretPath=/shop`;
  const headers = { authorization: `Bearer ${shop.token}` };
  const first = await fetch(url, { headers });
  await first.arrayBuffer();
  const etag = first.headers.get("etag") ?? "";
  expect(etag).not.toBe("");
  const again = await fetch(url, { headers: { ...headers, "if-none-match": etag } });
  await again.arrayBuffer();
  expect(again.status).toBe(304);
});

test("viewSecretValue is ignored", async () => {
  const shop = await openShop(roleA);
  const list = await shop.read("environment=dev&secretPath=/shop&viewSecretValue=false");
  expect(list.body["secrets"]?.map((secret) => secret["secretValue"]).toSorted()).toEqual(["1", "2"]);
  expect(list.body["secrets"]?.[0]).not.toHaveProperty("secretValueHidden");
});

describe("permission keys the old schema does not know are stripped", () => {
  test("a prohibition becomes a permission", async () => {
    const shop = await openShop([
      ...roleA,
      {
        subject: "secrets",
        action: ["read"],
        inverted: true,
        conditions: { environment: "dev", secretPath: "/other" },
      },
    ]);
    expect((await shop.read("environment=dev&secretPath=/other")).status).toBe(200);
  });

  test("secretName alone opens everything", async () => {
    const shop = await openShop([
      { subject: "secrets", action: ["read"], conditions: { secretName: { $eq: "A" } } },
    ]);
    expect((await shop.read("environment=prod&secretPath=/shop")).status).toBe(200);
  });

  test.for([{ $glob: "de*" }, { $neq: "prod" }])("environment %j matches nothing", async (environment) => {
    const shop = await openShop(roleWith({ $eq: "/shop" }, environment));
    expect((await shop.read("environment=dev&secretPath=/shop")).status).toBe(403);
  });

  test("a template in a condition makes every read a 500", async () => {
    const shop = await openShop(roleWith("/{{identity.id}}"));
    expect((await shop.read("environment=dev&secretPath=/shop")).status).toBe(500);
  });

  test.for(["shop", "/shop/"])("secretPath %s is accepted and never matches", async (path) => {
    const shop = await openShop(roleWith({ $eq: path }));
    expect((await shop.read("environment=dev&secretPath=/shop")).status).toBe(403);
  });

  test("describeSecret and secret-imports are refused", async () => {
    const shop = await openShop(roleA);
    const roles = `/api/v1/workspace/${shop.slug}/roles`;
    for (const permissions of [
      [{ subject: "secrets", action: ["describeSecret", "readValue"] }],
      [{ subject: "secret-imports", action: ["read"] }],
    ]) {
      const reply = await shop.operator("POST", roles, { slug: "x-y", name: "x", permissions });
      expect([reply.status, reply.body["error"]]).toEqual([401, "ValidationFailure"]);
    }
  });
});

describe("2026", () => {
  const split = (actions: string[], secretPath: unknown = { $eq: "/shop" }) => [
    { subject: "secrets", action: actions, conditions: { environment: { $eq: "dev" }, secretPath } },
  ];

  test("the least role reads its folder and nothing else", async () => {
    const shop = await openShop(split(["describeSecret", "readValue"]), "2026");
    const list = await shop.read("environment=dev&secretPath=/shop");
    expect(list.body["secrets"]?.map((secret) => secret["secretValue"]).toSorted()).toEqual(["1", "2"]);
    expect(list.body["secrets"]?.[0]?.["secretValueHidden"]).toBe(false);
    const refused = await shop.read("environment=dev&secretPath=/other");
    expect([refused.status, refused.body["error"]]).toEqual([403, "PermissionDenied"]);
    expect(refused.body["reqId"]).toMatch(/^req-/u);
    expect(refused.body["details"]?.length).toBe(1);
  });

  test("without readValue the values are hidden, with 200", async () => {
    const shop = await openShop(split(["describeSecret"]), "2026");
    const [secret] = (await shop.read("environment=dev&secretPath=/shop")).body["secrets"] ?? [];
    expect(secret?.["secretValue"]).toBe("<hidden-by-infisical>");
    expect(secret?.["secretValueHidden"]).toBe(true);
  });

  test("a prohibition is kept", async () => {
    const shop = await openShop(
      [
        ...split(["describeSecret", "readValue"], { $glob: "/shop/**" }),
        {
          subject: "secrets",
          action: ["describeSecret", "readValue"],
          inverted: true,
          conditions: { secretPath: { $eq: "/shop/api" } },
        },
      ],
      "2026",
    );
    expect((await shop.read("environment=dev&secretPath=/shop")).status).toBe(200);
    expect((await shop.read("environment=dev&secretPath=/shop/api")).status).toBe(403);
  });

  test("a missing folder and an unknown slug are 404s with a text", async () => {
    const shop = await openShop("viewer", "2026");
    expect((await shop.read("environment=dev&secretPath=/nope")).body["message"]).toBe(
      "Folder with path '/nope' in environment with slug 'dev' not found",
    );
    const unknown = await shop.operator("GET", "/api/v3/secrets/raw?workspaceSlug=nope-zz&environment=dev");
    expect([unknown.status, unknown.body["message"]]).toEqual([404, "Project with slug 'nope-zz' not found"]);
  });

  test("v4 reads by projectId", async () => {
    const shop = await openShop(split(["describeSecret", "readValue"]), "2026");
    const query = `projectId=${shop.id}&environment=dev&secretPath=/shop`;
    const list = await shop.operator("GET", `/api/v4/secrets?${query}`, undefined, shop.token);
    expect(keysOf(list)).toEqual(["A", "B"]);
    const one = await shop.operator("GET", `/api/v4/secrets/A?${query}`, undefined, shop.token);
    expect(one.body["secret"]?.["secretValue"]).toBe("1");
  });
});
