import { at } from "../data.ts";
import type { Desired } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import { isCloud } from "../inputs/host.ts";
import { isLoopback, isPrivateAddress } from "../system/addresses.ts";
import type { Ports } from "./context.ts";

/** The API server as Infisical is to reach it. */
export interface ApiServer {
  /** `https://host:port`, no trailing slash (infisical-api.md 1.5). */
  readonly url: string;
  /** PEM; empty: publicly trusted. */
  readonly ca: string;
  readonly caFrom: string;
  /** False where this machine cannot reach that address, so that the CA could not be tried. */
  readonly verified: boolean;
}

const IN_CLUSTER = "https://kubernetes.default.svc.cluster.local";

/** Address from the setting, else in-cluster where Infisical is in the cluster, else the kubeconfig's; and the CA that fits it. */
export async function findApiServer(ports: Ports, desired: Desired): Promise<ApiServer> {
  const inCluster = isInCluster(desired.infisical.host) || isInCluster(desired.infisical.hostForEso);
  const url = trimSlash(desired.cluster.apiServer ?? (inCluster ? IN_CLUSTER : ports.cluster.info.server));
  await assertReachable(ports, desired, url);
  return { url, ...(await chooseCa(ports, desired, url)) };
}

/** True for names that resolve only inside a cluster. */
export function isInCluster(url: string): boolean {
  return /\.svc(\.cluster\.local)?$/.test(new URL(url).hostname);
}

/** Before any write: an address that Infisical cannot possibly reach is refused (infisical-api.md 4.4). */
async function assertReachable({ net }: Ports, desired: Desired, url: string): Promise<void> {
  const host = hostOf(url);
  const infisical = hostOf(desired.infisical.host);
  if (isInCluster(url)) return assertInClusterName(desired, host);
  const [api, server] = await Promise.all([net.resolve(host), net.resolve(infisical)]);
  const loopback = api.some((address) => kindOf(address) === "loopback") || host === "localhost";
  const elsewhere = !server.some((address) => kindOf(address) === "loopback");
  const closed = api.length > 0 && api.every((address) => kindOf(address) !== "public");
  if ((isCloud(desired.infisical.host) && (closed || loopback)) || (loopback && elsewhere))
    throw unreachable(url, infisical, loopback);
}

function assertInClusterName(desired: Desired, host: string): void {
  if (isCloud(desired.infisical.host))
    throw unreachable(`https://${host}`, hostOf(desired.infisical.host), false);
  if (host.endsWith(".svc"))
    throw new BootstrapError("ESOB-R107", {
      message: `Infisical will not resolve "${host}".`,
      reason: "it looks names up without search domains, so only full names work",
      fix: { summary: `Set cluster.apiServer to ${IN_CLUSTER}.` },
    });
}

function unreachable(url: string, infisical: string, loopback: boolean): BootstrapError {
  return new BootstrapError("ESOB-R117", {
    message: `Infisical (${infisical}) cannot reach the API server at ${url}.`,
    reason: loopback
      ? "that address is this machine's own loopback"
      : "that address is private, and Infisical is not in that network",
    fix: {
      summary:
        "Give the address under which Infisical reaches the API server, or run Infisical in the same network.",
      command: "eso-bootstrap init --api-server https://YOUR-PUBLIC-API-SERVER:6443",
    },
  });
}

async function chooseCa(ports: Ports, desired: Desired, url: string): Promise<Omit<ApiServer, "url">> {
  const { cluster, net } = ports;
  if (desired.cluster.ca === "system") return { ca: "", caFrom: "public roots", verified: false };
  // An in-cluster name is tried at the address that this machine has for the same API server.
  const connectTo = isInCluster(url) ? { connectTo: cluster.info.server } : {};
  const candidates = await candidateCas(ports, desired);
  let unreached = false;
  for (const { ca, caFrom } of candidates) {
    const probe = await net.probe(url, ca || undefined, connectTo);
    if (probe.reached) return { ca, caFrom, verified: true };
    // Another CA would not help: from here that address cannot be reached at all.
    if (probe.at !== "tls") {
      unreached = true;
      break;
    }
  }
  const first = candidates[0];
  if (unreached && first) return { ...first, verified: false };
  throw new BootstrapError("ESOB-R106", {
    message: `No known CA verifies the certificate of ${url}.`,
    reason: `tried: ${candidates.map(({ caFrom }) => caFrom).join(", ")}`,
    fix: { summary: "Give the CA that signed it.", command: "eso-bootstrap init --ca-file ./ca.crt" },
  });
}

async function candidateCas({ cluster }: Ports, desired: Desired): Promise<{ ca: string; caFrom: string }[]> {
  if (desired.cluster.ca) return [{ ca: desired.cluster.ca.trim(), caFrom: "cluster.caFile" }];
  const root = await cluster.get({
    apiVersion: "v1",
    kind: "ConfigMap",
    namespace: "kube-system",
    name: "kube-root-ca.crt",
  });
  const inConfigMap = at(root?.["data"], "ca.crt");
  return [
    ...(typeof inConfigMap === "string" ? [{ ca: inConfigMap.trim(), caFrom: "kube-root-ca.crt" }] : []),
    ...(cluster.info.ca ? [{ ca: cluster.info.ca.trim(), caFrom: "kubeconfig" }] : []),
    { ca: "", caFrom: "public roots" },
  ];
}

const hostOf = (url: string) => new URL(url).hostname.replace(/^\[|\]$/g, "");
const trimSlash = (url: string) => url.replace(/\/+$/, "");

/** What kind of address, as seen by a server elsewhere. */
export function kindOf(address: string): "loopback" | "private" | "public" {
  if (isLoopback(address)) return "loopback";
  return isPrivateAddress(address) ? "private" : "public";
}
