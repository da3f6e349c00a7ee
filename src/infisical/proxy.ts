import * as http from "node:http";
import * as https from "node:https";
import * as tls from "node:tls";
import { addAbortSignal, type Duplex } from "node:stream";

/** The proxy variables of the environment, as curl, kubectl and helm read them. */
export interface ProxySettings {
  readonly httpsProxy?: string;
  readonly httpProxy?: string;
  /** Comma list of hosts, `.domains`, `host:port`, or `*`. */
  readonly noProxy?: string;
}

/** The proxy for a URL, or undefined. Loopback is never proxied, as in Go's ProxyFromEnvironment. */
export function proxyFor(target: URL, settings: ProxySettings): URL | undefined {
  const proxy = target.protocol === "https:" ? settings.httpsProxy : settings.httpProxy;
  if (!proxy || isLoopback(target.hostname) || isExempt(target, settings.noProxy ?? "")) return undefined;
  const address = proxy.includes("://") ? proxy : `http://${proxy}`;
  return URL.canParse(address) ? new URL(address) : undefined;
}

/** `Proxy-Authorization`, where the proxy's URL has a user. */
export function proxyHeaders(proxy: URL): Record<string, string> {
  if (!proxy.username) return {};
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(user).toString("base64")}` };
}

/** Opens a TLS connection to `target` through `proxy` (CONNECT); `signal` ends it at any stage. */
export function openTunnel(
  target: URL,
  proxy: URL,
  options: tls.ConnectionOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  const authority = `${target.hostname}:${target.port || 443}`;
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === "https:" ? https : http).request({
      host: proxy.hostname,
      port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
      method: "CONNECT",
      path: authority,
      headers: { host: authority, ...proxyHeaders(proxy) },
      signal,
    });
    request.once("error", reject);
    request.once("connect", (answer, socket) => {
      addAbortSignal(signal, socket);
      if (answer.statusCode === 200) return void connectTls(socket, target, options).then(resolve, reject);
      socket.destroy();
      return reject(new Error(`the proxy ${proxy.host} answered HTTP ${answer.statusCode}`));
    });
    request.end();
  });
}

function connectTls(socket: Duplex, target: URL, options: tls.ConnectionOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const secure = tls.connect({ ...options, socket, servername: target.hostname }, () => resolve(secure));
    secure.once("error", reject);
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);
}

function isExempt(target: URL, noProxy: string): boolean {
  const port = target.port || (target.protocol === "https:" ? "443" : "80");
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "")
    .some((entry) => entry === "*" || matches(target.hostname.toLowerCase(), port, entry));
}

function matches(host: string, port: string, entry: string): boolean {
  const [, name = entry, wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (wantedPort && wantedPort !== port) return false;
  const domain = name.replace(/^\*?\./, "");
  return host === domain || host.endsWith(`.${domain}`);
}
