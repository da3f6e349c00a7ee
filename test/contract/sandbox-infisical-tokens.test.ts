/** Logins, access tokens, trusted IPs and rate limits: sections 10.4 and 10.5, and 1.1 for 2026. */

import { afterEach, describe, expect, test } from "vitest";
import {
  startInfisical,
  type InfisicalOptions,
  type InfisicalServer,
} from "../../src/sandbox/infisical/index.ts";
import { clientOf, type Send } from "./sandbox-infisical-client.ts";

let server: InfisicalServer;
afterEach(() => server.stop());

async function open(options: InfisicalOptions): Promise<{ send: Send; projectId: string }> {
  server = await startInfisical(options);
  const project = server.createProject("Shop", "shop-project");
  server.addMember(project.id, server.operator.identityId, "admin");
  return { send: clientOf(server), projectId: project.id };
}

/** The token of a new project member whose Kubernetes Auth has these settings. */
function memberToken(config: object): { readonly token: string; readonly identityId: string } {
  const identity = server.createIdentity({ name: "app" });
  server.attachKubernetesAuth(identity.id, config);
  server.addMember("shop-project", identity.id, "viewer");
  return { token: server.tokenFor(identity.id), identityId: identity.id };
}

const lifetimes = (ttl: number, max: number, uses = 0) => ({
  accessTokenTTL: ttl,
  accessTokenMaxTTL: max,
  accessTokenNumUsesLimit: uses,
});

async function answerOf(send: Send, path: string, token: string): Promise<readonly unknown[]> {
  const reply = await send("GET", path, undefined, token);
  return reply.status === 200 ? [200] : [reply.status, reply.body["message"]];
}

const gone = [401, "No identity access token found"];

describe("access tokens of October 2024", () => {
  test("a token of one use", async () => {
    const { send, projectId } = await open({ generation: "2024-10" });
    const { token } = memberToken(lifetimes(7200, 7200, 1));
    const read = () => answerOf(send, `/api/v1/workspace/${projectId}`, token);
    expect(await read()).toEqual([200]);
    expect(await read()).toEqual([401, "Unable to renew because access token number of uses limit reached"]);
    expect(await read()).toEqual(gone);
  });

  test("TTL over: 401 once, then unknown; MaxTTL over: 403", async () => {
    const { send, projectId } = await open({ generation: "2024-10" });
    const path = `/api/v1/workspace/${projectId}`;
    const short = memberToken(lifetimes(1, 7200)).token;
    const shortest = memberToken(lifetimes(1, 1)).token;
    server.advance(3);
    expect(await answerOf(send, path, short)).toEqual([
      401,
      "Failed to renew MI access token due to TTL expiration",
    ]);
    expect(await answerOf(send, path, short)).toEqual(gone);
    const expired = await send("GET", path, undefined, shortest);
    expect(expired.body).toEqual({
      statusCode: 403,
      message: "Your token has expired. Please re-authenticate.",
      error: "TokenError",
    });
  });

  test("renewal: works below MaxTTL, and with TTL = MaxTTL destroys the token", async () => {
    const { send, projectId } = await open({ generation: "2024-10" });
    const renew = (accessToken: string) => send("POST", "/api/v1/auth/token/renew", { accessToken }, "");
    const long = memberToken(lifetimes(60, 7200)).token;
    const renewed = await renew(long);
    expect([renewed.status, renewed.body["tokenType"]]).toEqual([200, "Bearer"]);
    const { token } = memberToken(lifetimes(7200, 7200));
    server.advance(1);
    const refused = await renew(token);
    expect(refused.status).toBe(401);
    expect(refused.body["message"]).toBe("Failed to renew MI access token past its Max TTL expiration");
    expect(await answerOf(send, `/api/v1/workspace/${projectId}`, token)).toEqual(gone);
  });

  test("a negative MaxTTL is accepted and yields dead tokens", async () => {
    const { send, projectId } = await open({ generation: "2024-10" });
    const identity = server.createIdentity({ name: "app" });
    server.addMember(projectId, identity.id, "viewer");
    const attached = await send("POST", `/api/v1/auth/kubernetes-auth/identities/${identity.id}`, {
      kubernetesHost: "https://k.example",
      tokenReviewerJwt: "r",
      allowedNamespaces: "",
      allowedNames: "",
      allowedAudience: "",
      accessTokenMaxTTL: -5,
    });
    expect(attached.status).toBe(200);
    const answer = await answerOf(send, `/api/v1/workspace/${projectId}`, server.tokenFor(identity.id));
    expect(answer[0]).toBe(403);
  });

  test("revoked tokens and tokens of deleted identities are unknown", async () => {
    const { send, projectId } = await open({ generation: "2024-10" });
    const path = `/api/v1/workspace/${projectId}`;
    const { token, identityId } = memberToken({});
    const other = server.tokenFor(identityId);
    const revoked = await send("POST", "/api/v1/auth/token/revoke", { accessToken: token }, "");
    expect(revoked.body).toEqual({ message: "Successfully revoked access token" });
    expect(await answerOf(send, path, token)).toEqual(gone);
    expect((await send("POST", "/api/v1/auth/token/revoke", { accessToken: token }, "")).status).toBe(401);
    expect(await answerOf(send, path, other)).toEqual([200]);
    await send("DELETE", `/api/v1/identities/${identityId}`);
    expect(await answerOf(send, path, other)).toEqual(gone);
    const auth = await send("GET", `/api/v1/auth/kubernetes-auth/identities/${identityId}`);
    expect([auth.status, auth.body["message"]]).toEqual([404, "Failed to find identity"]);
  });

  test("Kubernetes Auth deleted: 500, and attached again the old token works again", async () => {
    const { send, projectId } = await open({ generation: "2024-10" });
    const path = `/api/v1/workspace/${projectId}`;
    const { token, identityId } = memberToken({});
    await send("DELETE", `/api/v1/auth/kubernetes-auth/identities/${identityId}`);
    expect(await answerOf(send, path, token)).toEqual([500, "Something went wrong"]);
    server.attachKubernetesAuth(identityId);
    expect(await answerOf(send, path, token)).toEqual([200]);
  });

  test("broken tokens", async () => {
    const { send } = await open({ generation: "2024-10" });
    const path = "/api/v1/identities/details";
    expect(await answerOf(send, path, "garbage")).toEqual([
      403,
      "The provided access token is malformed. Please use a valid token or generate a new one and try again.",
    ]);
    const none = [{ alg: "none" }, {}].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    expect((await answerOf(send, path, `${none.join(".")}.x`))[1]).toContain("invalid algorithm");
    const service = await send("GET", path, undefined, "st.abc");
    expect([service.status, service.body["error"]]).toEqual([403, `Forbidden access to ${path}`]);
  });
});

describe("trusted IPs", () => {
  test("anything but anywhere needs the plan", async () => {
    const { send } = await open({ generation: "2024-10" });
    const { identityId } = memberToken({});
    for (const ipAddress of ["10.0.0.0/8", "zzz", "10.0.0.0/0"]) {
      const reply = await send("PATCH", `/api/v1/auth/kubernetes-auth/identities/${identityId}`, {
        accessTokenTrustedIps: [{ ipAddress }],
      });
      expect([reply.status, reply.body["message"]]).toEqual([
        400,
        "Failed to add IP access range to access token due to plan restriction. Upgrade plan to add IP access range.",
      ]);
    }
  });

  test("with the plan they are checked on use, and a PATCH reaches live tokens", async () => {
    const { send, projectId } = await open({ generation: "2024-10", plan: { ipAllowlisting: true } });
    const { token, identityId } = memberToken({});
    const path = `/api/v1/workspace/${projectId}`;
    const patch = (ipAddress: string) =>
      send("PATCH", `/api/v1/auth/kubernetes-auth/identities/${identityId}`, {
        accessTokenTrustedIps: [{ ipAddress }],
      });
    expect((await patch("zzz")).body["message"]).toBe("The IP is not a valid IPv4, IPv6, or CIDR block");
    expect((await patch("10.0.0.0/8")).status).toBe(200);
    expect(await answerOf(send, path, token)).toEqual([
      403,
      "You are not allowed to access this resource from the current IP address",
    ]);
    await patch("127.0.0.0/8");
    expect(await answerOf(send, path, token)).toEqual([200]);
  });

  test("the client address comes from anybody's x-forwarded-for; a word there is a 500", async () => {
    const { projectId } = await open({ generation: "2024-10" });
    const { token } = memberToken({
      accessTokenTrustedIps: [{ type: "ipv4", prefix: 0, ipAddress: "0.0.0.0" }],
    });
    const statusFrom = async (address: string) => {
      const headers = { authorization: `Bearer ${token}`, "x-forwarded-for": address };
      const response = await fetch(`${server.url}/api/v1/workspace/${projectId}`, { headers });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await statusFrom("203.0.113.9")).toBe(200);
    expect(await statusFrom("2001:db8::1")).toBe(403);
    expect(await statusFrom("203.0.113.9:443")).toBe(500);
    expect(await statusFrom("unknown")).toBe(500);
  });
});

describe("2026", () => {
  test("a token expires with its TTL, and dies with its auth method", async () => {
    const { send, projectId } = await open({ generation: "2026" });
    const path = `/api/v1/projects/${projectId}`;
    const { token, identityId } = memberToken(lifetimes(60, 7200));
    await send("DELETE", `/api/v1/auth/kubernetes-auth/identities/${identityId}`);
    expect(await answerOf(send, path, token)).toEqual(gone);
    const short = memberToken(lifetimes(1, 7200)).token;
    server.advance(3);
    expect(await answerOf(send, path, short)).toEqual([
      403,
      "Your token has expired. Please re-authenticate.",
    ]);
  });

  test("three wrong secrets lock Universal Auth for five minutes", async () => {
    const { send } = await open({ generation: "2026" });
    const { clientId, clientSecret } = server.operator;
    const login = async (secret: string) => {
      const body = { clientId, clientSecret: secret };
      const reply = await send("POST", "/api/v1/auth/universal-auth/login", body, "");
      return reply.status === 200 ? "in" : reply.body["message"];
    };
    for (let attempt = 0; attempt < 3; attempt += 1) expect(await login("wrong")).toBe("Invalid credentials");
    expect(await login(clientSecret)).toBe(
      "This identity auth method is temporarily locked, please try again later",
    );
    server.advance(301);
    expect(await login(clientSecret)).toBe("in");
  });

  test("an unknown client id looks like a wrong secret", async () => {
    const { send } = await open({ generation: "2026" });
    const body = { clientId: "nobody", clientSecret: "x" };
    const reply = await send("POST", "/api/v1/auth/universal-auth/login", body, "");
    expect([reply.status, reply.body["message"]]).toEqual([401, "Invalid credentials"]);
  });
});

test("client secrets: uses and lifetime", async () => {
  const { send } = await open({ generation: "2024-10" });
  const identity = server.createIdentity({ name: "ci" });
  const { clientId } = server.attachUniversalAuth(identity.id);
  const path = `/api/v1/auth/universal-auth/identities/${identity.id}/client-secrets`;
  const make = async (body: object) => (await send("POST", path, body)).body["clientSecret"] as string;
  const login = async (clientSecret: string) => {
    const reply = await send("POST", "/api/v1/auth/universal-auth/login", { clientId, clientSecret }, "");
    return reply.status === 200 ? "in" : reply.body["message"];
  };
  const once = await make({ numUsesLimit: 1 });
  expect(await login(once)).toBe("in");
  expect(await login(once)).toBe("Access denied due to client secret usage limit reached");
  const brief = await make({ ttl: 1 });
  server.advance(3);
  expect(await login(brief)).toBe("Access denied due to expired client secret");
  expect((await send("GET", path)).body["clientSecretData"]).toHaveLength(1);
});

describe("rate limits", () => {
  const list = (projectId: string) => `/api/v3/secrets/raw?workspaceId=${projectId}&environment=dev`;

  test("October 2024: 40 lists a minute, then a bare 500 with retry-after; per route, for all callers", async () => {
    const { send, projectId } = await open({ generation: "2024-10", rateLimits: true });
    const { token } = memberToken({});
    for (let call = 0; call < 40; call += 1) {
      expect((await send("GET", list(projectId), undefined, call % 2 === 0 ? token : undefined)).status).toBe(
        200,
      );
    }
    const limited = await send("GET", list(projectId));
    expect([limited.status, limited.body]).toEqual([
      500,
      { statusCode: 500, message: "Something went wrong", error: "InternalServerError" },
    ]);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(limited.headers.get("x-ratelimit-limit")).toBe("40");
    expect(limited.headers.get("x-ratelimit-remaining")).toBe("0");
    const one = `/api/v3/secrets/raw/NOPE?workspaceId=${projectId}&environment=dev`;
    expect((await send("GET", one)).status).toBe(404);
    server.advance(60);
    expect((await send("GET", list(projectId))).status).toBe(200);
  });

  test("2026: 429 with a text", async () => {
    const { send, projectId } = await open({ generation: "2026", rateLimits: { secrets: 1 } });
    await send("GET", list(projectId));
    const limited = await send("GET", list(projectId));
    expect(limited.status).toBe(429);
    expect(limited.body["message"]).toMatch(/^Rate limit exceeded\. Please try again in \d+ seconds$/u);
    expect(limited.body["reqId"]).toMatch(/^req-/u);
  });

  test("refused tokens and the status are never counted, failed logins are", async () => {
    const { send, projectId } = await open({ generation: "2024-10", rateLimits: { read: 2, write: 2 } });
    for (let call = 0; call < 5; call += 1) {
      expect((await send("GET", `/api/v1/workspace/${projectId}`, undefined, "garbage")).status).toBe(403);
      expect((await send("GET", "/api/status", undefined, "")).status).toBe(200);
    }
    expect((await send("GET", `/api/v1/workspace/${projectId}`)).headers.get("x-ratelimit-remaining")).toBe(
      "1",
    );
    const login = () =>
      send("POST", "/api/v1/auth/universal-auth/login", { clientId: "x", clientSecret: "x" }, "");
    expect([(await login()).status, (await login()).status, (await login()).status]).toEqual([404, 404, 500]);
  });

  test("off by default, without headers", async () => {
    const { send, projectId } = await open({ generation: "2024-10" });
    const reply = await send("GET", `/api/v1/workspace/${projectId}`);
    expect(reply.headers.get("x-ratelimit-limit")).toBeNull();
  });
});
