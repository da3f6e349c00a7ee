import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { describe, expect, test } from "vitest";

import { createCluster, listContexts } from "../../../src/kubernetes/client.ts";
import { loadKubeconfig } from "../../../src/kubernetes/kubeconfig.ts";
import { failure, folder, open, startServer, status, writeKubeconfig } from "./loopback.ts";

const version = { json: { gitVersion: "v1.36.3" } };

function write(path: string, content: unknown): string {
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function named(name: string, server: string, current?: string) {
  return {
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token: `token-of-${name}` } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: `ns-${name}` } }],
    ...(current === undefined ? {} : { "current-context": current }),
  };
}

describe("which kubeconfig", () => {
  test("--kubeconfig comes before KUBECONFIG", async () => {
    const dir = folder();
    const flag = write(join(dir, "flag"), named("flag", "https://flag", "flag"));
    const env = { KUBECONFIG: write(join(dir, "env"), named("env", "https://env", "env")) };
    expect((await createCluster({ kubeconfig: flag, env })).info.context).toBe("flag");
    expect((await createCluster({ env })).info.context).toBe("env");
  });

  test("the files of KUBECONFIG are merged: the first to say something wins, missing ones are passed over", async () => {
    const dir = folder();
    const one = write(join(dir, "one"), { ...named("a", "https://first"), "current-context": "" });
    const two = write(join(dir, "two"), {
      clusters: [...named("a", "https://second").clusters, ...named("b", "https://b").clusters],
      users: named("b", "").users,
      contexts: named("b", "").contexts,
      "current-context": "b",
    });
    const env = { KUBECONFIG: [join(dir, "missing"), one, "", two].join(delimiter) };
    expect(await listContexts({ env })).toEqual([
      { name: "a", server: "https://first", current: false, namespace: "ns-a" },
      { name: "b", server: "https://b", current: true, namespace: "ns-b" },
    ]);
  });

  test("~/.kube/config is the usual one", async () => {
    const HOME = folder();
    mkdirSync(join(HOME, ".kube"));
    write(join(HOME, ".kube", "config"), named("home", "https://home", "home"));
    expect((await createCluster({ env: { HOME } })).info).toEqual({
      context: "home",
      server: "https://home",
      ca: undefined,
      namespace: "ns-home",
    });
  });

  test("in a pod it is the ServiceAccount", async () => {
    const dir = folder();
    write(join(dir, "token"), "pod-token\n");
    write(join(dir, "ca.crt"), "CA of the pod");
    write(join(dir, "namespace"), "pod-ns");
    const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
    const cluster = await createCluster({ env, serviceAccountDir: dir });
    expect(cluster.info).toEqual({
      context: "in-cluster",
      server: "https://[fd00::1]:443",
      ca: "CA of the pod",
      namespace: "pod-ns",
    });
  });

  test.each([
    ["nothing is set", {}],
    ["KUBECONFIG names no file", { KUBECONFIG: "/nonexistent/config" }],
  ])("ESOB-L101 when %s", async (_title, env) => {
    const options = { env, serviceAccountDir: "/nonexistent" };
    expect(await failure(createCluster(options))).toMatchObject({ code: "ESOB-L101", exitCode: 5 });
  });

  test("ESOB-L101 when --kubeconfig names no file, even if KUBECONFIG does", async () => {
    const env = { KUBECONFIG: writeKubeconfig("https://x") };
    const error = await failure(createCluster({ kubeconfig: "/nonexistent/config", env }));
    expect(error).toMatchObject({
      code: "ESOB-L101",
      message: expect.stringContaining("/nonexistent/config"),
    });
  });
});

describe("which context", () => {
  test("--context chooses, and an unknown one names those that exist", async () => {
    const dir = folder();
    const both = {
      clusters: [...named("a", "https://a").clusters, ...named("b", "https://b").clusters],
      users: [...named("a", "").users, ...named("b", "").users],
      contexts: [...named("a", "").contexts, ...named("b", "").contexts],
    };
    const kubeconfig = write(join(dir, "config"), both);
    expect((await createCluster({ kubeconfig, context: "b", env: {} })).info.server).toBe("https://b");
    const unknown = await failure(createCluster({ kubeconfig, context: "c", env: {} }));
    expect(unknown).toMatchObject({ code: "ESOB-L102", facts: { Exists: "a, b" } });
    const none = await failure(createCluster({ kubeconfig, env: {} }));
    expect(none).toMatchObject({ code: "ESOB-L102", message: "The kubeconfig has no current context." });
  });
});

describe("a kubeconfig that cannot be used", () => {
  const context = (cluster: string, user: string) => [{ name: "x", context: { cluster, user } }];
  const fine = named("a", "https://a", "a");
  const MISTAKES: [string, unknown, RegExp][] = [
    ["is not YAML", "clusters: [\nusers: {token: do-not-tell", /not YAML .*line/],
    ["is not a kubeconfig", "just text", /not a kubeconfig/],
    ["has a cluster without a server", { clusters: [{ name: "a", cluster: {} }] }, /cluster a has no server/],
    ["has a server that is no URL", { clusters: [{ name: "a", cluster: { server: "ftp://x" } }] }, /no URL/],
    [
      "lacks the context's cluster",
      { ...fine, contexts: context("gone", "a"), "current-context": "x" },
      /"gone"/,
    ],
    [
      "lacks the context's user",
      { ...fine, contexts: context("a", "gone"), "current-context": "x" },
      /"gone"/,
    ],
    [
      "names a CA that is not there",
      {
        ...fine,
        clusters: [{ name: "a", cluster: { server: "https://a", "certificate-authority": "ca.crt" } }],
      },
      /ca\.crt/,
    ],
  ];

  test.each(MISTAKES)("%s: ESOB-L103", async (_title, content, message) => {
    const kubeconfig = write(join(folder(), "config"), content);
    const error = await failure(createCluster({ kubeconfig, env: {} }));
    expect(error).toMatchObject({ code: "ESOB-L103", message: expect.stringMatching(message) });
    expect(String(error) + JSON.stringify(error)).not.toContain("do-not-tell");
  });

  test("a damaged certificate is ESOB-L103 too", async () => {
    const damaged = Buffer.from("nonsense").toString("base64");
    const user = { "client-certificate-data": damaged, "client-key-data": damaged };
    const cluster = await open("https://127.0.0.1:1", { user });
    expect(await failure(cluster.version())).toMatchObject({ code: "ESOB-L103" });
  });
});

describe("how paths are read", () => {
  test("relative ones start at the file's folder, and embedded data wins over a file", () => {
    const dir = folder();
    const path = write(join(dir, "config"), {
      clusters: [
        { name: "c", cluster: { server: "c.example:6443/", "certificate-authority": "ca.crt" } },
        {
          name: "d",
          cluster: {
            server: "https://d",
            "certificate-authority": "x",
            "certificate-authority-data": "ZA==",
          },
        },
      ],
      users: [
        { name: "u", user: { "client-certificate": "u.crt", "client-key": "/abs/u.key", tokenFile: "t" } },
      ],
    });
    const { clusters, users } = loadKubeconfig({ kubeconfig: path, env: {} });
    expect(clusters[0]).toMatchObject({ server: "http://c.example:6443", caFile: join(dir, "ca.crt") });
    expect(clusters[1]).toMatchObject({ caData: "ZA==", caFile: undefined });
    expect(users[0]).toMatchObject({
      certFile: join(dir, "u.crt"),
      keyFile: "/abs/u.key",
      tokenFile: join(dir, "t"),
    });
  });
});

describe("who we are", () => {
  const LOGINS: [string, object, object][] = [
    ["a token", { token: "t" }, { authorization: "Bearer t" }],
    ["name and password", { username: "u", password: "p" }, { authorization: "Basic dTpw" }],
    [
      "impersonation",
      { token: "t", as: "jane", "as-groups": ["a", "b"], "as-uid": "7", "as-user-extra": { scope: ["x"] } },
      {
        "impersonate-user": "jane",
        "impersonate-group": "a, b",
        "impersonate-uid": "7",
        "impersonate-extra-scope": "x",
      },
    ],
  ];

  test.each(LOGINS)("%s", async (_title, user, headers) => {
    const server = await startServer(() => version);
    await (await open(server.url, { user })).version();
    expect(server.seen[0]?.headers).toMatchObject(headers);
  });

  test("an id token of the old oidc auth provider", async () => {
    const claims = Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + 600 })).toString(
      "base64url",
    );
    const token = `e30.${claims}.x`;
    const server = await startServer(() => version);
    const user = { "auth-provider": { name: "oidc", config: { "id-token": token } } };
    await (await open(server.url, { user })).version();
    expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  test("nobody, where the context has no user", async () => {
    const server = await startServer(() => version);
    const kubeconfig = write(join(folder(), "config"), {
      clusters: [{ name: "c", cluster: { server: server.url } }],
      contexts: [{ name: "x", context: { cluster: "c" } }],
      "current-context": "x",
    });
    await (await createCluster({ kubeconfig, env: {} })).version();
    expect(server.seen[0]?.headers.authorization).toBeUndefined();
  });

  test("a token file is read again when its token is refused", async () => {
    const tokenFile = write(join(folder(), "token"), "old\n");
    const server = await startServer(({ headers }) => {
      if (headers.authorization === "Bearer new") return version;
      write(tokenFile, "new\n");
      return status(401);
    });
    const cluster = await open(server.url, { user: { tokenFile } });
    expect(await cluster.version()).toBe("v1.36.3");
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
  });

  test("a refused token that says it has expired is named as such", async () => {
    const claims = Buffer.from(JSON.stringify({ exp: 1_700_000_000 })).toString("base64url");
    const server = await startServer(() => status(401));
    const error = await failure((await open(server.url, { user: { token: `e30.${claims}.x` } })).version());
    const reason = "the token of the kubeconfig expired on 2023-11-14T22:13:20.000Z";
    expect(error).toMatchObject({ code: "ESOB-K102", reason });
    expect(JSON.stringify(error)).not.toContain(claims);
  });
});
