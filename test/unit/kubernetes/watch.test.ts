import type { ServerResponse } from "node:http";

import { describe, expect, test } from "vitest";

import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import { failure, open, type Reply, type Seen, secret, secretRef, startServer, status } from "./loopback.ts";

type Ask = "get" | "list" | "watch";

function kindOf({ path, query }: Seen): Ask {
  if (query["watch"] === "1") return "watch";
  return path.endsWith("/secrets") ? "list" : "get";
}

/** A server with one object whose state the test turns; `watches` are the open watches. */
async function world(watch: (response: ServerResponse, index: number) => void, list?: Reply) {
  const state: { version: string | undefined } = { version: "1" };
  const asked: Ask[] = [];
  const object = () => (state.version === undefined ? undefined : secret(state.version));
  const server = await startServer((seen) => {
    const kind = kindOf(seen);
    asked.push(kind);
    if (kind === "get") return state.version === undefined ? status(404) : { json: object() };
    if (kind === "list")
      return (
        list ?? {
          json: {
            metadata: { resourceVersion: "100" },
            items: state.version === undefined ? [] : [object()],
          },
        }
      );
    const index = asked.filter((entry) => entry === "watch").length - 1;
    return (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      watch(response, index);
    };
  });
  return { server, state, asked };
}

const event = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
const isVersion = (version: string) => (object: KubeObject | undefined) =>
  object?.metadata.resourceVersion === version;

describe("waitUntil", () => {
  test("asks once when it is so already", async () => {
    const { server, asked } = await world(() => undefined);
    const cluster = await open(server.url);
    const result = await cluster.waitUntil(secretRef, isVersion("1"), { timeoutMs: 5000 });
    expect(result).toMatchObject({ done: true, object: { kind: "Secret" } });
    expect(asked).toEqual(["get"]);
  });

  test("watches that one object from the list's resourceVersion, and tells each state once", async () => {
    const { server } = await world((response) => {
      response.write(event("BOOKMARK", secret("150")));
      response.write(
        event("MODIFIED", { ...secret("9"), metadata: { ...secret("9").metadata, name: "other" } }),
      );
      // An event may come in pieces.
      const text =
        event("MODIFIED", secret("2")) + event("DELETED", secret("2")) + event("ADDED", secret("3"));
      response.write(text.slice(0, 40), () => response.write(text.slice(40)));
    });
    const told: (string | undefined)[] = [];
    const result = await (
      await open(server.url)
    ).waitUntil(secretRef, isVersion("3"), {
      timeoutMs: 5000,
      onChange: (object) => told.push(object?.metadata.resourceVersion),
    });
    expect(result.done).toBe(true);
    expect(told).toEqual(["1", "2", undefined, "3"]);
    expect(server.seen.find((seen) => kindOf(seen) === "watch")?.query).toMatchObject({
      fieldSelector: "metadata.name=db",
      resourceVersion: "100",
    });
  });

  const TROUBLE: { title: string; watch: (response: ServerResponse) => void }[] = [
    { title: "is too old (410)", watch: (response) => void response.end(event("ERROR", status(410).json)) },
    { title: "is closed", watch: (response) => void response.end() },
    { title: "is cut", watch: (response) => void response.socket?.resetAndDestroy() },
    { title: "breaks off in an event", watch: (response) => void response.end('{"type":"MODIF') },
    { title: "talks nonsense", watch: (response) => void response.end("nonsense\n") },
  ];

  test.each(TROUBLE)("looks again when the watch $title", async ({ watch }) => {
    const { server, state, asked } = await world((response, index) => {
      if (index === 1) state.version = "2";
      watch(response);
    });
    const result = await (await open(server.url)).waitUntil(secretRef, isVersion("2"), { timeoutMs: 5000 });
    expect(result.done).toBe(true);
    expect(asked).toEqual(["get", "list", "watch", "get", "list", "watch", "get"]);
  });

  test("polls where listing is forbidden", async () => {
    const { server, state, asked } = await world(() => undefined, status(403, { message: "no" }));
    const waiting = (await open(server.url)).waitUntil(secretRef, isVersion("2"), { timeoutMs: 5000 });
    await expect.poll(() => asked.length).toBeGreaterThan(4);
    state.version = "2";
    expect((await waiting).done).toBe(true);
    expect(asked.filter((entry) => entry !== "get")).toEqual(["list"]);
  });

  test("survives a server that goes away and comes back", async () => {
    const { server, state } = await world(() => undefined);
    const told: (string | undefined)[] = [];
    const waiting = (await open(server.url)).waitUntil(secretRef, isVersion("2"), {
      timeoutMs: 10_000,
      onChange: (object) => told.push(object?.metadata.resourceVersion),
    });
    await expect.poll(() => told).toEqual(["1"]);
    await server.close();
    state.version = "2";
    await server.listen();
    expect((await waiting).done).toBe(true);
    expect(told).toEqual(["1", "2"]);
  });

  test("waits for an absence", async () => {
    const { server } = await world((response) => void response.write(event("DELETED", secret("1"))));
    const gone = (object: KubeObject | undefined) => object === undefined;
    const result = await (await open(server.url)).waitUntil(secretRef, gone, { timeoutMs: 5000 });
    expect(result).toEqual({ done: true, object: undefined });
  });

  test("gives the last state when the time is up", async () => {
    const { server } = await world((response) => void response.write(event("MODIFIED", secret("5"))));
    const result = await (await open(server.url)).waitUntil(secretRef, () => false, { timeoutMs: 100 });
    expect(result).toMatchObject({ done: false, object: { metadata: { resourceVersion: "5" } } });
  });

  test("that never saw anything says why", async () => {
    const { server } = await world(() => undefined);
    await server.close();
    const cluster = await open(server.url);
    const error = await failure(cluster.waitUntil(secretRef, () => false, { timeoutMs: 60 }));
    expect(error).toMatchObject({ code: "ESOB-K101" });
  });

  test("of a silent server is ESOB-K110", async () => {
    const server = await startServer(() => () => undefined);
    const cluster = await open(server.url);
    const error = await failure(cluster.waitUntil(secretRef, () => false, { timeoutMs: 60 }));
    expect(error).toMatchObject({ code: "ESOB-K110" });
  });

  test("that is not allowed to look fails at once", async () => {
    const server = await startServer(() => status(403, { message: "no" }));
    const waiting = (await open(server.url)).waitUntil(secretRef, () => false, { timeoutMs: 5000 });
    expect(await failure(waiting)).toMatchObject({ code: "ESOB-K104" });
  });

  test.each(["the caller's", "the cluster's"])("ends with %s signal, and its reason", async (whose) => {
    const stop = new AbortController();
    const { server } = await world(() => stop.abort(new Error("interrupted")));
    const cluster = await open(server.url, whose === "the cluster's" ? { signal: stop.signal } : {});
    const own = whose === "the cluster's" ? {} : { signal: stop.signal };
    const waiting = cluster.waitUntil(secretRef, () => false, { timeoutMs: 5000, ...own });
    await expect(waiting).rejects.toThrow("interrupted");
  });
});
