import {
  createServer as createPlainServer,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from "node:http";
import { Agent, createServer as createSecureServer, request as httpsRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** A request as the proxy saw it. */
export interface Seen {
  readonly index: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Undefined until the real server has answered, and when it never was asked. */
  status: number | undefined;
}

/** What becomes of a request. `afterwards` runs when the server has done its work and before the caller hears of it. */
export type Verdict =
  | { readonly kind: "pass"; readonly delayMs?: number; readonly afterwards?: () => void }
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body: string;
    }
  | { readonly kind: "reset" }
  | { readonly kind: "silence" }
  | { readonly kind: "truncated" };

export interface Proxy {
  readonly url: string;
  readonly seen: readonly Seen[];
  /** Called for each request; default: pass. */
  judge: (seen: Seen) => Verdict;
  clear(): void;
  stop(): Promise<void>;
}

/** A reverse proxy on loopback in front of a real server: counts, delays, breaks. Bearer tokens pass through. */
export async function startProxy(target: {
  url: string;
  ca?: string;
  tls?: { key: string; cert: string };
  /** Default: any free one. */
  port?: number;
}): Promise<Proxy> {
  const upstream = new URL(target.url);
  const agent = new Agent({ ...(target.ca !== undefined && { ca: target.ca }), keepAlive: true });
  const seen: Seen[] = [];
  let index = 0;
  const proxy: { judge: Proxy["judge"] } = { judge: () => ({ kind: "pass" }) };
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("error", () => outgoing.destroy());
    incoming.on("end", () => {
      const { method = "GET", url = "/", headers } = incoming;
      const body = Buffer.concat(chunks);
      const one: Seen = {
        index: (index += 1),
        method,
        path: url,
        headers,
        body: body.toString("utf8"),
        status: undefined,
      };
      seen.push(one);
      serve(one, body, outgoing, proxy.judge(one));
    });
  };
  const server = target.tls ? createSecureServer(target.tls, listener) : createPlainServer(listener);

  function serve(one: Seen, body: Buffer, outgoing: ServerResponse, verdict: Verdict): void {
    if (verdict.kind === "silence") return;
    if (verdict.kind === "reset") return cut(outgoing.socket);
    if (verdict.kind === "answer")
      return void outgoing.writeHead(verdict.status, verdict.headers ?? {}).end(verdict.body);
    const delayMs = verdict.kind === "pass" ? (verdict.delayMs ?? 0) : 0;
    if (delayMs > 0) setTimeout(() => forward(one, body, outgoing, verdict), delayMs);
    else forward(one, body, outgoing, verdict);
  }

  function forward(
    one: Seen,
    body: Buffer,
    outgoing: ServerResponse,
    verdict: Extract<Verdict, { kind: "pass" | "truncated" }>,
  ): void {
    const ask = upstream.protocol === "https:" ? httpsRequest : httpRequest;
    const options = {
      method: one.method,
      headers: {
        ...one.headers,
        host: upstream.host,
        connection: "keep-alive",
        "accept-encoding": "identity",
      },
      ...(upstream.protocol === "https:" && { agent }),
    };
    const asked = ask(new URL(one.path, upstream), options, (answer) => {
      one.status = answer.statusCode;
      if (verdict.kind === "pass") verdict.afterwards?.();
      if (verdict.kind === "truncated") return truncate(answer, outgoing);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      // A server that dies in the middle of a watch must not look like one that has nothing to say.
      answer.on("close", () => answer.complete || outgoing.destroy());
      answer.on("error", () => outgoing.destroy());
    });
    asked.on("error", () => outgoing.destroy());
    outgoing.on("close", () => asked.destroy());
    asked.end(body);
  }

  await new Promise<void>((resolve) => void server.listen(target.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, {
    url: `${target.tls ? "https" : "http"}://127.0.0.1:${port}`,
    seen,
    clear: () => void seen.splice(0),
    stop: async () => {
      server.closeAllConnections();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** A reset; a TLS socket cannot send one and is closed in the middle, which its client hears as the same. */
function cut(socket: Socket | null): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}

/** The head and half of the body, then the connection is cut. */
function truncate(answer: IncomingMessage, outgoing: ServerResponse): void {
  const chunks: Buffer[] = [];
  answer.on("data", (chunk: Buffer) => chunks.push(chunk));
  answer.on("end", () => {
    const body = Buffer.concat(chunks);
    const { "transfer-encoding": _chunked, ...headers } = answer.headers;
    outgoing.writeHead(answer.statusCode ?? 502, { ...headers, "content-length": String(body.length) });
    outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.socket?.destroy());
  });
}

/** A write of product.md section 1: a request that changes a system. */
export function isKubernetesWrite({ method, path }: Seen): boolean {
  if (["GET", "HEAD"].includes(method) || path.includes("dryRun=All")) return false;
  return !/(tokenreviews|subjectaccessreviews|selfsubjectaccessreviews|selfsubjectrulesreviews|selfsubjectreviews|\/token)(\?|$)/.test(
    path,
  );
}

export function isInfisicalWrite({ method, path }: Seen): boolean {
  return !["GET", "HEAD"].includes(method) && !/\/(login|renew|revoke)$|\/identities\/search$/.test(path);
}
