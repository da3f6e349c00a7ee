import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { Child } from "./children.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { GiveUp, until } from "./poll.ts";
import { freePort } from "./ports.ts";
import type { Stack } from "./stack.ts";

/** Values an installation on the stack needs: nothing there can route from the API server to a webhook Pod. */
export const esoHelmValues = {
  installCRDs: true,
  webhook: { create: false },
  certController: { create: false },
} as const;

/** A token file beside the usual one, as a projected volume would make it. */
export interface ProjectedToken {
  /** Absolute path, below `/var/run` or `/run`. */
  path: string;
  audience?: string;
  expirationSeconds?: number;
}

/** Which controller to run. */
export interface EsoOptions {
  /** Namespace of the ServiceAccount (default `external-secrets`). */
  namespace?: string;
  /** Its name (default `external-secrets`). */
  serviceAccount?: string;
  /** `--controller-class`. */
  controllerClass?: string;
  /** Namespace to watch; all without it. */
  watch?: string;
  /** Further arguments of the binary. */
  args?: readonly string[];
  /** Further environment, for instance SSL_CERT_FILE. */
  env?: Record<string, string>;
  tokens?: readonly ProjectedToken[];
}

/** A running controller. */
export interface Eso {
  readonly metricsUrl: string;
  readonly pid: number;
  alive(): boolean;
  /** What all runs of this controller wrote. */
  logs(): string;
  /** Ends it and starts it again, with a new token. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const tokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
const oneDay = 86_400;

/**
 * Runs the real ESO controller outside the cluster with exactly the rights of its own ServiceAccount. Its Infisical
 * provider reads the Pod's token file, so the process gets a mount namespace of its own in which `/run` is an empty
 * tmpfs with that file; the machine's own `/run` is not touched.
 */
export async function startEso(stack: Stack, options: EsoOptions = {}): Promise<Eso> {
  const metricsPort = await freePort();
  const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  const livePort = await freePort();
  let earlier = "";
  let child: Child;
  const start = async () => {
    const { script, env } = await prepare(stack, options);
    const args = [
      `--metrics-addr=127.0.0.1:${metricsPort}`,
      `--live-addr=127.0.0.1:${livePort}`,
      "--loglevel=info",
      ...(options.controllerClass ? [`--controller-class=${options.controllerClass}`] : []),
      ...(options.watch ? [`--namespace=${options.watch}`] : []),
      ...(options.args ?? []),
    ];
    child = stack.spawn({ name: "eso", command: "unshare", args: [...script, stack.bin.eso, ...args], env });
    try {
      await until("the ESO controller to serve its metrics", () => served(metricsUrl), {
        timeoutMs: 60_000,
        explain: () => child.logs().slice(-2000),
        unless: () => {
          if (!child.alive()) throw new GiveUp(`the ESO controller ended\n${child.logs().slice(-2000)}`);
        },
      });
    } catch (error) {
      await child.kill();
      throw error;
    }
  };
  await start();
  return {
    metricsUrl,
    get pid() {
      return child.pid;
    },
    alive: () => child.alive(),
    logs: () => earlier + child.logs(),
    async restart() {
      await child.kill();
      earlier += child.logs();
      await start();
    },
    stop: () => child.kill(),
  };
}

/** Waits for the ServiceAccount, then writes its tokens and a kubeconfig for it, and says how to enter the mounts. */
async function prepare(
  stack: Stack,
  options: EsoOptions,
): Promise<{ script: string[]; env: Record<string, string> }> {
  const { namespace = "external-secrets", serviceAccount = "external-secrets", tokens = [] } = options;
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`;
  await until(`the ServiceAccount ${namespace}/${serviceAccount}`, () => stack.api("GET", account), {
    timeoutMs: 120_000,
    everyMs: 100,
  });
  await kindsServed(stack);
  const issue = async ({ audience, expirationSeconds = oneDay }: Omit<ProjectedToken, "path">) => {
    const spec = { expirationSeconds, ...(audience ? { audiences: [audience] } : {}) };
    const answer = await stack.api<{ status: { token: string } }>("POST", `${account}/token`, { spec });
    return answer.status.token;
  };
  const token = await issue({});
  const files: Record<string, string> = {
    [`${tokenFolder}/token`]: token,
    [`${tokenFolder}/ca.crt`]: stack.caPem,
    [`${tokenFolder}/namespace`]: namespace,
  };
  for (const { path, ...wanted } of tokens) files[path] = await issue(wanted);

  const root = join(stack.dir, `eso-${namespace}-${serviceAccount}`);
  for (const [path, content] of Object.entries(files)) {
    const inside = /^(?:\/var)?\/run\/(.*)$/.exec(path)?.[1];
    if (!inside) throw new Error(`a token file can only be put below /var/run, not at ${path}`);
    mkdirSync(dirname(join(root, "run", inside)), { recursive: true });
    writeFileSync(join(root, "run", inside), content, { mode: 0o600 });
  }
  const user = `system:serviceaccount:${namespace}:${serviceAccount}`;
  const { apiServer, caPem, name: context } = stack;
  const KUBECONFIG = writeKubeconfig(join(root, "kubeconfig"), { context, user, apiServer, caPem, token });
  const enter = 'mount -t tmpfs tmpfs /run && cp -R "$1"/. /run && shift && exec "$@"';
  const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  return {
    script: [...asRoot, "--mount", "sh", "-c", enter, "sh", join(root, "run")],
    env: { ...options.env, KUBECONFIG },
  };
}

/** What the controller looks up when it starts, by API group and version. */
const watchedKinds: Record<string, readonly string[]> = {
  "external-secrets.io/v1": [
    "secretstores",
    "clustersecretstores",
    "externalsecrets",
    "clusterexternalsecrets",
  ],
  "external-secrets.io/v1alpha1": ["pushsecrets", "clusterpushsecrets"],
  "generators.external-secrets.io/v1alpha1": ["generatorstates"],
};

/**
 * A Pod needs seconds to start and so finds the CRDs that came with it; a process would be too quick for them, and the
 * controller looks for a missing kind only every 10 s. Where they do not come, it starts without them, as a Pod would.
 */
async function kindsServed(stack: Stack): Promise<void> {
  const isServed = async ([group, kinds]: [string, readonly string[]]) => {
    const { resources } = await stack.api<{ resources: { name: string }[] }>("GET", `/apis/${group}`);
    return kinds.every((kind) => resources.some(({ name }) => name === kind));
  };
  const all = async () => (await Promise.all(Object.entries(watchedKinds).map(isServed))).every(Boolean);
  await until("ESO's kinds", all, { timeoutMs: 8_000 }).catch(() => undefined);
}

async function served(url: string): Promise<boolean> {
  return (await fetch(url)).ok;
}
