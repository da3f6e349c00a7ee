import { readCa } from "../checks/references.ts";
import { storesOf, type SecretView } from "../checks/view/external-secret.ts";
import { parseStore, type StoreView } from "../checks/view/store.ts";
import type { CommandDeps } from "../commands.ts";
import { isBootstrapError } from "../errors.ts";
import { CLOUD_HOSTS, readHost } from "../inputs/host.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { isInCluster } from "../steps/api-server.ts";
import type { AskServer } from "../sync/late.ts";

/**
 * Asks the Infisical behind an ExternalSecret for its status, from this machine and without any credential: ESO waits for a
 * server that hangs as long as it takes, and says nothing meanwhile (eso.md 1.7).
 */
export function serverAsker(
  { openInfisical }: Pick<CommandDeps, "openInfisical">,
  cluster: Cluster,
  { infisical }: Pick<Inputs, "infisical">,
): AskServer {
  const running = new Map<string, Promise<string | undefined>>();
  /** However many wait for it, one asks at a time. */
  const shared = (address: string, read: () => Promise<string | undefined>) => {
    const asking = running.get(address) ?? read().finally(() => running.delete(address));
    running.set(address, asking);
    return asking;
  };

  async function ask(store: StoreView, address: string, timeoutMs: number): Promise<string | undefined> {
    const ca = await readCa({ cluster, once: (_name, read) => read() }, store);
    const server = await openInfisical({
      host: address,
      credential: undefined,
      timeoutMs,
      ...(ca !== undefined && { ca }),
    });
    try {
      await server.status();
      return undefined;
    } catch (error) {
      if (!isBootstrapError(error)) throw error;
      const why = error.reason === undefined ? "" : `${error.reason}; `;
      return `${error.message.replace(/\.$/, "")} (${why}tried from this machine)`;
    } finally {
      await server.close();
    }
  }

  /** This machine may know the server by another address than the cluster does. */
  const addressOf = ({ hostApi }: StoreView) => {
    const read = readHost(hostApi ?? CLOUD_HOSTS["us"] ?? "");
    if (!("host" in read)) return undefined;
    const forEso = infisical.hostFromCluster && readHost(infisical.hostFromCluster);
    return forEso && "host" in forEso && forEso.host === read.host ? infisical.host : read.host;
  };

  return async (secret: SecretView, timeoutMs: number) => {
    const [first] = storesOf(secret);
    if (!first) return undefined;
    const live = await cluster.get({
      apiVersion: "external-secrets.io/v1",
      kind: first.kind,
      name: first.name,
      ...(first.kind === "SecretStore" && { namespace: secret.namespace }),
    });
    const store = live && parseStore(live);
    const address = store?.provider === "infisical" ? addressOf(store) : undefined;
    if (!store || address === undefined || isInCluster(address)) return undefined;
    return shared(address, () => ask(store, address, timeoutMs));
  };
}
