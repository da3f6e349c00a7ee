import { describe, expect, test } from "vitest";

import { createAuthority } from "../../../src/sandbox/kubernetes/certificates.ts";
import { Secret } from "../../../src/secret.ts";
import { at } from "../../../src/data.ts";
import { failure, open, type Reply, startServer, status } from "./loopback.ts";

const right = (resource: string) => ({ verb: "create", group: "", resource, namespace: "shop" });

describe("missingRights", () => {
  test("asks once for each different right, ten at a time, and keeps the order", async () => {
    let busy = 0;
    let most = 0;
    const server = await startServer(({ body }) => (response) => {
      most = Math.max(most, (busy += 1));
      setImmediate(() => {
        busy -= 1;
        const resource = String(at(body, "spec", "resourceAttributes", "resource"));
        response.writeHead(201, { "content-type": "application/json" });
        response.end(JSON.stringify({ status: { allowed: !/[05]$/.test(resource) } }));
      });
    });
    const queries = Array.from({ length: 25 }, (_query, index) => right(`r${index}`));
    const missing = await (await open(server.url)).missingRights([...queries, ...queries]);
    expect(missing.map(({ resource }) => resource)).toEqual(["r0", "r5", "r10", "r15", "r20"]);
    expect(server.seen).toHaveLength(25);
    expect(most).toBeLessThanOrEqual(10);
    expect(server.seen[0]).toMatchObject({
      path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      body: { kind: "SelfSubjectAccessReview", spec: { resourceAttributes: right("r0") } },
    });
  });

  test.each([
    ["fails", status(403, { message: "no" }), "ESOB-K104"],
    ["has no verdict", { json: {} }, "ESOB-K109"],
  ])("a review that %s is an error, not a missing right", async (_title, reply, code) => {
    const server = await startServer(() => reply);
    expect(await failure((await open(server.url)).missingRights([right("secrets")]))).toMatchObject({ code });
  });
});

describe("requestToken", () => {
  test("asks for audiences, lifetime and the Secret it is bound to, and believes the answer", async () => {
    const token = { token: "issued-token", expirationTimestamp: "2026-11-23T11:00:00Z" };
    const server = await startServer(() => ({ status: 201, json: { status: token } }));
    let writes = 0;
    const cluster = await open(server.url, { onWrite: () => (writes += 1) });
    const issued = await cluster.requestToken({
      namespace: "shop",
      serviceAccount: "eso",
      audiences: ["a"],
      expirationSeconds: 600,
      boundSecret: { name: "anchor", uid: "u-9" },
    });
    expect(issued.token.reveal()).toBe("issued-token");
    expect(issued.expiresAt.toISOString()).toBe("2026-11-23T11:00:00.000Z");
    expect(server.seen[0]).toMatchObject({
      path: "/api/v1/namespaces/shop/serviceaccounts/eso/token",
      body: {
        spec: {
          audiences: ["a"],
          expirationSeconds: 600,
          boundObjectRef: { apiVersion: "v1", kind: "Secret", name: "anchor", uid: "u-9" },
        },
      },
    });
    expect(writes).toBe(0);
  });

  test("of a ServiceAccount that is not there says so", async () => {
    const fields = {
      message: 'serviceaccounts "eso" not found',
      details: { kind: "serviceaccounts", name: "eso" },
    };
    const server = await startServer(() => status(404, fields));
    const asked = (await open(server.url)).requestToken({ namespace: "shop", serviceAccount: "eso" });
    expect(await failure(asked)).toMatchObject({
      code: "ESOB-K106",
      reason: 'serviceaccounts "eso" not found',
    });
  });

  test("an answer without a token is no token", async () => {
    const server = await startServer(() => ({ json: {} }));
    const asked = (await open(server.url)).requestToken({ namespace: "shop", serviceAccount: "eso" });
    expect(await failure(asked)).toMatchObject({ code: "ESOB-K109" });
  });
});

describe("reviewToken", () => {
  const review = { token: new Secret("reviewed"), bearer: new Secret("reviewer"), audiences: ["x"] };
  const VERDICTS: { title: string; reply: Reply; verdict: object }[] = [
    {
      title: "genuine",
      reply: {
        status: 201,
        json: { status: { authenticated: true, user: { username: "system:x" }, audiences: ["x"] } },
      },
      verdict: { verdict: "genuine", username: "system:x", audiences: ["x"] },
    },
    {
      title: "not genuine, in the server's words",
      reply: { status: 201, json: { status: { error: "token has expired" } } },
      verdict: { verdict: "not-genuine", error: "token has expired" },
    },
    {
      title: "not genuine, without words",
      reply: { status: 201, json: { status: {} } },
      verdict: { verdict: "not-genuine", error: "the token is not genuine" },
    },
    {
      title: "refused: the reviewer is not accepted",
      reply: status(401, { message: "Unauthorized" }),
      verdict: { verdict: "refused", status: 401, error: "Unauthorized" },
    },
    {
      title: "refused: the reviewer may not review",
      reply: status(403, { message: "tokenreviews is forbidden" }),
      verdict: { verdict: "refused", status: 403, error: "tokenreviews is forbidden" },
    },
  ];

  test.each(VERDICTS)("is $title", async ({ reply, verdict }) => {
    const server = await startServer(() => reply);
    expect(await (await open(server.url)).reviewToken(review)).toEqual(verdict);
    expect(server.seen[0]).toMatchObject({
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body: { spec: { token: "reviewed", audiences: ["x"] } },
    });
  });

  test.each([
    ["breaks", status(500), "ESOB-K105"],
    ["is no review", { status: 201, json: {} }, "ESOB-K109"],
  ])("that %s is an error", async (_title, reply, code) => {
    const server = await startServer(() => reply);
    expect(await failure((await open(server.url)).reviewToken(review))).toMatchObject({ code });
  });

  test("speaks only for the reviewer: no client certificate, no other header of ours", async () => {
    const authority = createAuthority("test-ca");
    const issued = authority.issue({ commonName: "localhost", hosts: ["127.0.0.1"] });
    const admin = authority.issue({ commonName: "admin" });
    const encode = (pem: string) => Buffer.from(pem).toString("base64");
    const tls = { cert: issued.certPem, key: issued.keyPem, ca: authority.caPem, requestCert: true };
    const server = await startServer(
      ({ path }) => (path === "/version" ? { json: { gitVersion: "v1.36.3" } } : status(401)),
      { ...tls, rejectUnauthorized: false },
    );
    const cluster = await open(server.url, {
      user: {
        "client-certificate-data": encode(admin.certPem),
        "client-key-data": encode(admin.keyPem),
        as: "somebody",
      },
      cluster: { "certificate-authority-data": encode(authority.caPem) },
    });
    await cluster.version();
    await cluster.reviewToken(review);
    const [asAdmin, asReviewer] = server.seen;
    expect(asAdmin).toMatchObject({
      clientCertificate: "admin",
      headers: { "impersonate-user": "somebody" },
    });
    expect(asReviewer?.clientCertificate).toBeUndefined();
    expect(asReviewer?.headers.authorization).toBe("Bearer reviewer");
    expect(asReviewer?.headers["impersonate-user"]).toBeUndefined();
  });
});
