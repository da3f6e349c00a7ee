/** The SSRF guard of 2026 servers (infisical-api.md 4.4): which hosts Infisical refuses to reach. */

import { BlockList, isIP } from "node:net";
import { badRequest } from "./errors.ts";
import type { Settings } from "./world.ts";

const internal = new BlockList();
for (const [network, prefix] of [
  ["10.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["0.0.0.0", 8],
] as const) {
  internal.addSubnet(network, prefix, "ipv4");
}
internal.addAddress("::1", "ipv6");
internal.addSubnet("fc00::", 7, "ipv6");
internal.addSubnet("fe80::", 10, "ipv6");

/** Refused by name whatever the setting says. */
const alwaysRefused = new Set(["localhost", "host.docker.internal"]);

const isInternal = (address: string) => internal.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
const refusal = () => badRequest("Local IPs not allowed as URL");

/** Throws 400 for a host that is local; a bad URL or an unknown name is thrown as Node's own error. */
export async function requireAllowedHost(url: string, settings: Settings): Promise<void> {
  const { hostname, username } = new URL(url);
  if (username !== "") throw badRequest("URLs with user credentials (e.g., user:pass@) are not allowed");
  if (alwaysRefused.has(hostname)) throw refusal();
  const bare = hostname.replaceAll(/^\[|\]$/gu, "");
  const address = isIP(bare) === 0 ? (await settings.resolveHost(bare)).address : bare;
  if (!settings.allowInternalIps && isInternal(address)) throw refusal();
}
