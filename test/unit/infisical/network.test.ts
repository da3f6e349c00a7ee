import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createInfisical, type InfisicalOptions } from "../../../src/infisical/client.ts";
import { createAuthority } from "../../../src/sandbox/kubernetes/certificates.ts";
import { answerWith, listenOn, serve } from "./fault-server.ts";
import { createTestClock, failureOf } from "./server.ts";

const STATUS = answerWith(200, { date: "2026-11-23T12:00:00Z" });
const client = (host: string, options: Partial<InfisicalOptions> = {}) => {
  const clock = createTestClock();
  const infisical = createInfisical({ host, credential: undefined, timeoutMs: 2_000, clock, ...options });
  onTestFinished(() => infisical.close());
  return infisical;
};

const authority = createAuthority("Infisical test CA");
const certified = (...hosts: string[]) => {
  const { certPem, keyPem } = authority.issue({ commonName: "infisical", hosts });
  return { cert: certPem, key: keyPem };
};

async function serveTls(...hosts: string[]): Promise<string> {
  return (await listenOn(createTlsServer(certified(...hosts), STATUS))).replace("http:", "https:");
}

describe("a server with a CA of its own", () => {
  test("is trusted when the CA is given, and only then", async () => {
    const url = await serveTls("127.0.0.1");
    expect((await client(url, { ca: authority.caPem }).status()).date).toBeInstanceOf(Date);
    const error = await failureOf(client(url).status());
    expect([error.code, error.message]).toEqual(["ESOB-I102", `The certificate of ${url} is not trusted.`]);
    const other = createAuthority("another CA").caPem;
    expect((await failureOf(client(url, { ca: other }).status())).code).toBe("ESOB-I102");
  });

  test("is not trusted under another name", async () => {
    const url = await serveTls("infisical.test");
    const error = await failureOf(client(url, { ca: authority.caPem }).status());
    expect([error.code, error.reason]).toEqual(["ESOB-I102", expect.stringContaining("altnames")]);
  });

  test("a port that does not speak TLS is said to be one", async () => {
    const url = (await serve(STATUS)).replace("http:", "https:");
    const error = await failureOf(client(url).status());
    expect([error.code, error.reason]).toEqual(["ESOB-I101", expect.stringContaining("does not speak TLS")]);
  });
});

/** A forward proxy that leads every name to `target`, and what it saw. */
async function startProxy(target: string, status = 200) {
  const seen: { line: string; headers: IncomingHttpHeaders }[] = [];
  const proxy: Server = createServer((request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    STATUS(request, response);
  });
  proxy.on("connect", (request, socket: Socket) => {
    seen.push({ line: `CONNECT ${request.url}`, headers: request.headers });
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const upstream = connect(Number(new URL(target).port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    socket.on("error", () => upstream.destroy());
    return upstream.on("error", () => socket.destroy());
  });
  return { url: await listenOn(proxy), seen };
}

describe("through a proxy", () => {
  test("https in a tunnel: the proxy sees the name, and the certificate is still checked", async () => {
    const target = await serveTls("infisical.test");
    const proxy = await startProxy(target);
    const env = { HTTPS_PROXY: proxy.url.replace("//", "//me:hush@") };
    await client("https://infisical.test", { env, ca: authority.caPem }).status();
    expect(proxy.seen[0]?.line).toBe("CONNECT infisical.test:443");
    expect(proxy.seen[0]?.headers["proxy-authorization"]).toBe(`Basic ${btoa("me:hush")}`);
    expect((await failureOf(client("https://infisical.test", { env }).status())).code).toBe("ESOB-I102");
  });

  test("http by the whole address", async () => {
    const proxy = await startProxy("http://127.0.0.1:1");
    await client("http://infisical.test:8080", { env: { http_proxy: proxy.url } }).status();
    expect(proxy.seen.map(({ line }) => line)).toEqual(["GET http://infisical.test:8080/api/status"]);
  });

  test("one that refuses, and one that is not there", async () => {
    const proxy = await startProxy("http://127.0.0.1:1", 407);
    const refusing = client("https://infisical.test", { env: { https_proxy: proxy.url } });
    const error = await failureOf(refusing.status());
    expect([error.code, error.reason]).toEqual(["ESOB-I101", expect.stringContaining("answered HTTP 407")]);
    const gone = client("https://infisical.test", { env: { HTTPS_PROXY: "127.0.0.1:1" } });
    expect((await failureOf(gone.status())).code).toBe("ESOB-I101");
    const silent = await listenOn(createServer().on("connect", () => undefined));
    const waiting = client("https://infisical.test", { env: { HTTPS_PROXY: silent }, timeoutMs: 100 });
    expect((await failureOf(waiting.status())).code).toBe("ESOB-I113");
  });

  test("silence behind it ends in time, in the handshake and after it", async () => {
    const quiet = (request: IncomingMessage) => void request.resume();
    const mute = createTcpServer((socket) => void socket.on("error", () => socket.destroy()));
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void mute.close());
    const targets = [
      `http://127.0.0.1:${(mute.address() as AddressInfo).port}`,
      await listenOn(createTlsServer(certified("infisical.test"), quiet)),
    ];
    for (const target of targets) {
      const { url } = await startProxy(target);
      const options = { env: { HTTPS_PROXY: url }, timeoutMs: 200, ca: authority.caPem };
      expect((await failureOf(client("https://infisical.test", options).status())).code).toBe("ESOB-I113");
    }
  });
});

test("a connection that was kept open and died in between is not an error", async () => {
  const server = createServer(STATUS);
  const infisical = client(await listenOn(server));
  await infisical.status();
  server.closeAllConnections();
  expect((await infisical.status()).date).toBeInstanceOf(Date);
});
