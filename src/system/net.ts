import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { reasonOf } from "../errors.ts";
import { bareHost } from "./addresses.ts";
import type { Net, Probe } from "./system.ts";

const TIMEOUT_MS = 5_000;
const DEFAULT_PORT: Readonly<Record<string, number>> = { "https:": 443, "http:": 80 };

type Failure = Extract<Probe, { reached: false }>;
type Address = { readonly address: string; readonly family: number };

/** Why a stage failed; carries the stage up to `probe`. */
class StageError extends Error {
  readonly at: Failure["at"];
  constructor(at: Failure["at"], reason: string) {
    super(reason);
    this.at = at;
  }
}

/** The network from this machine. No proxy is used: Infisical would not use ours either. */
export function createNet(options: { timeoutMs?: number } = {}): Net {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  return {
    resolve: async (host) => (await addressesOf(bareHost(host))).map(({ address }) => address),
    async probe(url, ca, { connectTo } = {}) {
      const target = new URL(url);
      const there = connectTo === undefined ? endpointOf(target) : endpointFrom(connectTo, target);
      try {
        const socket = await dial(there, timeoutMs);
        const address = socket.remoteAddress ?? there.host;
        try {
          if (target.protocol !== "https:") return { reached: true, address };
          const certificateUntil = await handshake(socket, bareHost(target.hostname), ca, timeoutMs);
          return { reached: true, address, ...(certificateUntil && { certificateUntil }) };
        } finally {
          socket.destroy();
        }
      } catch (error) {
        if (error instanceof StageError) return { reached: false, at: error.at, reason: error.message };
        throw error;
      }
    },
  };
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

function endpointOf(url: URL): Endpoint {
  const port = url.port === "" ? (DEFAULT_PORT[url.protocol] ?? 443) : Number(url.port);
  return { host: bareHost(url.hostname), port };
}

/** A URL, `host`, `host:port`, `[v6]:port` or a bare IPv6 address; without a URL the port defaults to that of `url`. */
function endpointFrom(connectTo: string, url: URL): Endpoint {
  if (connectTo.includes("://")) return endpointOf(new URL(connectTo));
  if (isIP(connectTo) === 6) return { ...endpointOf(url), host: connectTo };
  const parsed = new URL(`${url.protocol}//${connectTo}`);
  const explicit = /:\d+$/.test(connectTo);
  return explicit ? endpointOf(parsed) : { ...endpointOf(url), host: bareHost(parsed.hostname) };
}

async function addressesOf(host: string): Promise<Address[]> {
  try {
    return await lookup(host, { all: true });
  } catch {
    return [];
  }
}

async function dial({ host, port }: Endpoint, timeoutMs: number): Promise<Socket> {
  const addresses = await within(addressesOf(host), timeoutMs, `no answer from DNS for ${host}`);
  if (addresses.length === 0) throw new StageError("resolve", `the name ${host} does not resolve`);
  // the addresses are known: Node tries them one after the other ("happy eyeballs") without a second look-up
  const known: LookupFunction = (_host, _options, answer) => answer(null, [...addresses]);
  const socket = connectTcp({ host, port, lookup: known, autoSelectFamily: true });
  return settled(socket, "connect", "connect", timeoutMs, `no answer from ${host}:${port}`);
}

/** Says when the certificate ends. `ca` undefined: the public roots. The certificate is held against `host`, wherever the socket goes to. */
async function handshake(
  socket: Socket,
  host: string,
  ca: string | undefined,
  timeoutMs: number,
): Promise<Date | undefined> {
  const name = isIP(host) === 0 ? { servername: host } : {}; // SNI must not be an address (RFC 6066)
  let secure: TLSSocket;
  try {
    secure = connectTls({ socket, host, ...name, ...(ca !== undefined && { ca }) });
  } catch (error) {
    throw new StageError("tls", reasonOf(error)); // a CA that is not PEM
  }
  await settled(secure, "secureConnect", "tls", timeoutMs, `no TLS answer from ${host}`);
  const until = Date.parse(secure.getPeerCertificate().valid_to ?? "");
  return Number.isNaN(until) ? undefined : new Date(until);
}

/** Waits for the socket's good news; its error is a failure of `at`, silence one of `timeout`. */
async function settled<S extends Socket>(
  socket: S,
  good: string,
  at: "connect" | "tls",
  timeoutMs: number,
  silence: string,
): Promise<S> {
  const outcome = new Promise<S>((resolve, reject) => {
    socket.once(good, () => resolve(socket));
    socket.on("error", (error) => reject(new StageError(at, reasonOfSocket(error))));
    socket.once("close", () => reject(new StageError(at, "the connection was closed")));
  });
  try {
    return await within(outcome, timeoutMs, silence);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Several addresses tried give an AggregateError without a message of its own. */
function reasonOfSocket(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error.message;
}

async function within<T>(work: Promise<T>, ms: number, silence: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StageError("timeout", `${silence} within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
