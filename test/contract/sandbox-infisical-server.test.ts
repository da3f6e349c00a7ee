/** The simulated server as a tool of tests: faults, log, TLS, web UI, snapshot, seed. */

import { request } from "node:https";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import {
  startInfisical,
  type InfisicalOptions,
  type InfisicalServer,
} from "../../src/sandbox/infisical/index.ts";
import { makeLoopbackChain } from "./sandbox-infisical-certificates.ts";
import { clientOf, type Send } from "./sandbox-infisical-client.ts";

let server: InfisicalServer;
afterEach(() => server.stop());

async function open(options: Partial<InfisicalOptions> = {}): Promise<Send> {
  server = await startInfisical({ generation: "2024-10", ...options });
  const project = server.createProject("Shop", "shop-project");
  server.addMember(project.id, server.operator.identityId, "admin");
  return clientOf(server);
}

const slugPath = "/api/v2/workspace/shop-project";

describe("faults", () => {
  test("as often as asked for, on matching requests only", async () => {
    const send = await open();
    server.faults.add({ match: { method: "GET", path: /workspace/u }, times: 2, kind: "500" });
    expect((await send("GET", "/api/status")).status).toBe(200);
    expect((await send("GET", slugPath)).status).toBe(500);
    expect((await send("GET", slugPath)).status).toBe(500);
    expect((await send("GET", slugPath)).status).toBe(200);
  });

  test("a rate limit, a page, any JSON, a delay", async () => {
    const send = await open();
    const disarm = server.faults.add({ match: { path: slugPath }, kind: "429", retryAfter: 7 });
    const limited = await send("GET", slugPath);
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "7"]);
    disarm();
    server.faults.add({ match: (target) => target.path === slugPath, times: 1, kind: "html", status: 502 });
    const page = await send("GET", slugPath);
    expect([page.status, page.headers.get("content-type")]).toEqual([502, "text/html; charset=utf-8"]);
    server.faults.add({
      match: { path: slugPath },
      times: 1,
      kind: "json",
      status: 400,
      body: { message: "x" },
    });
    expect((await send("GET", slugPath)).body).toEqual({ message: "x" });
    server.faults.add({ match: { path: slugPath }, times: 1, kind: "slow", delayMs: 30 });
    const start = performance.now();
    expect((await send("GET", slugPath)).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(25);
  });

  test("a cut connection, half an answer, none at all", async () => {
    const send = await open();
    server.faults.add({ match: { path: slugPath }, times: 1, kind: "reset" });
    await expect(send("GET", slugPath)).rejects.toThrow("fetch failed");
    server.faults.add({ match: { path: slugPath }, times: 1, kind: "truncated" });
    await expect(send("GET", slugPath)).rejects.toThrow("terminated");
    server.faults.add({ match: { path: slugPath }, times: 1, kind: "silence" });
    const signal = AbortSignal.timeout(40);
    await expect(fetch(`${server.url}${slugPath}`, { signal })).rejects.toThrow("timeout");
    expect(server.log.entries.map((entry) => entry.status)).toEqual([0, 200, 0]);
  });

  test("the work is done although the answer is lost", async () => {
    const send = await open();
    const body = { name: "new", organizationId: server.organization.id };
    const path = "/api/v1/identities";
    server.faults.add({ match: { method: "POST", path }, times: 1, kind: "reset", phase: "after" });
    await expect(send("POST", path, body)).rejects.toThrow("fetch failed");
    const list = await send("GET", `${path}?orgId=${server.organization.id}`);
    expect(list.body["identities"]?.map((row) => row["identity"]?.["name"])).toEqual(["new", "operator"]);
  });
});

describe("the log", () => {
  test("who asked what, without secrets", async () => {
    const send = await open();
    const { clientId, clientSecret } = server.operator;
    await send("POST", "/api/v1/auth/universal-auth/login", { clientId, clientSecret }, "");
    await send("GET", "/api/v1/identities?orgId=x");
    const [login, list] = server.log.entries;
    expect(login).toMatchObject({ number: 1, method: "POST", status: 200, identityId: undefined });
    expect(login?.body).toEqual({ clientId, clientSecret: expect.stringMatching(/^sha256:[0-9a-f]{64}$/u) });
    expect(list).toMatchObject({ path: "/api/v1/identities?orgId=x", status: 500 });
    expect(list?.identityId).toBe(server.operator.identityId);
    expect(JSON.stringify(server.log.entries)).not.toContain(clientSecret);
  });

  test("where a token was seen", async () => {
    const send = await open();
    const token = server.tokenFor(server.operator.identityId);
    await send("GET", slugPath, undefined, token);
    await send("POST", "/api/v1/auth/token/revoke", { accessToken: token }, "");
    await send("GET", `/api/status?leak=${encodeURIComponent(token)}`, undefined, "");
    expect(server.log.sawToken(token).map(({ number, where }) => `${number} ${where}`)).toEqual([
      "1 header:authorization",
      "2 body.accessToken",
      "3 url",
    ]);
    expect(server.log.sawToken("never sent")).toEqual([]);
  });

  test("what changed something: no logins, no reads, no refusals", async () => {
    const send = await open();
    const { clientId, clientSecret } = server.operator;
    await send("POST", "/api/v1/auth/universal-auth/login", { clientId, clientSecret }, "");
    await send("GET", slugPath);
    await send("POST", "/api/v2/workspace", { projectName: "New" });
    await send("POST", "/api/v2/workspace", {});
    expect(server.log.writes.map((entry) => `${entry.method} ${entry.path}`)).toEqual([
      "POST /api/v2/workspace",
    ]);
  });
});

test("TLS with a given certificate", async () => {
  const chain = makeLoopbackChain();
  await open({ tls: { key: chain.server.key, cert: chain.server.cert } });
  expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
  const body = await new Promise<string>((resolve, reject) => {
    request(`${server.url}/api/status`, { ca: chain.ca.cert }, (response) => {
      text(response).then(resolve, reject);
    })
      .on("error", reject)
      .end();
  });
  expect(JSON.parse(body)).toMatchObject({ message: "Ok" });
  await expect(fetch(`${server.url}/api/status`)).rejects.toThrow("fetch failed");
});

test("the web UI answers what is no API route, and on request unknown API routes too", async () => {
  const send = await open({ unknownApiRoutes: "html" });
  for (const path of ["/", "/login", "/api/v9/nothing"]) {
    const page = await send("GET", path);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  }
});

test("a body that is no JSON", async () => {
  await open();
  const response = await fetch(`${server.url}/api/v1/auth/universal-auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{",
  });
  expect([response.status, await response.json()]).toMatchObject([400, { error: "Bad Request" }]);
});

test("a snapshot is the same for the same state, whatever the ids and times", async () => {
  const build = async () => {
    const send = await open();
    const identity = server.createIdentity({ name: "eso" });
    server.attachKubernetesAuth(identity.id);
    server.setSecret("shop-project", "dev", "/shop", "A", "1");
    await send("POST", "/api/v1/workspace/shop-project/roles", { slug: "r-o", name: "r", permissions: [] });
    return server.snapshot();
  };
  const first = await build();
  await server.stop();
  const second = await build();
  expect(second).toEqual(first);
  server.setSecret("shop-project", "dev", "/shop", "A", "2");
  expect(server.snapshot()).not.toEqual(second);
});

test("a seed makes ids and credentials the same, without one they differ", async () => {
  const credentials: unknown[] = [];
  for (const seed of ["demo", "demo", undefined]) {
    if (credentials.length > 0) await server.stop();
    await open(seed === undefined ? {} : { seed });
    credentials.push(server.operator);
  }
  expect(credentials[1]).toEqual(credentials[0]);
  expect(credentials[2]).not.toEqual(credentials[0]);
});

test("values are trimmed, one newline at the end survives, and older versions can be read", async () => {
  const send = await open();
  server.setSecret("shop-project", "dev", "/", "K", "  a \n\n");
  server.setSecret("shop-project", "dev", "/", "K", " b ");
  const path = "/api/v3/secrets/raw/K?workspaceSlug=shop-project&environment=dev";
  expect((await send("GET", path)).body["secret"]).toMatchObject({ secretValue: "b", version: 2 });
  expect((await send("GET", `${path}&version=1`)).body["secret"]).toMatchObject({ secretValue: "a\n" });
});
