import { setTimeout as delay } from "node:timers/promises";

import { ApiError } from "./api.ts";
import { type Eso, type EsoOptions, type ProjectedToken, startEso } from "./eso.ts";
import { until } from "./poll.ts";
import type { Stack } from "./stack.ts";

/** The watcher that plays kubelet for ESO's controller Deployments. */
export interface AutoEso {
  /** Controllers that run now, by `namespace/deployment`. */
  running(): ReadonlyMap<string, Eso>;
  /** Resolves with a controller that runs for the latest state of a Deployment (any, or the named `namespace/deployment`). */
  ready(deployment?: string, timeoutMs?: number): Promise<Eso>;
  /** What all controllers wrote, and what the watcher itself had to complain about. */
  logs(): string;
  /** Stops watching and every controller. The stack's own `stop` does it too. */
  stop(): Promise<void>;
}

/** What all controllers get besides what their Deployment says. */
export type AutoEsoOptions = Pick<EsoOptions, "args" | "env"> & { everyMs?: number };

interface Container {
  image: string;
  args?: string[];
  volumeMounts?: { name: string; mountPath: string }[];
}

interface Volume {
  name: string;
  projected?: {
    sources?: { serviceAccountToken?: { path: string; audience?: string; expirationSeconds?: number } }[];
  };
}

interface Deployment {
  metadata: { name: string; namespace: string; deletionTimestamp?: string };
  spec: {
    replicas?: number;
    template: { spec: { serviceAccountName?: string; containers: Container[]; volumes?: Volume[] } };
  };
}

interface Named {
  metadata: { uid: string };
}

/** A Deployment's wish: which controller, and a key that changes when a running one is out of date. */
interface Wanted {
  options: EsoOptions;
  key: string;
}

/**
 * Watches for ESO's controller Deployments, in whatever namespace and release Helm puts them, and runs the real
 * controller for each: with its ServiceAccount and arguments; anew when its Pod template or its ServiceAccount is
 * another, not at all while it is scaled to zero or gone, and again when it died.
 */
export function autoEso(stack: Stack, { everyMs = 200, ...extra }: AutoEsoOptions = {}): AutoEso {
  const running = new Map<string, { eso: Eso; key: string }>();
  const past: string[] = [];
  let stopped = false;

  const end = async (name: string) => {
    const entry = running.get(name);
    running.delete(name);
    await entry?.eso.stop();
    past.push(entry?.eso.logs() ?? "");
  };
  const look = async () => {
    const wanted = await wantedControllers(stack, extra);
    for (const [name, { eso, key }] of running)
      if (wanted.get(name)?.key !== key || !eso.alive()) await end(name);
    for (const [name, { options, key }] of wanted)
      if (!running.has(name) && !stopped) running.set(name, { eso: await startEso(stack, options), key });
  };
  const complain = (line: string) => {
    if (past.at(-1) !== line) past.push(line);
  };
  const watching = (async () => {
    while (!stopped) {
      // An API server that is down, or a release half there, is looked at again the next time.
      await look().catch((error: unknown) => complain(`watcher: ${String(error)}\n`));
      await delay(everyMs);
    }
  })();
  const stop = async () => {
    stopped = true;
    await watching;
    for (const name of running.keys()) await end(name);
  };
  stack.onStop(stop);

  return {
    running: () => new Map([...running].map(([name, { eso }]) => [name, eso])),
    logs: () => past.join("") + [...running.values()].map(({ eso }) => eso.logs()).join(""),
    stop,
    ready: (deployment, timeoutMs = 60_000) =>
      until(
        `an ESO controller for ${deployment ?? "a Deployment"}`,
        async () => {
          const wanted = await wantedControllers(stack, extra);
          const names = deployment ? [deployment] : [...wanted.keys()];
          const upToDate = names.find(
            (name) => wanted.has(name) && wanted.get(name)?.key === running.get(name)?.key,
          );
          return upToDate ? running.get(upToDate)?.eso : undefined;
        },
        { timeoutMs, explain: () => past.join("").slice(-2000) },
      ),
  };
}

async function wantedControllers(stack: Stack, extra: AutoEsoOptions): Promise<Map<string, Wanted>> {
  const { items } = await stack.api<{ items: Deployment[] }>("GET", "/apis/apps/v1/deployments");
  const wanted = new Map<string, Wanted>();
  for (const deployment of items.filter(isController)) {
    const { name, namespace } = deployment.metadata;
    const options = optionsOf(deployment, extra);
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${options.serviceAccount}`;
    const account = await stack.api<Named>("GET", path).catch(absent);
    if (!account) continue;
    const key = JSON.stringify([account.metadata.uid, deployment.spec.template]);
    wanted.set(`${namespace}/${name}`, { options, key });
  }
  return wanted;
}

/** Only "not found" means that it is not there; an API server that is down says nothing about its objects. */
function absent(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined;
  throw error;
}

/** ESO's three Deployments share one image; the webhook and the certificate controller name their subcommand first. */
function isController({ metadata, spec }: Deployment): boolean {
  const [container] = spec.template.spec.containers;
  return (
    metadata.deletionTimestamp === undefined &&
    spec.replicas !== 0 &&
    container !== undefined &&
    /(^|\/)external-secrets(:|@|$)/.test(container.image) &&
    !["webhook", "certcontroller"].includes(container.args?.[0] ?? "")
  );
}

/** Arguments that say where to listen or how to share work between Pods: the process outside has its own. */
const ownArgs = /^--(metrics-|live-addr|enable-leader-election|loglevel)/;

function optionsOf({ metadata, spec }: Deployment, extra: AutoEsoOptions): EsoOptions {
  const { serviceAccountName = "default", containers, volumes = [] } = spec.template.spec;
  const [container] = containers;
  const args = (container?.args ?? []).filter((arg) => !ownArgs.test(arg));
  return {
    namespace: metadata.namespace,
    serviceAccount: serviceAccountName,
    args: [...args, ...(extra.args ?? [])],
    ...(extra.env ? { env: extra.env } : {}),
    tokens: volumes.flatMap((volume) => projectedTokens(volume, container)),
  };
}

function projectedTokens({ name, projected }: Volume, container: Container | undefined): ProjectedToken[] {
  const mount = container?.volumeMounts?.find((it) => it.name === name);
  if (!mount) return [];
  return (projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) =>
    token ? [{ ...token, path: `${mount.mountPath}/${token.path}` }] : [],
  );
}
