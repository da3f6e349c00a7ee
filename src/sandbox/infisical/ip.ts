/** Trusted IPs of access tokens (infisical-api.md 1.5 and 10.4). */

import { BlockList, isIP } from "node:net";
import { badRequest, forbidden, serverError } from "./errors.ts";
import type { TrustedIp } from "./types.ts";

const anywhere = new Set(["0.0.0.0/0", "::/0"]);

/** Reads `[{ipAddress}]`; anything but "from anywhere" needs the plan's `ipAllowlisting`, and that is asked first. */
export function readTrustedIps(
  entries: readonly { readonly ipAddress: string }[],
  ipAllowlisting: boolean,
): TrustedIp[] {
  return entries.map(({ ipAddress }) => {
    if (!ipAllowlisting && !anywhere.has(ipAddress)) {
      throw badRequest(
        "Failed to add IP access range to access token due to plan restriction. Upgrade plan to add IP access range.",
      );
    }
    return parseTrustedIp(ipAddress);
  });
}

function parseTrustedIp(text: string): TrustedIp {
  const [address = "", prefix] = text.split("/");
  const version = isIP(address);
  const bits = prefix === undefined ? undefined : Number(prefix);
  const tooLong = bits !== undefined && !(bits >= 0 && bits <= (version === 6 ? 128 : 32));
  if (version === 0 || tooLong) throw badRequest("The IP is not a valid IPv4, IPv6, or CIDR block");
  const type = version === 6 ? "ipv6" : "ipv4";
  return { type, ipAddress: address, ...(bits === undefined ? {} : { prefix: bits }) };
}

/** Refuses a caller from elsewhere with 403. An address that is none (a forged header) is a 500 (10.4). */
export function requireTrustedIp(clientIp: string, trusted: readonly TrustedIp[]): void {
  const version = isIP(clientIp);
  if (version === 0) throw serverError();
  const list = new BlockList();
  for (const { ipAddress, type, prefix } of trusted) {
    if (prefix === undefined) list.addAddress(ipAddress, type);
    else list.addSubnet(ipAddress, prefix, type);
  }
  if (!list.check(clientIp, version === 6 ? "ipv6" : "ipv4")) {
    throw forbidden("You are not allowed to access this resource from the current IP address");
  }
}

const forwardingHeaders = ["cf-connecting-ip", "x-forwarded-for", "x-real-ip", "true-client-ip"];

/** The caller's address as the server believes it: forwarding headers of anybody count (10.4). */
export function clientIpOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  socketAddress: string,
): string {
  for (const name of forwardingHeaders) {
    const value = headers[name];
    const first = (Array.isArray(value) ? value[0] : value)?.split(",")[0]?.trim();
    if (first !== undefined && first !== "") return first;
  }
  return socketAddress.replace(/^::ffff:/u, "");
}
