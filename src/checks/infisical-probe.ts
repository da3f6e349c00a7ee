import type { Code } from "../codes.ts";
import type { Finding } from "../engine/check.ts";
import { BootstrapError, type Fix } from "../errors.ts";
import { isInCluster } from "../steps/api-server.ts";
import type { Probe } from "../system/system.ts";
import type { CheckContext } from "./context.ts";
import { caOf, visitServer, type Server } from "./infisical-servers.ts";
import { oneLine } from "./causes.ts";

const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;

interface Row {
  readonly code: Code;
  readonly says: RegExp;
  readonly message: (server: Server) => string;
  readonly fix: (server: Server) => Fix;
}

const hostPort = (address: string) => {
  const { hostname, port } = new URL(address);
  return `${hostname}:${port === "" ? "443" : port}`;
};
const shows = (server: Server, field: string) =>
  `openssl s_client -connect ${hostPort(server.address)} </dev/null | openssl x509 -noout -${field}`;

/** Stages before TLS, by the stage that failed. */
const REACH: Readonly<Record<"resolve" | "connect" | "timeout", Row>> = {
  resolve: {
    code: "ESOB-I301",
    says: /./,
    message: ({ address }) => `${new URL(address).hostname} does not resolve.`,
    fix: ({ address }) => ({
      summary: "Correct the host in infisical.host and the stores' hostAPI, or the name server.",
      command: `nslookup ${new URL(address).hostname}`,
    }),
  },
  connect: {
    code: "ESOB-I302",
    says: /./,
    message: ({ address }) => `Nothing accepts connections at ${address}.`,
    fix: ({ address }) => ({
      summary: "Start Infisical, or correct the port.",
      command: `curl -sS ${address}/api/status`,
    }),
  },
  timeout: {
    code: "ESOB-I303",
    says: /./,
    message: ({ address }) => `${address} does not answer.`,
    fix: ({ address }) => ({
      summary: "Open the firewall, or correct the address.",
      command: `curl -sS -m 10 ${address}/api/status`,
    }),
  },
};

/** Words of Node's TLS about a certificate (nodejs.org/api/tls, X509 error codes); the first that fits. */
const TLS: readonly Row[] = [
  {
    code: "ESOB-I306",
    says: /expired/i,
    message: ({ address }) => `The certificate of ${address} has expired.`,
    fix: (server) => ({
      summary: "Renew it on the Infisical server or its ingress.",
      command: shows(server, "enddate"),
    }),
  },
  {
    code: "ESOB-I305",
    says: /altnames|does not match/i,
    message: ({ address }) => `The certificate of ${address} is for another name.`,
    fix: (server) => ({
      summary: "Use a name of the certificate, or have it issued for this one.",
      command: shows(server, "ext subjectAltName"),
    }),
  },
  {
    code: "ESOB-I307",
    says: /wrong version number|packet length|unknown protocol|EPROTO|connection was closed|socket disconnected/i,
    message: ({ address }) => `${address} does not speak TLS.`,
    fix: ({ address }) => ({
      summary: "Use http:// for a server without TLS, or the port that has it.",
      command: `curl -sS ${address.replace(/^https:/, "http:")}/api/status`,
    }),
  },
  {
    code: "ESOB-I304",
    says: /./,
    message: ({ address, stores }) =>
      `The certificate of ${address} is signed by a CA that ${stores.length > 0 ? "the store does not trust" : "is not trusted"}.`,
    fix: ({ isOurs }) => ({
      summary:
        "Set infisical.caFile to the CA that signed it: it becomes the stores' caProvider (ESO 1.2.1 and newer).",
      ...(isOurs && { command: "eso-bootstrap store" }),
    }),
  },
];

/** Resolve and connect from this machine. A server that ESO reaches, and we do not, is not broken. */
export async function judgeReach(context: CheckContext, server: Server): Promise<Finding> {
  if (server.proxy !== undefined) {
    await visitServer(context, server);
    return { status: "pass", evidence: "through the proxy of this machine" };
  }
  const probe = await probed(context, server);
  if (probe.reached) return { status: "pass", evidence: `at ${probe.address}, from this machine` };
  if (probe.at === "tls") return { status: "pass", evidence: "from this machine" };
  const excuse = probe.at === "connect" ? undefined : whyNotHere(server);
  if (excuse !== undefined) return { status: "skip", because: excuse };
  throw told(REACH[probe.at], server, probe.reason);
}

/** Names of the cluster resolve only there; what ESO reaches needs no proof from here. */
function whyNotHere({ address, isOurs, stores }: Server): string | undefined {
  if (isInCluster(address)) return `${new URL(address).hostname} can be reached from inside the cluster only`;
  if (!isOurs && stores.length > 0 && stores.every(({ ready }) => ready?.ready === true))
    return `not reached from this machine, but ESO reaches it: its stores are Valid`;
  return undefined;
}

export async function judgeTls(context: CheckContext, server: Server): Promise<Finding> {
  if (!server.address.startsWith("https:")) return { status: "pass", evidence: "without TLS (http)" };
  if (server.proxy !== undefined) return { status: "pass", evidence: "judged through the proxy" };
  const probe = await probed(context, server);
  if (probe.reached) return soonOver(context, server, probe.certificateUntil);
  const row = TLS.find(({ says }) => says.test(probe.reason));
  throw row ? told(row, server, probe.reason) : new Error("every reason has a row");
}

/** ESO trusts the public CAs beside the one that a store gives (eso.md 1.6), so both are tried. */
function probed(context: CheckContext, server: Server): Promise<Probe> {
  return context.once(`probe ${server.key}`, async () => {
    const ca = await caOf(context, server);
    const probe = await context.net.probe(server.address, ca);
    if (probe.reached || probe.at !== "tls" || ca === undefined) return probe;
    const publicly = await context.net.probe(server.address, undefined);
    return publicly.reached ? publicly : probe;
  });
}

function soonOver({ clock }: CheckContext, server: Server, until: Date | undefined): Finding {
  const left = (until?.getTime() ?? Number.POSITIVE_INFINITY) - clock.now();
  const evidence = until ? `until ${until.toISOString().slice(0, 10)}` : "trusted";
  if (left > SOON_MS) return { status: "pass", evidence };
  const error = new BootstrapError("ESOB-I309", {
    message: `The certificate of ${server.address} expires in ${Math.floor(left / DAY_MS)} days.`,
    reason: `it is valid until ${until?.toISOString()}`,
    fix: { summary: "Renew it on the Infisical server or its ingress.", command: shows(server, "enddate") },
  });
  return { status: "warn", error };
}

function told({ code, message, fix }: Row, server: Server, reason: string): BootstrapError {
  return new BootstrapError(code, {
    message: message(server),
    reason: `${oneLine(reason)} (tried from this machine)`,
    fix: fix(server),
  });
}
