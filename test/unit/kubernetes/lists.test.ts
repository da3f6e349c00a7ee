import { describe, expect, test } from "vitest";

import type { Cluster, ListQuery } from "../../../src/kubernetes/cluster.ts";
import { failure, open, type Reply, startServer, status } from "./loopback.ts";

const query: ListQuery = { apiVersion: "v1", kind: "Secret", namespace: "shop" };

function page(names: readonly string[], token?: string): Reply {
  const items = names.map((name) => ({ metadata: { name, namespace: "shop" } }));
  return { json: { kind: "SecretList", metadata: token === undefined ? {} : { continue: token }, items } };
}

async function names(cluster: Cluster, asked: ListQuery = query): Promise<string[]> {
  const found: string[] = [];
  for await (const object of cluster.list(asked)) found.push(object.metadata.name);
  return found;
}

describe("list", () => {
  test("asks page by page, with the selectors on each", async () => {
    const pages = [page(["a", "b"], "t1"), page(["c"], "t2"), page(["d"])];
    const server = await startServer((_seen, index) => pages[index] ?? status(500));
    const found = await names(await open(server.url), {
      ...query,
      pageSize: 2,
      labelSelector: "a=b",
      fieldSelector: "type=Opaque",
    });
    expect(found).toEqual(["a", "b", "c", "d"]);
    const base = { limit: "2", labelSelector: "a=b", fieldSelector: "type=Opaque" };
    expect(server.seen.map((seen) => seen.query)).toEqual([
      base,
      { ...base, continue: "t1" },
      { ...base, continue: "t2" },
    ]);
  });

  test("asks for the next page only when it is wanted", async () => {
    const server = await startServer(() => page(["a", "b"], "more"));
    for await (const object of (await open(server.url)).list(query)) if (object.metadata.name === "b") break;
    expect(server.seen).toHaveLength(1);
  });

  test("goes on with the token that the server offers when the list expired", async () => {
    const replies = [
      page(["a"], "old"),
      status(410, { reason: "Expired", metadata: { continue: "fresh" } }),
      page(["b"]),
    ];
    const server = await startServer((_seen, index) => replies[index] ?? status(500));
    expect(await names(await open(server.url))).toEqual(["a", "b"]);
    expect(server.seen.map((seen) => seen.query["continue"])).toEqual([undefined, "old", "fresh"]);
  });

  test("starts again without a token, and gives nothing twice", async () => {
    const replies = [page(["a", "c"], "old"), status(410), page(["a", "b", "c", "d"])];
    const server = await startServer((_seen, index) => replies[index] ?? status(500));
    expect(await names(await open(server.url))).toEqual(["a", "c", "d"]);
  });

  test("does not start again for ever", async () => {
    const server = await startServer(({ query: { continue: token } }) =>
      token ? status(410) : page(["a"], "t"),
    );
    expect(await failure(names(await open(server.url)))).toMatchObject({ code: "ESOB-K105" });
  });

  test("of a kind that is not served is empty", async () => {
    const server = await startServer(({ path }) =>
      path === "/version" ? { json: { gitVersion: "v1.36.3" } } : { status: 404, text: "404 page not found" },
    );
    const stores = { apiVersion: "external-secrets.io/v1", kind: "SecretStore" };
    expect(await names(await open(server.url), stores)).toEqual([]);
    expect(server.seen[0]?.path).toBe("/apis/external-secrets.io/v1/secretstores");
  });

  test("that is forbidden is an error, not an empty list", async () => {
    const server = await startServer(() => status(403, { reason: "Forbidden", message: "no" }));
    const error = await failure(names(await open(server.url)));
    expect(error).toMatchObject({
      code: "ESOB-K104",
      message: "You may not list secrets in namespace shop.",
    });
  });

  test("of ten thousand objects holds one page at a time", async () => {
    const size = 500;
    const server = await startServer(({ query: { continue: token = "0" } }) => {
      const from = Number(token);
      const items = Array.from(
        { length: size },
        (_item, index) => `s-${String(from + index).padStart(5, "0")}`,
      );
      return page(items, from + size < 10_000 ? String(from + size) : undefined);
    });
    expect(await names(await open(server.url))).toHaveLength(10_000);
    expect(server.seen).toHaveLength(20);
  });
});

describe("discovery", () => {
  const widgets = {
    json: {
      resources: [
        { name: "widgets", kind: "Widget", namespaced: true },
        { name: "widgets/status", kind: "Widget" },
      ],
    },
  };

  test("is asked once for a kind that is there", async () => {
    const server = await startServer(() => widgets);
    const cluster = await open(server.url);
    expect(await cluster.serves("example.com/v1", "Widget")).toBe(true);
    expect(await cluster.serves("example.com/v1", "Widget")).toBe(true);
    expect(server.seen.map(({ path }) => path)).toEqual(["/apis/example.com/v1"]);
  });

  test("is asked again for a kind that is not there: it may have been installed", async () => {
    const server = await startServer((_seen, index) => (index < 2 ? status(404) : widgets));
    const cluster = await open(server.url);
    expect(await cluster.serves("example.com/v1", "Widget")).toBe(false);
    expect(await cluster.serves("example.com/v1", "Widget")).toBe(false);
    expect(await cluster.serves("example.com/v1", "Widget")).toBe(true);
  });

  test("is shared by all who ask at the same time, also for a no", async () => {
    const server = await startServer(() => status(404));
    const cluster = await open(server.url);
    const kinds = ["A", "B", "C", "D"];
    expect(await Promise.all(kinds.map((kind) => cluster.serves("example.com/v1", kind)))).not.toContain(
      true,
    );
    expect(server.seen).toHaveLength(1);
  });

  test("finds the path of a kind that no table knows", async () => {
    const server = await startServer(({ path }) =>
      path === "/apis/example.com/v1"
        ? widgets
        : { json: { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" } } },
    );
    const ref = { apiVersion: "example.com/v1", kind: "Widget", namespace: "a/b", name: "w" };
    expect(await (await open(server.url)).get(ref)).toMatchObject({ kind: "Widget" });
    expect(server.seen[1]?.path).toBe("/apis/example.com/v1/namespaces/a%2Fb/widgets/w");
  });

  test("that fails is an error, not a no", async () => {
    const server = await startServer(() => status(403, { message: "no" }));
    const asked = (await open(server.url)).serves("example.com/v1", "Widget");
    expect(await failure(asked)).toMatchObject({ code: "ESOB-K104" });
  });
});
