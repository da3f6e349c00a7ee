/** Kubernetes Auth against an API server on loopback: 10.3 for October 2024, 4.2 to 4.4 for 2026. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  startInfisical,
  type Generation,
  type InfisicalOptions,
  type InfisicalServer,
} from "../../src/sandbox/infisical/index.ts";
import { makeCertificate } from "./sandbox-infisical-certificates.ts";
import { clientOf, type Send } from "./sandbox-infisical-client.ts";
import { apiAudience, json, plain, startFakeCluster, type FakeCluster } from "./sandbox-infisical-cluster.ts";

let cluster: FakeCluster;
let server: InfisicalServer;
let send: Send;

beforeAll(async () => {
  cluster = await startFakeCluster();
});
afterAll(() => cluster.stop());
afterEach(async () => {
  cluster.answerWith(undefined);
  await server.stop();
});

async function open(generation: Generation, options: Partial<InfisicalOptions> = {}): Promise<void> {
  server = await startInfisical({ generation, ...options });
  send = clientOf(server);
}

const authPath = (id: string) => `/api/v1/auth/kubernetes-auth/identities/${id}`;
const goodConfig = () => ({
  kubernetesHost: cluster.url,
  caCert: cluster.caCert,
  tokenReviewerJwt: "reviewer",
  allowedNamespaces: "external-secrets",
  allowedNames: "external-secrets",
  allowedAudience: "",
});
const goodToken = "sa:external-secrets:external-secrets";

/** Logs in as a new identity with this configuration; `[status, message, error]` unless it is 200. */
async function login(config: object, jwt = goodToken): Promise<readonly unknown[]> {
  const identity = server.createIdentity({ name: "eso" });
  server.attachKubernetesAuth(identity.id, { ...goodConfig(), ...config });
  const path = "/api/v1/auth/kubernetes-auth/login";
  const reply = await send("POST", path, { identityId: identity.id, jwt }, "");
  return reply.status === 200 ? [200] : [reply.status, reply.body["message"], reply.body["error"]];
}

const fold = [500, "Something went wrong", "InternalServerError"];

describe("login of October 2024", () => {
  test("a good token: 200, and a TokenReview without audiences was made with the reviewer's token", async () => {
    await open("2024-10");
    expect(await login({})).toEqual([200]);
    expect(cluster.calls.at(-1)).toEqual({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      bearer: "reviewer",
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token: goodToken },
      },
    });
  });

  test("whatever is wrong with network, TLS or answer is the same 500", async () => {
    await open("2024-10");
    const foreign = makeCertificate({ name: "other CA", isCa: true }).cert;
    expect(await login({ caCert: foreign, verifyTlsCertificate: true })).toEqual(fold);
    expect(await login({ caCert: "no pem" })).toEqual(fold);
    expect(await login({ kubernetesHost: "https://127.0.0.1:1" })).toEqual(fold);
    expect(await login({ kubernetesHost: `http://127.0.0.1:${cluster.port}` })).toEqual(fold);
    expect(await login({ kubernetesHost: `127.0.0.1:${cluster.port}` })).toEqual(fold);
    expect(await login({ kubernetesHost: `${cluster.url}/` })).toEqual(fold);
    expect(await login({ tokenReviewerJwt: "line\nbreak" })).toEqual(fold);
    for (const answer of [
      plain(200, "<html>"),
      plain(503, "no"),
      json(201, {}),
      json(404, { kind: "Status" }),
    ]) {
      cluster.answerWith(answer);
      expect(await login({})).toEqual(fold);
    }
    cluster.answerWith(undefined);
    expect(await login({}, "user")).toEqual(fold);
  });

  test("no CA: TLS is not verified; a bundle with the right CA among others works", async () => {
    await open("2024-10");
    expect(await login({ caCert: "", verifyTlsCertificate: false })).toEqual([200]);
    const foreign = makeCertificate({ name: "other CA", isCa: true }).cert;
    expect(await login({ caCert: `${foreign}${cluster.caCert}` })).toEqual([200]);
  });

  test("a silent API server: the connection is closed without an answer", async () => {
    await open("2024-10", { reviewTimeoutMs: 50 });
    cluster.answerWith(() => {});
    await expect(login({})).rejects.toThrow("fetch failed");
    expect(server.log.entries.at(-1)?.status).toBe(0);
  });

  test("the reviewer's and the token's faults, in the words of the API server", async () => {
    await open("2024-10");
    const request = "KubernetesTokenReviewRequestError";
    const review = "KubernetesTokenReviewError";
    expect(await login({ tokenReviewerJwt: "expired" })).toEqual([401, "Unauthorized", request]);
    expect(await login({ tokenReviewerJwt: "unbound" })).toEqual([
      401,
      'tokenreviews.authentication.k8s.io is forbidden: User "system:serviceaccount:infisical:auth" cannot create resource "tokenreviews" in API group "authentication.k8s.io" at the cluster scope',
      request,
    ]);
    expect(await login({}, "garbage")).toEqual([401, "invalid bearer token", review]);
    expect(await login({}, "expired")).toEqual([
      401,
      "[invalid bearer token, service account token has expired]",
      review,
    ]);
    expect(await login({}, "")).toEqual([
      401,
      "token is required for TokenReview in authentication",
      request,
    ]);
    cluster.answerWith(json(201, { status: { authenticated: false } }));
    expect(await login({})).toEqual([401, "Kubernetes token not authenticated", review]);
  });

  const denied = (what: string) => [401, `Access denied: K8s ${what} not allowed.`, "UnauthorizedError"];

  test("allowed namespaces and names: exact, comma-separated, trimmed, empty is any", async () => {
    await open("2024-10");
    for (const allowedNames of [
      "a, external-secrets",
      " external-secrets",
      "external-secrets,",
      "a,,external-secrets",
      "",
    ]) {
      expect(await login({ allowedNames })).toEqual([200]);
    }
    for (const allowedNames of [
      "*",
      "external-*",
      "external-secrets/external-secrets",
      "External-Secrets",
      ",",
      " ",
    ]) {
      expect(await login({ allowedNames })).toEqual(denied("name"));
    }
    expect(await login({ allowedNamespaces: "", allowedNames: "" })).toEqual([200]);
    expect(await login({ allowedNamespaces: "other", allowedNames: "other" })).toEqual(denied("namespace"));
  });

  test("audiences: only the API server's own can ever match", async () => {
    await open("2024-10");
    const custom = `${goodToken}:infisical`;
    expect((await login({ allowedAudience: "infisical" }, custom))[1]).toContain(
      'token audiences ["infisical"] is invalid',
    );
    expect(await login({ allowedAudience: apiAudience })).toEqual([200]);
    expect(await login({ allowedAudience: "infisical" })).toEqual(denied("audience"));
  });

  test("identity ids: no uuid 500, upper case and blanks fine, unknown 404", async () => {
    await open("2024-10");
    const identity = server.createIdentity({ name: "eso" });
    server.attachKubernetesAuth(identity.id, goodConfig());
    const as = async (identityId: string) => {
      const path = "/api/v1/auth/kubernetes-auth/login";
      const reply = await send("POST", path, { identityId, jwt: ` ${goodToken}\n` }, "");
      return [reply.status, reply.body["error"]];
    };
    expect(await as("zzz")).toEqual([500, "Find one"]);
    expect(await as(` ${identity.id.toUpperCase()} `)).toEqual([200, undefined]);
    expect(await as(server.organization.id)).toEqual([404, "NotFound"]);
  });
});

describe("login of 2026", () => {
  test("every failure has a name and a text", async () => {
    await open("2026", { reviewTimeoutMs: 200 });
    const host = cluster.url;
    const foreign = makeCertificate({ name: "other CA", isCa: true }).cert;
    expect(await login({ kubernetesHost: "https://127.0.0.1:1" })).toEqual([
      400,
      "Failed to connect to Kubernetes API server at https://127.0.0.1:1: Connection refused. Verify the host URL and ensure the kubernetes api server is accessible.",
      "KubernetesConnectionRefused",
    ]);
    expect(await login({ caCert: foreign })).toEqual([
      400,
      `SSL certificate verification failed for Kubernetes API server at ${host}. Verify the CA certificate is correct and the server certificate is valid.`,
      "KubernetesCertificateError",
    ]);
    cluster.answerWith(plain(404, "404 page not found"));
    expect(await login({})).toEqual([
      400,
      "Kubernetes returned HTTP 404: Not Found",
      "KubernetesTokenReviewRequestError",
    ]);
    cluster.answerWith(plain(200, "x".repeat(70_000)));
    expect((await login({}))[1]).toBe(
      `Failed to communicate with Kubernetes API server at ${host}: maxContentLength size of 65536 exceeded`,
    );
    cluster.answerWith(() => {});
    expect(await login({})).toEqual([
      400,
      `Failed to communicate with Kubernetes API server at ${host}: canceled`,
      "KubernetesConnectionError",
    ]);
  });

  test("a self-signed API server and a host its certificate is not for", async () => {
    await open("2026");
    const selfSigned = await startFakeCluster({ selfSigned: true });
    const { url } = selfSigned;
    const unknown = await login({ kubernetesHost: url, caCert: "", verifyTlsCertificate: true });
    await selfSigned.stop();
    expect(unknown).toEqual([
      400,
      `SSL certificate verification failed for Kubernetes API server at ${url}. The server uses a self-signed certificate. Please provide the CA certificate in the configuration.`,
      "KubernetesCertificateError",
    ]);
    const elsewhere = await startFakeCluster({ hosts: ["10.1.2.3"] });
    const answer = await login({ kubernetesHost: elsewhere.url, caCert: elsewhere.caCert });
    await elsewhere.stop();
    expect(answer[1]).toContain("Hostname/IP does not match certificate's altnames");
    expect(answer[2]).toBe("KubernetesConnectionError");
  });

  test("an expired certificate", async () => {
    await open("2026");
    const stale = await startFakeCluster({ expired: true });
    const answer = await login({ kubernetesHost: stale.url, caCert: stale.caCert });
    await stale.stop();
    expect(answer[1]).toContain("Verify the CA certificate is correct and the server certificate is valid.");
    expect(answer[2]).toBe("KubernetesCertificateError");
  });

  test("the reviewer's faults carry names of their own", async () => {
    await open("2026");
    expect((await login({ tokenReviewerJwt: "expired" })).toSpliced(1, 1)).toEqual([
      401,
      "KubernetesTokenReviewerUnauthorized",
    ]);
    expect((await login({ tokenReviewerJwt: "unbound" })).toSpliced(1, 1)).toEqual([
      401,
      "KubernetesTokenReviewerForbidden",
    ]);
    cluster.answerWith(plain(403, "forbidden"));
    expect((await login({}))[1]).toContain(
      "Token reviewer JWT does not have permission to perform TokenReviews.",
    );
  });

  test("no reviewer token: the client's token reviews itself", async () => {
    await open("2026");
    const names = { tokenReviewerJwt: "", allowedNames: "bound,external-secrets" };
    expect(await login(names, "sa:external-secrets:bound")).toEqual([200]);
    expect(cluster.calls.at(-1)?.bearer).toBe("sa:external-secrets:bound");
    expect((await login(names))[2]).toBe("KubernetesTokenReviewerUnauthorized");
  });

  test("the audience is asked for when it is set", async () => {
    await open("2026");
    expect(await login({ allowedAudience: "infisical" }, `${goodToken}:infisical`)).toEqual([200]);
    expect(cluster.calls.at(-1)?.body).toMatchObject({ spec: { audiences: ["infisical"] } });
  });

  test("globs in the lists, and an empty entry that trips the server", async () => {
    await open("2026");
    expect(await login({ allowedNames: "ext*-secrets", allowedNamespaces: "*" })).toEqual([200]);
    expect((await login({ allowedNames: "a,!external-secrets" }))[1]).toBe(
      "Access denied: K8s name not allowed.",
    );
    expect(await login({ allowedNames: "external-secrets," })).toEqual([200]);
    expect(await login({ allowedNames: "a,,external-secrets" })).toEqual([
      400,
      "Expected pattern to be a non-empty string",
      "KubernetesAuthLoginError",
    ]);
  });

  test("a user's token", async () => {
    await open("2026");
    expect(await login({}, "user")).toEqual([
      400,
      'Invalid Kubernetes service account username format: "jane@example.com". Expected format: system:serviceaccount:<namespace>:<name>',
      "KubernetesUsernameParseError",
    ]);
  });

  test("the guard: local addresses unless allowed, localhost never, names that do not resolve", async () => {
    const unknownName = async (name: string) => {
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" });
    };
    await open("2026", { allowInternalIps: false, resolveHost: unknownName });
    const guard = [400, "Local IPs not allowed as URL", "BadRequest"];
    expect(await login({})).toEqual(guard);
    expect(await login({ kubernetesHost: "https://10.0.0.1" })).toEqual(guard);
    expect(await login({ kubernetesHost: "https://k8s.invalid" })).toEqual([
      400,
      "getaddrinfo ENOTFOUND k8s.invalid",
      "KubernetesTokenReviewError",
    ]);
    await server.stop();
    await open("2026");
    expect(await login({ kubernetesHost: `https://localhost:${cluster.port}` })).toEqual(guard);
  });
});

describe("attach and PATCH", () => {
  /** Attaches through the API; `[status, message, error]` unless it is 200. */
  async function attach(config: object): Promise<readonly unknown[]> {
    const { id } = server.createIdentity({ name: "eso" });
    const reply = await send("POST", authPath(id), { ...goodConfig(), ...config });
    return reply.status === 200 ? [200] : [reply.status, reply.body["message"], reply.body["error"]];
  }

  test("October 2024 stores anything without looking", async () => {
    await open("2024-10");
    const before = cluster.calls.length;
    expect(await attach({ kubernetesHost: "https://nowhere.invalid", tokenReviewerJwt: "x" })).toEqual([200]);
    expect(cluster.calls).toHaveLength(before);
  });

  test("2026 reaches for /version and tries the reviewer", async () => {
    await open("2026");
    const before = cluster.calls.length;
    expect(await attach({})).toEqual([200]);
    expect(cluster.calls.slice(before).map((call) => `${call.method} ${call.path} ${call.bearer}`)).toEqual([
      "GET /version ",
      "POST /apis/authentication.k8s.io/v1/tokenreviews reviewer",
    ]);
    expect(await attach({ kubernetesHost: "https://127.0.0.1:1" })).toEqual([
      400,
      "Failed to connect to Kubernetes host at https://127.0.0.1:1: Connection refused. Verify the host URL and ensure the kubernetes api server is accessible.",
      "KubernetesHostConnectionRefused",
    ]);
    expect(await attach({ tokenReviewerJwt: "expired" })).toEqual([
      400,
      "The token reviewer JWT is invalid or expired. Please provide a valid service account token with TokenReview permissions.",
      "TokenReviewerPermissionError",
    ]);
    const unbound = await attach({ tokenReviewerJwt: "unbound" });
    expect(unbound[1]).toMatch(
      /at the cluster scope\. Ensure the service account has the 'system:auth-delegator' ClusterRole binding\.$/u,
    );
    cluster.answerWith(plain(503, "no"));
    expect(await attach({})).toEqual([
      400,
      "Kubernetes API returned server error: 503 - Service Unavailable",
      "KubernetesHostConnectionError",
    ]);
  });

  test("2026: a rotation is tried before it is stored; null goes over to self review", async () => {
    await open("2026");
    const { id } = server.createIdentity({ name: "eso" });
    await send("POST", authPath(id), goodConfig());
    const stored = async () =>
      (await send("GET", authPath(id))).body["identityKubernetesAuth"]?.["tokenReviewerJwt"];
    expect((await send("PATCH", authPath(id), { tokenReviewerJwt: "expired" })).status).toBe(400);
    expect(await stored()).toBe("reviewer");
    expect((await send("PATCH", authPath(id), { tokenReviewerJwt: "" })).status).toBe(200);
    expect(await stored()).toBe("reviewer");
    expect((await send("PATCH", authPath(id), { tokenReviewerJwt: null })).status).toBe(200);
    expect(await stored()).toBe("");
  });

  test("2026: the guard speaks at attach", async () => {
    await open("2026", { allowInternalIps: false });
    expect(await attach({})).toEqual([400, "Local IPs not allowed as URL", "BadRequest"]);
  });

  test("2026: rules of the body", async () => {
    await open("2026");
    const issues = async (config: object) => {
      const [status, message] = await attach(config);
      return [status, ...(message as { message: string }[]).map((issue) => issue.message)];
    };
    expect(await issues({ kubernetesHost: "https://[::1]" })).toEqual([
      422,
      "Kubernetes host must only contain alphabets, numbers, colons, periods, hyphen, and forward slashes.",
    ]);
    expect(await issues({ accessTokenTTL: 10, accessTokenMaxTTL: 5 })).toEqual([
      422,
      "Access Token TTL cannot be greater than Access Token Max TTL.",
    ]);
    expect(await issues({ tokenReviewMode: "gateway" })).toEqual([
      422,
      "When token review mode is set to Gateway, a gateway or gateway pool must be selected",
    ]);
    expect(await issues({ verifyTlsCertificate: false })).toEqual([
      422,
      "TLS certificate verification cannot be disabled when a CA certificate is provided. Either remove the CA certificate or enable verification.",
    ]);
    expect((await attach({ tokenReviewMode: "gateway", gatewayId: server.organization.id }))[1]).toContain(
      "Your current plan does not support gateway usage",
    );
  });

  test("2026: clearing the CA needs both fields", async () => {
    await open("2026");
    const { id } = server.createIdentity({ name: "eso" });
    await send("POST", authPath(id), goodConfig());
    expect((await send("PATCH", authPath(id), { caCert: "" })).status).toBe(400);
    const both = await send("PATCH", authPath(id), { caCert: "", verifyTlsCertificate: false });
    expect(both.body["identityKubernetesAuth"]?.["verifyTlsCertificate"]).toBe(false);
    const again = await send("PATCH", authPath(id), { caCert: cluster.caCert });
    expect(again.body["identityKubernetesAuth"]?.["verifyTlsCertificate"]).toBe(true);
  });

  test("lowering only the MaxTTL falls into the trap", async () => {
    for (const generation of ["2024-10", "2026"] as const) {
      await open(generation);
      const { id } = server.createIdentity({ name: "eso" });
      server.attachKubernetesAuth(id, goodConfig());
      const alone = await send("PATCH", authPath(id), { accessTokenMaxTTL: 60 });
      expect([alone.status, alone.body["message"]]).toEqual([
        400,
        "Access token TTL cannot be greater than max TTL",
      ]);
      const both = await send("PATCH", authPath(id), { accessTokenTTL: 60, accessTokenMaxTTL: 60 });
      expect(both.status).toBe(200);
      if (generation === "2024-10") await server.stop();
    }
  });
});
