import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNet } from "../../../src/system/net.ts";
import { createAuthority } from "../../../src/sandbox/kubernetes/certificates.ts";

const net = createNet({ timeoutMs: 2_000 });
const authority = createAuthority("test CA");
const stranger = createAuthority("another CA");
const servers: Server[] = [];

async function listening(server: Server): Promise<number> {
  servers.push(server);
  // our side hangs up as soon as it knows: the server's sockets see a reset
  server.on("connection", (socket: Socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function tlsServer(hosts: readonly string[], notAfter?: Date): Server {
  const { certPem, keyPem } = authority.issue({ commonName: "server", hosts, ...(notAfter && { notAfter }) });
  const server = createTlsServer({ cert: certPem, key: keyPem });
  server.on("tlsClientError", () => undefined);
  return server;
}

let secure: number;
let plain: number;
let closed: number;
beforeAll(async () => {
  secure = await listening(tlsServer(["localhost", "127.0.0.1", "k8s.example"]));
  plain = await listening(createServer((socket) => socket.end("not TLS\n")));
  const gone = createServer();
  closed = await listening(gone);
  await new Promise((resolve) => gone.close(resolve));
});
afterAll(() => servers.forEach((server) => server.close()));

describe("probe", () => {
  it("reaches a server whose CA it was given, by name and by address", async () => {
    const certificateUntil = expect.any(Date) as Date;
    const reached = { reached: true, address: "127.0.0.1", certificateUntil };
    expect(await net.probe(`https://127.0.0.1:${secure}`, authority.caPem)).toEqual(reached);
    expect(await net.probe(`https://127.0.0.1:${secure}/path`, stranger.caPem + authority.caPem)).toEqual(
      reached,
    );
  });

  it("connects elsewhere, but holds the certificate against the URL's name", async () => {
    const elsewhere = [`127.0.0.1:${secure}`, `https://127.0.0.1:${secure}`];
    for (const connectTo of elsewhere) {
      expect(await net.probe("https://k8s.example", authority.caPem, { connectTo })).toMatchObject({
        reached: true,
      });
      const other = await net.probe("https://other.example", authority.caPem, { connectTo });
      expect(other).toMatchObject({
        reached: false,
        at: "tls",
        reason: expect.stringContaining("other.example"),
      });
    }
  });

  it("takes the URL's port where connectTo has none", async () => {
    const probe = await net.probe(`https://k8s.example:${secure}`, authority.caPem, {
      connectTo: "127.0.0.1",
    });
    expect(probe).toMatchObject({ reached: true });
  });

  it.each([
    ["another CA", () => stranger.caPem],
    ["the public roots", () => undefined],
    ["something that is no PEM", () => "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"],
  ])("fails at tls with %s", async (_name, ca) => {
    const probe = await net.probe(`https://127.0.0.1:${secure}`, ca());
    expect(probe).toMatchObject({ reached: false, at: "tls", reason: expect.stringMatching(/./) });
  });

  it("fails at tls when the certificate has expired", async () => {
    const port = await listening(tlsServer(["127.0.0.1"], new Date(Date.now() - 3_600_000)));
    const probe = await net.probe(`https://127.0.0.1:${port}`, authority.caPem);
    expect(probe).toMatchObject({ reached: false, at: "tls", reason: expect.stringContaining("expired") });
  });

  it("fails at tls where something else answers", async () => {
    expect(await net.probe(`https://127.0.0.1:${plain}`, undefined)).toMatchObject({
      reached: false,
      at: "tls",
    });
  });

  it("reaches a plain server by http, without looking at certificates", async () => {
    expect(await net.probe(`http://127.0.0.1:${plain}`, undefined)).toMatchObject({ reached: true });
  });

  it("fails at connect where nobody listens", async () => {
    const probe = await net.probe(`https://127.0.0.1:${closed}`, undefined);
    expect(probe).toMatchObject({
      reached: false,
      at: "connect",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("fails at resolve for a name that cannot exist", async () => {
    const probe = await net.probe("https://nowhere.invalid", undefined);
    expect(probe).toMatchObject({
      reached: false,
      at: "resolve",
      reason: expect.stringContaining("nowhere.invalid"),
    });
  });

  it("fails at timeout where the other side is silent", async () => {
    const silent = await listening(createServer(() => undefined));
    const probe = await createNet({ timeoutMs: 100 }).probe(`https://127.0.0.1:${silent}`, undefined);
    expect(probe).toMatchObject({ reached: false, at: "timeout" });
  });
});

describe("resolve", () => {
  it("gives literal addresses as they are", async () => {
    expect(await net.resolve("192.0.2.7")).toEqual(["192.0.2.7"]);
    expect(await net.resolve("[2001:db8::7]")).toEqual(["2001:db8::7"]);
  });

  it("gives [] for what does not resolve", async () => {
    expect(await net.resolve("nowhere.invalid")).toEqual([]);
  });
});
