import { readHost, CLOUD_HOSTS } from "../inputs/host.ts";
import { proxyFromEnv } from "../kubernetes/proxy.ts";
import type { CheckContext } from "./context.ts";
import { readCa } from "./references.ts";
import type { StoreView } from "./view/store.ts";

/** An Infisical server as stores name it, with one way of trusting it. */
export interface Server {
  /** Tells servers apart: the host, and where its CA comes from. */
  readonly key: string;
  /** As the stores name it, normalised. */
  readonly host: string;
  /** As this machine reaches it. */
  readonly address: string;
  /** Stores that name it; empty: only the file does. */
  readonly stores: readonly StoreView[];
  /** The proxy that this machine asks for it. */
  readonly proxy: string | undefined;
  /** The file's own server: this tool talks to it itself. */
  readonly isOurs: boolean;
}

/** Every server that is named, each once; addresses that are none are left to the checks of the stores. */
export function serversOf(context: CheckContext): readonly Server[] {
  const { stores, desired } = context;
  const servers = new Map<string, Server>();
  for (const { live } of stores) {
    const host = live && live.provider === "infisical" ? hostOf(live) : undefined;
    if (!live || host === undefined) continue;
    const key = keyOf(live);
    const before = servers.get(key);
    servers.set(key, { ...serverAt(context, key, host), stores: [...(before?.stores ?? []), live] });
  }
  const ours = desired?.infisical;
  if (!ours || [...servers.values()].some(({ isOurs }) => isOurs)) return [...servers.values()];
  return [serverAt(context, ours.host, ours.host), ...servers.values()];
}

/** Id of a store's layer. */
export function idOf(layer: string, store: StoreView): string {
  return `infisical-${layer} ${keyOf(store)}`;
}

function keyOf(store: StoreView): string {
  const { caBundle, caProvider } = store;
  const namespace = caProvider?.namespace ?? store.namespace ?? "";
  const ca = caBundle?.slice(-24) ?? (caProvider ? `${namespace}/${caProvider.name}/${caProvider.key}` : "");
  return ca === "" ? (hostOf(store) ?? "") : `${hostOf(store)} ${ca}`;
}

function hostOf({ hostApi }: StoreView): string | undefined {
  const read = readHost(hostApi ?? CLOUD_HOSTS["us"] ?? "");
  return "host" in read ? read.host : undefined;
}

function serverAt({ desired, env }: CheckContext, key: string, host: string): Server {
  const forEso = desired && readHost(desired.infisical.hostForEso);
  const isOurs =
    desired !== undefined &&
    (host === desired.infisical.host || (forEso !== undefined && "host" in forEso && forEso.host === host));
  const address = isOurs ? desired.infisical.host : host;
  return { key, host, address, stores: [], isOurs, proxy: proxyFromEnv(address, env) };
}

/** The CA that the stores give, else the file's; undefined: the public ones. */
export async function caOf(context: CheckContext, { stores, isOurs }: Server): Promise<string | undefined> {
  const [store] = stores;
  const given = store && (await readCa(context, store));
  return given ?? (isOurs ? context.desired?.infisical.ca : undefined);
}

/** Its answer to /api/status, asked once, and how far its clock is ahead of ours (ms). */
export function visitServer(context: CheckContext, server: Server) {
  return context.once(`status ${server.key}`, async () => {
    const { infisical } = await context.visit(server.host, await caOf(context, server));
    const status = await infisical.status();
    return { status, ahead: status.date && status.date.getTime() - context.clock.now() };
  });
}
