import { beforeAll, describe, expect, test } from "vitest";

import { type Authority, createAuthority } from "../../../src/sandbox/kubernetes/certificates.ts";
import { failure, open, startConnectProxy, startServer, startSocksProxy, status } from "./loopback.ts";

const version = { json: { gitVersion: "v1.36.3" } };
const base64 = (pem: string) => Buffer.from(pem).toString("base64");

let authority: Authority;
let stranger: Authority;
beforeAll(() => {
  authority = createAuthority("test-ca");
  stranger = createAuthority("another-ca");
});

const trusting = (who: Authority = authority) => ({ "certificate-authority-data": base64(who.caPem) });

function serving(hosts: readonly string[] = ["127.0.0.1"], more: { notAfter?: Date } = {}) {
  const { certPem, keyPem } = authority.issue({ commonName: "server", hosts, ...more });
  return { cert: certPem, key: keyPem };
}

describe("trust", () => {
  test("the kubeconfig's CA is trusted, and given as PEM", async () => {
    const server = await startServer(() => version, serving());
    const cluster = await open(server.url, { cluster: trusting() });
    expect(await cluster.version()).toBe("v1.36.3");
    expect(cluster.info.ca).toBe(authority.caPem);
  });

  const MISTRUST: [string, () => { tls: object; cluster: object }, RegExp][] = [
    ["no CA is given", () => ({ tls: serving(), cluster: {} }), /certificate/],
    ["it is another CA", () => ({ tls: serving(), cluster: trusting(stranger) }), /certificate/],
    ["the name is another", () => ({ tls: serving(["other.example"]), cluster: trusting() }), /altnames/],
    [
      "it has expired",
      () => ({ tls: serving(["127.0.0.1"], { notAfter: new Date(Date.now() - 1000) }), cluster: trusting() }),
      /expired/,
    ],
  ];

  test.each(MISTRUST)("ESOB-K103 when %s", async (_title, make, reason) => {
    const { tls, cluster } = make();
    const server = await startServer(() => version, tls);
    const error = await failure((await open(server.url, { cluster })).version());
    expect(error).toMatchObject({ code: "ESOB-K103", reason: expect.stringMatching(reason) });
    expect(server.seen).toEqual([]);
  });

  test("tls-server-name is the name that is checked", async () => {
    const server = await startServer(() => version, serving(["other.example"]));
    const cluster = { ...trusting(), "tls-server-name": "other.example" };
    expect(await (await open(server.url, { cluster })).version()).toBe("v1.36.3");
  });

  test("insecure-skip-tls-verify asks nothing", async () => {
    const server = await startServer(() => version, serving(["other.example"]));
    const cluster = { "insecure-skip-tls-verify": true };
    expect(await (await open(server.url, { cluster })).version()).toBe("v1.36.3");
  });

  test("plain http behind https is ESOB-K109", async () => {
    const server = await startServer(() => version);
    const cluster = await open(server.url.replace("http", "https"));
    expect(await failure(cluster.version())).toMatchObject({ code: "ESOB-K109" });
  });

  test("TLS behind http is ESOB-K109, in the words of a Go server", async () => {
    const text = "Client sent an HTTP request to an HTTPS server.";
    const server = await startServer(() => ({ status: 400, text }));
    const error = await failure((await open(server.url)).version());
    expect(error).toMatchObject({ code: "ESOB-K109", reason: expect.stringContaining(text) });
  });
});

describe("client certificates", () => {
  const user = (who: Authority, more: { notAfter?: Date } = {}) => {
    const { certPem, keyPem } = who.issue({ commonName: "admin", ...more });
    return { "client-certificate-data": base64(certPem), "client-key-data": base64(keyPem) };
  };

  test("are shown", async () => {
    const tls = { ...serving(), ca: authority.caPem, requestCert: true };
    const server = await startServer(() => version, tls);
    await (await open(server.url, { cluster: trusting(), user: user(authority) })).version();
    expect(server.seen[0]?.clientCertificate).toBe("admin");
  });

  test("that expired are named when the server says 401", async () => {
    const tls = { ...serving(), ca: authority.caPem, requestCert: true, rejectUnauthorized: false };
    const server = await startServer(() => status(401), tls);
    const expired = user(authority, { notAfter: new Date("2026-01-02T00:00:00Z") });
    const error = await failure((await open(server.url, { cluster: trusting(), user: expired })).version());
    const reason = "the client certificate of the kubeconfig expired on 2026-01-02T00:00:00.000Z";
    expect(error).toMatchObject({ code: "ESOB-K102", reason });
  });

  test("whose key is another's are ESOB-L103", async () => {
    const server = await startServer(() => version, serving());
    const mixed = { ...user(authority), "client-key-data": user(authority)["client-key-data"] };
    const error = await failure((await open(server.url, { cluster: trusting(), user: mixed })).version());
    expect(error).toMatchObject({ code: "ESOB-L103" });
  });
});

describe("proxies", () => {
  const serverName = "api.cluster.example";

  async function behindProxy(scheme: "http" | "https") {
    const server = await startServer(() => version, scheme === "https" ? serving([serverName]) : undefined);
    return { url: `${scheme}://${serverName}:${server.port}`, cluster: trusting(), port: server.port };
  }

  test.each(["https", "http"] as const)("%s goes through the proxy of the environment", async (scheme) => {
    const { url, cluster, port } = await behindProxy(scheme);
    const proxy = await startConnectProxy();
    const env = { [`${scheme.toUpperCase()}_PROXY`]: proxy.url.replace("//", "//user:p%40ss@") };
    expect(await (await open(url, { cluster, env })).version()).toBe("v1.36.3");
    expect(proxy.asked).toEqual([`${serverName}:${port}`]);
    expect(proxy.logins).toEqual([`Basic ${Buffer.from("user:p@ss").toString("base64")}`]);
  });

  test("one connection serves many requests", async () => {
    const { url, cluster } = await behindProxy("https");
    const proxy = await startConnectProxy();
    const opened = await open(url, { cluster, env: { https_proxy: proxy.url } });
    await opened.version();
    await opened.serves("v1", "Pod");
    expect(proxy.asked).toHaveLength(1);
  });

  test("proxy-url of the kubeconfig wins, even for this machine", async () => {
    const server = await startServer(() => version, serving());
    const proxy = await startConnectProxy();
    const cluster = { ...trusting(), "proxy-url": proxy.url };
    const opened = await open(server.url, { cluster, env: { HTTPS_PROXY: "http://127.0.0.1:1" } });
    expect(await opened.version()).toBe("v1.36.3");
    expect(proxy.asked).toHaveLength(1);
  });

  test("this machine is asked without the proxy of the environment", async () => {
    const server = await startServer(() => version, serving());
    const proxy = await startConnectProxy();
    await (await open(server.url, { cluster: trusting(), env: { HTTPS_PROXY: proxy.url } })).version();
    expect(proxy.asked).toEqual([]);
  });

  test("SOCKS proxies work", async () => {
    const { url, cluster, port } = await behindProxy("https");
    const proxy = await startSocksProxy();
    const opened = await open(url, { cluster: { ...cluster, "proxy-url": proxy.url } });
    expect(await opened.version()).toBe("v1.36.3");
    expect(proxy.asked).toEqual([`${serverName}:${port}`]);
  });

  test("a proxy that refuses is named, without its password", async () => {
    const proxy = await startConnectProxy(407);
    const env = { HTTPS_PROXY: proxy.url.replace("//", "//user:do-not-tell@") };
    const error = await failure((await open("https://api.cluster.example", { env })).version());
    expect(error).toMatchObject({ code: "ESOB-K101", reason: `the proxy ${proxy.url} answered 407 No` });
    expect(String(error) + JSON.stringify(error)).not.toContain("do-not-tell");
  });

  test("a proxy that is not there is named", async () => {
    const error = await failure(
      (await open("https://api.cluster.example", { env: { HTTPS_PROXY: "127.0.0.1:1" } })).version(),
    );
    expect(error).toMatchObject({
      code: "ESOB-K101",
      reason: expect.stringContaining("proxy http://127.0.0.1:1"),
    });
  });
});
