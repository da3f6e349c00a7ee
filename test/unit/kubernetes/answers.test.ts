import { gzipSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import { failure, open, type Reply, secret, secretRef, startServer, status } from "./loopback.ts";

const forbidden = status(403, {
  reason: "Forbidden",
  message:
    'secrets "db" is forbidden: User "bob" cannot get resource "secrets" in API group "" in the namespace "shop"',
});

/** What a GET of one Secret makes of each answer. */
const READS: { title: string; reply: Reply; code: string; reason?: RegExp; requests?: number }[] = [
  {
    title: "401",
    reply: status(401, { message: "Unauthorized" }),
    code: "ESOB-K102",
    reason: /Unauthorized/,
  },
  { title: "403", reply: forbidden, code: "ESOB-K104", reason: /User "bob"/ },
  {
    title: "500",
    reply: status(500, { message: "etcd is away" }),
    code: "ESOB-K105",
    reason: /etcd/,
    requests: 3,
  },
  {
    title: "503 in plain text",
    reply: { status: 503, text: "starting" },
    code: "ESOB-K105",
    reason: /starting/,
    requests: 3,
  },
  { title: "429", reply: { status: 429, text: "Too many requests" }, code: "ESOB-K105", requests: 3 },
  {
    title: "a web page",
    reply: { text: "<html>login</html>", headers: { "content-type": "text/html" } },
    code: "ESOB-K109",
    reason: /web page/,
  },
  {
    title: "a gateway's 502 page",
    reply: { status: 502, text: "<h1>bad gateway</h1>" },
    code: "ESOB-K109",
    reason: /502/,
    requests: 3,
  },
  { title: "JSON of something else", reply: { json: { hello: "world" } }, code: "ESOB-K109" },
  { title: "nothing at all", reply: { text: "" }, code: "ESOB-K109" },
  {
    title: "a gateway's own 404",
    reply: { status: 404, json: { message: "no Route matched" } },
    code: "ESOB-K109",
    reason: /404/,
  },
  {
    title: "a redirect",
    reply: { status: 302, text: "", headers: { location: "https://login.example/x" } },
    code: "ESOB-K109",
    reason: /login\.example/,
  },
  {
    title: "truncated JSON",
    reply: { text: '{"kind":"Secret"', headers: { "content-type": "application/json" } },
    code: "ESOB-K101",
    reason: /cut short/,
    requests: 3,
  },
  {
    title: "a reset",
    reply: (response) => void response.socket?.resetAndDestroy(),
    code: "ESOB-K101",
    reason: /cut/,
    requests: 3,
  },
  {
    title: "half a body",
    reply: (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
      response.write('{"kind":', () => response.socket?.destroy());
    },
    code: "ESOB-K101",
    requests: 3,
  },
  {
    title: "half a compressed body",
    reply: (response) => {
      const half = gzipSync(JSON.stringify(secret())).subarray(0, 40);
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(half);
    },
    code: "ESOB-K101",
    reason: /cut short/,
    requests: 3,
  },
];

describe("a read", () => {
  test.each(READS)("of $title is $code", async ({ reply, code, reason = /./, requests = 1 }) => {
    const server = await startServer(() => reply);
    const cluster = await open(server.url);
    expect(await failure(cluster.get(secretRef))).toMatchObject({
      code,
      reason: expect.stringMatching(reason),
    });
    expect(server.seen).toHaveLength(requests);
  });

  test("of a 404 Status is undefined", async () => {
    const server = await startServer(() => status(404, { reason: "NotFound" }));
    expect(await (await open(server.url)).get(secretRef)).toBeUndefined();
  });

  test("of a plain 404 is undefined on a Kubernetes server, which is asked only once", async () => {
    const server = await startServer(({ path }) =>
      path === "/version"
        ? { json: { gitVersion: "v1.36.3" } }
        : { status: 404, text: "404 page not found\n" },
    );
    const cluster = await open(server.url);
    expect(await cluster.get(secretRef)).toBeUndefined();
    expect(await cluster.get(secretRef)).toBeUndefined();
    expect(server.seen.map(({ path }) => path).filter((path) => path === "/version")).toHaveLength(1);
  });

  test("of a plain 404 is an error on any other server: a failed read is never an absence", async () => {
    const server = await startServer(() => ({ status: 404, text: "404 page not found\n" }));
    expect(await failure((await open(server.url)).get(secretRef))).toMatchObject({ code: "ESOB-K109" });
  });

  test("is tried again after trouble that passes", async () => {
    const replies: Reply[] = [
      (response) => void response.socket?.resetAndDestroy(),
      status(503),
      { json: secret() },
    ];
    const server = await startServer((_seen, index) => replies[index] ?? status(500));
    expect(await (await open(server.url)).get(secretRef)).toMatchObject({ kind: "Secret" });
    expect(server.seen).toHaveLength(3);
  });

  test("waits as long as Retry-After says", async () => {
    const busy = { ...status(429), headers: { "retry-after": "1" } };
    const server = await startServer((_seen, index) => (index === 0 ? busy : { json: secret() }));
    const began = performance.now();
    await (await open(server.url)).get(secretRef);
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  test("understands compressed answers", async () => {
    const server = await startServer(({ headers }) => (response) => {
      expect(headers["accept-encoding"]).toBe("gzip");
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(gzipSync(JSON.stringify(secret("7"))));
    });
    const found = await (await open(server.url)).get(secretRef);
    expect(found?.metadata.resourceVersion).toBe("7");
  });

  test("of a silent server ends with ESOB-K110, without another try", async () => {
    const server = await startServer(() => () => undefined);
    const cluster = await open(server.url, { timeoutMs: 50 });
    expect(await failure(cluster.get(secretRef))).toMatchObject({ code: "ESOB-K110", exitCode: 124 });
    expect(server.seen).toHaveLength(1);
  });

  test("of a port where nobody listens is ESOB-K101", async () => {
    const server = await startServer(() => ({}));
    await server.close();
    const error = await failure((await open(server.url)).get(secretRef));
    expect(error).toMatchObject({ code: "ESOB-K101", reason: expect.stringContaining("refused") });
  });

  test("of a name that does not resolve is ESOB-K101", async () => {
    const error = await failure((await open("http://no-such-host.invalid:6443")).get(secretRef));
    expect(error).toMatchObject({ code: "ESOB-K101", reason: expect.stringContaining("cannot be resolved") });
  });

  test("ends with the signal's own reason", async () => {
    const stop = new AbortController();
    const server = await startServer(() => () => stop.abort(new Error("interrupted")));
    const cluster = await open(server.url, { signal: stop.signal });
    await expect(cluster.get(secretRef)).rejects.toThrow("interrupted");
  });

  test("that is forbidden names the right and the command that asks for it", async () => {
    const server = await startServer(() => forbidden);
    const error = await failure((await open(server.url)).get(secretRef));
    expect(error).toMatchObject({
      message: "You may not get Secret shop/db.",
      facts: { Right: "get secrets in shop" },
      fix: { command: "kubectl auth can-i get secrets -n shop" },
    });
  });

  test("never tells raw bodies or headers", async () => {
    const headers = { "x-secret-header": "do-not-tell" };
    const server = await startServer(() => ({
      ...status(500, { details: { name: "do-not-tell" } }),
      headers,
    }));
    const error = await failure((await open(server.url)).get(secretRef));
    expect(String(error) + JSON.stringify(error)).not.toContain("do-not-tell");
  });
});

describe("version", () => {
  test("is asked once", async () => {
    const server = await startServer(() => ({ json: { gitVersion: "v1.30.1+k3s1" } }));
    const cluster = await open(server.url);
    expect(await Promise.all([cluster.version(), cluster.version()])).toEqual([
      "v1.30.1+k3s1",
      "v1.30.1+k3s1",
    ]);
    expect(server.seen).toHaveLength(1);
  });

  test("of another server is ESOB-K109, and asked again the next time", async () => {
    const server = await startServer((_seen, index) => ({
      json: index === 0 ? {} : { gitVersion: "v1.36.3" },
    }));
    const cluster = await open(server.url);
    expect(await failure(cluster.version())).toMatchObject({ code: "ESOB-K109" });
    expect(await cluster.version()).toBe("v1.36.3");
  });
});
