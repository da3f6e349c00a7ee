import type { Net, Probe } from "../../src/system/system.ts";

/** What stands behind a host: its addresses, and the CA (PEM) that verifies its certificate; undefined: a public one. */
export interface FakeHost {
  readonly addresses: readonly string[];
  readonly ca?: string;
  /** What is wrong with it, whatever CA is given. */
  readonly broken?: Extract<Probe, { reached: false }>;
}

/** A network of known hosts. A host that is not in it does not resolve. */
export function createFakeNet(hosts: Readonly<Record<string, FakeHost>>): Net {
  const hostOf = (url: string) => new URL(url).hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    resolve: async (host) => hosts[host]?.addresses ?? [],
    async probe(url, ca, { connectTo } = {}) {
      const name = hostOf(url);
      const there = hosts[connectTo === undefined ? name : hostOf(connectTo)] ?? hosts[name];
      const [address] = there?.addresses ?? [];
      if (!there || address === undefined)
        return { reached: false, at: "resolve", reason: `the name ${name} does not resolve` };
      if (there.broken) return there.broken;
      if (new URL(url).protocol === "https:" && there.ca?.trim() !== ca?.trim())
        return { reached: false, at: "tls", reason: "unable to verify the first certificate" };
      return { reached: true, address };
    },
  };
}
