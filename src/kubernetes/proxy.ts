import http from "node:http";
import https from "node:https";
import { BlockList, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** The proxy itself said no, or could not be reached; the API server was never asked. */
class ProxyError extends Error {
  override readonly name = "ProxyError";
  readonly code = "EPROXY";
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment asks for, by the rules of kubectl (golang.org/x/net/http/httpproxy): HTTPS_PROXY or
 * HTTP_PROXY by the server's scheme, upper case first, except for NO_PROXY and this machine. client-node 1.4.0 reads none of them.
 */
export function proxyFromEnv(server: string, env: Env): string | undefined {
  const { protocol, hostname, port } = new URL(server);
  const name = protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const proxy = env[name] || env[name.toLowerCase()];
  if (!proxy) return undefined;
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const isLocal = host === "localhost" || host.startsWith("127.") || host === "::1";
  const exceptions = (env["NO_PROXY"] || env["no_proxy"] || "")
    .split(",")
    .map((entry) => entry.trim().toLowerCase());
  const actualPort = port || (protocol === "https:" ? "443" : "80");
  if (isLocal || exceptions.some((entry) => isException(entry, host, actualPort))) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

/** `*`, an address, a CIDR, `host`, `.domain`, each but the first two with an optional port. */
function isException(entry: string, host: string, port: string): boolean {
  if (entry === "") return false;
  if (entry === "*" || entry === host) return true;
  if (entry.includes("/")) return isInside(entry, host);
  const [, name = entry, onlyPort] = /^(.*?):(\d+)$/.exec(entry) ?? [];
  if (isIP(entry) !== 0 || (onlyPort !== undefined && onlyPort !== port)) return false;
  const bare = name.replace(/^\*?\./, "");
  return host.endsWith(`.${bare}`) || (host === bare && bare === name);
}

function isInside(cidr: string, host: string): boolean {
  const [network = "", bits = ""] = cidr.split("/");
  const family = isIP(host) === 6 ? "ipv6" : "ipv4";
  if (isIP(host) === 0 || isIP(network) !== isIP(host)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(host, family);
}

/** `http://proxy:3128` without the password that may stand before the host. */
function proxyName(proxy: string): string {
  const { protocol, host } = new URL(proxy);
  return `${protocol}//${host}`;
}

type Connected = (error: Error | null, stream: Duplex) => void;

/** An HTTPS agent whose connections go through CONNECT of an http(s) proxy. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: string;

  constructor(proxy: string, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: https.RequestOptions, connected?: Connected): undefined {
    connectThrough(this.#proxy, `${options.host}:${options.port}`)
      .then((socket) => {
        const overSocket = { ...options, socket };
        connected?.(null, super.createConnection(overSocket) ?? socket);
      })
      .catch((error: unknown) => failConnection(connected, error));
  }
}

/** The same for a server that speaks plain http. */
export class PlainTunnelAgent extends http.Agent {
  readonly #proxy: string;

  constructor(proxy: string, options: http.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: http.ClientRequestArgs, connected?: Connected): undefined {
    connectThrough(this.#proxy, `${options.host}:${options.port}`)
      .then((socket) => connected?.(null, socket))
      .catch((error: unknown) => failConnection(connected, error));
  }
}

/** Node's agents read only the first argument when there is an error, but their type wants a stream too. */
function failConnection(connected: Connected | undefined, error: unknown): void {
  if (connected) Reflect.apply(connected, undefined, [error]);
}

/** `CONNECT host:port`, RFC 9110 section 9.3.6. */
function connectThrough(proxy: string, target: string): Promise<Socket> {
  const { protocol, username, password } = new URL(proxy);
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
    "base64",
  );
  const headers = { host: target, ...(username === "" ? {} : { "proxy-authorization": `Basic ${login}` }) };
  const options = { method: "CONNECT", path: target, headers, agent: false as const, timeout: 20_000 };
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new ProxyError(`the proxy ${proxyName(proxy)} ${reason}`));
    const request = (protocol === "https:" ? https : http).request(proxy, options);
    request.on("connect", (answer, socket: Socket) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      fail(`answered ${answer.statusCode} ${answer.statusMessage ?? ""}`.trim());
    });
    request.on("response", (answer) => {
      answer.destroy();
      fail(`answered ${answer.statusCode}, and opened no tunnel`);
    });
    request.on("timeout", () => request.destroy(new Error("no answer in 20 s")));
    request.on("error", (error: NodeJS.ErrnoException) =>
      fail(`cannot be used: ${error.code ?? error.message}`),
    );
    request.end();
  });
}
