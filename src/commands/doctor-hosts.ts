import type { CheckContext } from "../checks/context.ts";
import type { CommandDeps } from "../commands.ts";
import { readHost } from "../inputs/host.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Infisical } from "../infisical/infisical.ts";

/** A limit that is reached is told, as ESO meets it too, and not waited out. */
const WAIT_BUDGET_MS = 5_000;

/** Opens Infisical without a credential at the addresses that stores name; each address once. */
export function hostsOf(
  inputs: Inputs,
  deps: CommandDeps,
  trustHosts: readonly string[],
): Pick<CheckContext, "visit"> & { close(): Promise<void> } {
  const { host, hostFromCluster } = inputs.infisical;
  const trusted = new Set([...trustHosts, ...(isNamed(inputs) ? [host] : [])]);
  const opened = new Map<string, Promise<Infisical>>();
  return {
    async visit(address, ca) {
      const read = readHost(address);
      const wanted = "host" in read ? read.host : address;
      // ESO's way to the server that we reach at another address: from this machine ours is the one that answers.
      const isOurs = hostFromCluster !== undefined && readsAs(hostFromCluster) === wanted;
      const target = isOurs ? host : wanted;
      const key = `${target} ${ca ?? ""}`;
      const infisical =
        opened.get(key) ??
        deps.openInfisical({
          host: target,
          credential: undefined,
          waitBudgetMs: WAIT_BUDGET_MS,
          ...(ca !== undefined && { ca }),
        });
      opened.set(key, infisical);
      return { infisical: await infisical, trusted: isOurs || trusted.has(wanted) };
    },
    async close() {
      for (const one of opened.values()) await (await one).close();
    },
  };
}

/** A default is nobody's word: the token goes only where somebody said so. */
function isNamed({ sources }: Inputs): boolean {
  return sources["infisical.host"] !== undefined && sources["infisical.host"] !== "default";
}

function readsAs(text: string): string {
  const read = readHost(text);
  return "host" in read ? read.host : text;
}
