import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";

import { failure, open, type Reply, secret, startServer, status } from "./loopback.ts";

const QUERY = { apiVersion: "v1", kind: "Secret", namespace: "shop" };
const event = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;

type Watch = (response: ServerResponse, index: number) => void;

/** A server whose list is `versions[n]` the n-th time it is asked (the last one from then on). */
async function world(versions: readonly (string | Reply)[], watch: Watch, refuse?: Reply) {
  let lists = 0;
  let watches = 0;
  const server = await startServer(({ query }) => {
    if (query["watch"] === "1") {
      const index = watches;
      watches += 1;
      if (refuse) return refuse;
      return (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.flushHeaders();
        watch(response, index);
      };
    }
    const state = versions[Math.min(lists, versions.length - 1)] ?? "1";
    lists += 1;
    if (typeof state !== "string") return state;
    return { json: { metadata: { resourceVersion: `10${state}` }, items: [secret(state)] } };
  });
  return { server, counts: () => ({ lists, watches }) };
}

/** Follows until so many states were told. */
async function told(url: string, amount: number): Promise<string[]> {
  const end = new AbortController();
  const seen: string[] = [];
  const cluster = await open(url);
  for await (const { object, gone } of cluster.follow(QUERY, end.signal)) {
    seen.push(`${object.metadata.resourceVersion}${gone ? " gone" : ""}`);
    if (seen.length === amount) end.abort();
  }
  return seen;
}

describe("follow", () => {
  test("lists, then watches from there with bookmarks", async () => {
    const { server, counts } = await world(["1"], (response) => {
      response.write(
        event("MODIFIED", secret("2")) + event("BOOKMARK", secret("150")) + event("DELETED", secret("3")),
      );
    });
    expect(await told(server.url, 3)).toEqual(["1", "2", "3 gone"]);
    expect(counts()).toEqual({ lists: 1, watches: 1 });
    expect(server.seen.find(({ query }) => query["watch"] === "1")?.query).toMatchObject({
      resourceVersion: "101",
      allowWatchBookmarks: "true",
    });
  });

  test("goes on from the last bookmark when a watch ends, without a new list", async () => {
    const { server, counts } = await world(["1"], (response, index) => {
      if (index === 0) response.end(event("BOOKMARK", secret("150")));
      else response.write(event("MODIFIED", secret("160")));
    });
    expect(await told(server.url, 2)).toEqual(["1", "160"]);
    expect(counts()).toEqual({ lists: 1, watches: 2 });
    expect(server.seen.at(-1)?.query).toMatchObject({ resourceVersion: "150" });
  });

  const TROUBLE: readonly (readonly [string, Watch])[] = [
    ["is too old (410)", (response) => void response.end(event("ERROR", status(410).json))],
    ["is cut", (response) => void response.socket?.resetAndDestroy()],
    ["talks nonsense", (response) => void response.end("nonsense\n")],
  ];
  test.each(TROUBLE)("lists again when the watch %s", async (_title, watch) => {
    const { server } = await world(["1", "2"], watch);
    expect(await told(server.url, 2)).toEqual(["1", "2"]);
  });

  test("lists again and again where watching is not allowed", async () => {
    const { server } = await world(["1", "2", "3"], () => undefined, status(403));
    expect(await told(server.url, 3)).toEqual(["1", "2", "3"]);
  });

  test("survives an API server that is away for a moment, once it was there", async () => {
    const { server } = await world(
      ["1", { status: 503, text: "away" }, { status: 503, text: "away" }, { status: 503, text: "away" }, "2"],
      (response) => void response.end(),
    );
    expect(await told(server.url, 2)).toEqual(["1", "2"]);
  });

  test("throws what the first list throws", async () => {
    const { server } = await world([status(403)], () => undefined);
    expect(await failure(told(server.url, 1))).toMatchObject({ code: "ESOB-K104" });
  });
});
