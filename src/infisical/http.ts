import * as http from "node:http";
import * as https from "node:https";
import { rootCertificates } from "node:tls";
import type { Secret } from "../secret.ts";
import { openTunnel, proxyFor, proxyHeaders, type ProxySettings } from "./proxy.ts";

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** One request. `body` may hold secrets: it is sent, and never kept in an answer or an error. */
interface HttpRequest {
  readonly method: Method;
  /** Path with query, from `/api` on. */
  readonly path: string;
  readonly body?: unknown;
  readonly bearer?: Secret;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What became of a request. `unreachable`: the server cannot have seen it; `lost`: it may have been carried out, but no
 * whole answer came back; `foreign`: something answered that is not Infisical's API.
 */
export type Exchange =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: http.IncomingHttpHeaders;
      readonly body: unknown;
    }
  | {
      readonly kind: "foreign";
      readonly status: number;
      readonly contentType: string;
      readonly location: string | undefined;
    }
  | {
      readonly kind: "unreachable";
      readonly why: "network" | "tls";
      readonly reason: string;
    }
  | {
      readonly kind: "lost";
      readonly why: "reset" | "timeout" | "truncated" | "gateway";
      readonly reason: string;
    };

export interface HttpOptions {
  /** Base URL, as `normaliseHost` gives it. */
  readonly host: string;
  /** PEM trusted beside the public roots. */
  readonly ca?: string | undefined;
  readonly proxies?: ProxySettings;
}

export interface Http {
  exchange(request: HttpRequest): Promise<Exchange>;
  close(): void;
}

/** Larger answers are none of Infisical's: the longest known, a list of secrets, stays far below. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * HTTP to one server, over node:http(s): a CA of its own, a proxy and a time limit per call, which neither the SDK nor the
 * global fetch can be given (docs/adr/0003-infisical-over-fetch.md). Never follows a redirect: a bearer must not travel.
 */
export function createHttp(options: HttpOptions): Http {
  const base = new URL(options.host);
  const secure = base.protocol === "https:";
  const tlsOptions = options.ca ? { ca: [...rootCertificates, options.ca] } : {};
  const agent = secure
    ? new https.Agent({ keepAlive: true, ...tlsOptions })
    : new http.Agent({ keepAlive: true });
  const proxy = proxyFor(base, options.proxies ?? {});

  async function route(target: URL, signal: AbortSignal): Promise<https.RequestOptions> {
    const own = { host: target.hostname.replace(/^\[|\]$/g, ""), port: target.port };
    if (!proxy) return { ...own, path: target.pathname + target.search, agent };
    if (!secure) return { host: proxy.hostname, port: proxy.port || 80, path: target.href };
    const tunnel = await openTunnel(target, proxy, tlsOptions, signal);
    return { ...own, path: target.pathname + target.search, createConnection: () => tunnel };
  }

  async function exchange(request: HttpRequest): Promise<Exchange> {
    request.signal?.throwIfAborted();
    const target = new URL(options.host + request.path);
    const limit = AbortSignal.timeout(request.timeoutMs);
    const signal = request.signal ? AbortSignal.any([request.signal, limit]) : limit;
    try {
      const routed = await route(target, signal);
      const extra = proxy && !secure ? proxyHeaders(proxy) : {};
      return await send(secure ? https : http, { ...routed, signal }, request, target, extra);
    } catch (error) {
      request.signal?.throwIfAborted();
      if (limit.aborted)
        return { kind: "lost", why: "timeout", reason: `no answer in ${request.timeoutMs / 1000} s` };
      return classify(error);
    }
  }

  return { exchange, close: () => agent.destroy() };
}

function send(
  transport: typeof http | typeof https,
  routed: https.RequestOptions,
  request: HttpRequest,
  target: URL,
  extra: Record<string, string>,
): Promise<Exchange> {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const headers: Record<string, string> = {
    host: target.host,
    accept: "application/json",
    "user-agent": "eso-bootstrap",
    ...(body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
    ...(request.bearer ? { authorization: `Bearer ${request.bearer.reveal()}` } : {}),
    ...extra,
  };
  return new Promise((resolve, reject) => {
    const outgoing = transport.request({ ...routed, method: request.method, headers }, (incoming) => {
      read(incoming).then(
        (text) => resolve(judge(incoming, text)),
        (error: unknown) => (routed.signal?.aborted ? reject(error) : resolve(cutShort(incoming))),
      );
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

const cutShort = ({ statusCode }: http.IncomingMessage): Exchange => ({
  kind: "lost",
  why: "truncated",
  reason: `HTTP ${statusCode ?? 0}, and the connection broke in the middle of the answer`,
});

async function read(incoming: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BYTES) throw new Error("the answer is larger than 64 MB");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function judge(incoming: http.IncomingMessage, text: string): Exchange {
  const status = incoming.statusCode ?? 0;
  const contentType = incoming.headers["content-type"] ?? "";
  if (/\bjson\b/i.test(contentType)) {
    try {
      return { kind: "answer", status, headers: incoming.headers, body: JSON.parse(text) };
    } catch {
      return { kind: "lost", why: "truncated", reason: `HTTP ${status} with JSON that ends too early` };
    }
  }
  // 502–504 without JSON come from a proxy in front: the server behind it may have carried the request out.
  if (status >= 502 && status <= 504)
    return { kind: "lost", why: "gateway", reason: `HTTP ${status} from a proxy before the server` };
  if (/html/i.test(contentType) || (status >= 300 && status < 400))
    return { kind: "foreign", status, contentType, location: incoming.headers.location };
  return {
    kind: "lost",
    why: "truncated",
    reason: `HTTP ${status} with ${contentType ? `content type ${contentType}` : "no content type"} instead of JSON`,
  };
}

const NOT_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "EPROTO"]);
const TLS_CODE = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA)/;

/** Only code and message of a network error go on: the error itself holds the request in some versions of Node. */
function classify(error: unknown): Exchange {
  const code = codeOf(error);
  // Where a name has several addresses, Node throws an AggregateError without a message.
  const message = (error instanceof Error && error.message) || code || "the connection failed";
  const reason =
    code === "EPROTO" ? "the port does not speak TLS (https:// where http:// is meant?)" : message;
  if (TLS_CODE.test(code)) return { kind: "unreachable", why: "tls", reason };
  if (NOT_SENT.has(code) || message.startsWith("the proxy "))
    return { kind: "unreachable", why: "network", reason };
  return { kind: "lost", why: "reset", reason };
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
