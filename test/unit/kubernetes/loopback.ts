import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import https, { type ServerOptions } from "node:https";
import { type AddressInfo, connect as connectTo, createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";

import { onTestFinished } from "vitest";

import { type CreateClusterOptions, createCluster } from "../../../src/kubernetes/client.ts";
import type { Cluster } from "../../../src/kubernetes/cluster.ts";
import { at, textOf } from "../../../src/data.ts";

/** A request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  readonly clientCertificate: string | undefined;
}

/** An answer, or full control over the response. */
export type Reply =
  | {
      readonly status?: number;
      readonly json?: unknown;
      readonly text?: string;
      readonly headers?: Record<string, string>;
    }
  | ((response: ServerResponse, request: IncomingMessage) => void);

export interface LoopbackServer {
  readonly url: string;
  readonly port: number;
  readonly seen: Seen[];
  /** Ends the server before the test does; the port is free then. */
  close(): Promise<void>;
  /** Comes back on the same port. */
  listen(): Promise<void>;
}

export type Handler = (seen: Seen, index: number) => Reply;

/** An API server on loopback that says what the test says; ends with the test. */
export async function startServer(handle: Handler, tls?: ServerOptions): Promise<LoopbackServer> {
  const seen: Seen[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const one = await understand(request);
    seen.push(one);
    const reply = handle(one, seen.length - 1);
    if (typeof reply === "function") return reply(response, request);
    const { status = 200, json, text, headers } = reply;
    const type = text === undefined ? "application/json" : "text/plain; charset=utf-8";
    response.writeHead(status, { "content-type": type, ...headers }).end(text ?? JSON.stringify(json));
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response);
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  let port = 0;
  const listen = () =>
    new Promise<void>((resolve) => {
      server.listen(port, "127.0.0.1", () => {
        port = portOf(server.address());
        resolve();
      });
    });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen();
  onTestFinished(close);
  return { url: `${tls ? "https" : "http"}://127.0.0.1:${port}`, port, seen, close, listen };
}

async function understand(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const url = new URL(request.url ?? "/", "http://loopback");
  const { socket } = request;
  const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined;
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: text === "" ? undefined : JSON.parse(text),
    // An empty object where the client sent none.
    clientCertificate: textOf(at(certificate, "subject", "CN")),
  };
}

function portOf(address: string | AddressInfo | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A forward proxy that only knows CONNECT; every name leads to loopback. `refuse`: the status it answers instead. */
export async function startConnectProxy(
  refuse?: number,
): Promise<{ url: string; asked: string[]; logins: (string | undefined)[] }> {
  const asked: string[] = [];
  const logins: (string | undefined)[] = [];
  const server = http.createServer();
  server.on("connect", (request, client) => {
    asked.push(request.url ?? "");
    logins.push(request.headers["proxy-authorization"]);
    if (refuse !== undefined) return void client.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
    const port = Number((request.url ?? "").split(":").at(-1));
    const upstream = connectTo(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server.address())}`, asked, logins };
}

/** A SOCKS5 proxy (RFC 1928) without login; every name leads to loopback. */
export async function startSocksProxy(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createSocketServer((client) => {
    client.once("data", () => {
      client.write(Buffer.from([5, 0]));
      client.once("data", (request) => {
        const length = request[4] ?? 0;
        const port = request.readUInt16BE(5 + length);
        asked.push(`${request.subarray(5, 5 + length).toString()}:${port}`);
        const upstream = connectTo(port, "127.0.0.1", () => {
          client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
          upstream.pipe(client).pipe(upstream);
        });
        upstream.on("error", () => client.destroy());
        client.on("error", () => upstream.destroy());
      });
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `socks5h://127.0.0.1:${portOf(server.address())}`, asked };
}

/** A folder of its own, gone with the test. */
export function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "eso-bootstrap-unit-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Writes a kubeconfig with one context `test` (JSON is YAML) and gives its path. */
export function writeKubeconfig(
  server: string,
  user: object = {},
  cluster: object = {},
  dir: string = folder(),
): string {
  const path = join(dir, "config");
  const content = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "test", context: { cluster: "c", user: "u", namespace: "shop" } }],
    "current-context": "test",
  };
  writeFileSync(path, JSON.stringify(content));
  return path;
}

/** The adapter on a loopback server, impatient. */
export async function open(
  server: string,
  options: Partial<CreateClusterOptions> & { user?: object; cluster?: object } = {},
): Promise<Cluster> {
  const { user, cluster, ...rest } = options;
  const kubeconfig = writeKubeconfig(server, user, cluster);
  return createCluster({ kubeconfig, env: {}, retryMs: 1, pollMs: 5, timeoutMs: 5000, ...rest });
}

export interface StatusFields {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: object;
  readonly metadata?: object;
}

/** An answer of kind Status. */
export function status(code: number, fields: StatusFields = {}): { status: number; json: object } {
  const json = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    message: `status ${code}`,
    ...fields,
  };
  return { status: code, json };
}

export const secretRef = { apiVersion: "v1", kind: "Secret", namespace: "shop", name: "db" };

export function secret(resourceVersion = "1", more: object = {}) {
  const metadata = { name: "db", namespace: "shop", uid: "u-1", resourceVersion };
  return { apiVersion: "v1", kind: "Secret", metadata, ...more };
}

/** What `promise` was rejected with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`it did not fail: ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}
