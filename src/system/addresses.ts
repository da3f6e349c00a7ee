import { BlockList, isIP } from "node:net";

type Subnet = readonly [network: string, prefix: number, family: "ipv4" | "ipv6"];

const LOOPBACK: readonly Subnet[] = [
  ["127.0.0.0", 8, "ipv4"],
  ["::1", 128, "ipv6"],
];

/** Networks that are not routed on the internet: IANA special-purpose address registries (RFC 6890). */
const PRIVATE: readonly Subnet[] = [
  ...LOOPBACK,
  ["0.0.0.0", 8, "ipv4"], // this host (RFC 1122)
  ["10.0.0.0", 8, "ipv4"], // RFC 1918
  ["100.64.0.0", 10, "ipv4"], // carrier-grade NAT (RFC 6598); also Tailscale
  ["169.254.0.0", 16, "ipv4"], // link-local, cloud metadata (RFC 3927)
  ["172.16.0.0", 12, "ipv4"], // RFC 1918
  ["192.0.0.0", 24, "ipv4"], // IETF protocol assignments (RFC 6890)
  ["192.168.0.0", 16, "ipv4"], // RFC 1918
  ["198.18.0.0", 15, "ipv4"], // benchmarking (RFC 2544)
  ["::", 128, "ipv6"], // unspecified (RFC 4291)
  ["fc00::", 7, "ipv6"], // unique local (RFC 4193)
  ["fe80::", 10, "ipv6"], // link-local (RFC 4291)
];

const loopback = blockList(LOOPBACK);
const unrouted = blockList(PRIVATE);

/** True for an address that only this network can reach: private, CGNAT, link-local, unique local, loopback. */
export function isPrivateAddress(address: string): boolean {
  return check(unrouted, address);
}

/** True for an address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return check(loopback, address);
}

/** A URL's host as an address or name: `[::1]` without its brackets. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

function blockList(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) list.addSubnet(...subnet);
  return list;
}

/** BlockList judges IPv4-mapped IPv6 (`::ffff:10.0.0.1`) by the IPv4 rules; a zone (`fe80::1%eth0`) it does not know. */
function check(list: BlockList, address: string): boolean {
  const bare = bareHost(address).split("%")[0] ?? "";
  const family = isIP(bare);
  return family !== 0 && list.check(bare, family === 6 ? "ipv6" : "ipv4");
}
