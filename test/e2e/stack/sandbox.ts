import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { startEso } from "../../../src/sandbox/eso/index.ts";
import { runningControllers } from "../../../src/sandbox/eso/controller-pod.ts";
import { startKubernetes, type KubernetesServer } from "../../../src/sandbox/kubernetes/index.ts";
import { createApi } from "./api.ts";
import type { AutoEso } from "./auto-eso.ts";
import { type Child, ownFolder, releaseFolder, startChild } from "./children.ts";
import { serviceAccountIssuer } from "./control-plane.ts";
import type { Eso } from "./eso.ts";
import { accessOf } from "./existing.ts";
import type { Built } from "./pins.ts";
import { until } from "./poll.ts";
import { run } from "./run.ts";
import type { Stack } from "./stack.ts";
import { toolEnv } from "./tool-env.ts";

/** Whether `ESO_BOOTSTRAP_E2E_STACK=sandbox` asks for the simulated cluster in place of the real one. */
export const wantsSandbox = (env: NodeJS.ProcessEnv = process.env): boolean =>
  env["ESO_BOOTSTRAP_E2E_STACK"] === "sandbox";

/** The simulated clusters behind the stacks of this process. */
const servers = new WeakMap<Stack, KubernetesServer>();

/** The same face as a real stack, for the simulated cluster with the simulated ESO; helm and kubectl are the real programs. */
export async function sandboxStack(name: string, built: Built): Promise<Stack> {
  const dir = ownFolder();
  const server = await startKubernetes({ name });
  const eso = startEso(server.api);
  const kubeconfig = join(dir, "admin.kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig(), { mode: 0o600 });
  const { api, close } = createApi(accessOf(kubeconfig, name));
  const env = toolEnv(dir, kubeconfig, built);
  const children: Child[] = [];
  const actions: (() => Promise<void> | void)[] = [];
  const tool = (path: string) => (args: readonly string[], input?: string) =>
    run(path, args, { env, ...(input === undefined ? {} : { input }) });
  let users = 0;
  const stack: Stack = {
    name,
    kubeconfig,
    apiServer: server.url,
    caPem: server.ca,
    serviceAccountIssuer,
    bin: built.bin,
    chart: built.chart,
    dir,
    env,
    owned: true,
    api,
    kubectl: tool(built.bin.kubectl),
    helm: tool(built.bin.helm),
    clientCert({ expired = false, commonName, organizations = [], namespace }) {
      const path = join(dir, `user-${(users += 1)}.kubeconfig`);
      const ended = expired ? { notAfter: new Date(Date.now() - 3_600_000) } : {};
      writeFileSync(
        path,
        server.kubeconfig({ commonName, organizations, ...(namespace ? { namespace } : {}), ...ended }),
        { mode: 0o600 },
      );
      return path;
    },
    stopApiServer: () => server.pause(),
    startApiServer: () => server.resume(),
    checkpoint: () => Promise.reject(new Error("the sandbox cannot be put back to an earlier state")),
    spawn(spec) {
      const child = startChild({ ...spec, logFile: join(dir, `${spec.name}-${children.length}.log`) });
      children.push(child);
      return child;
    },
    onStop: (action) => void actions.push(action),
    pids: () => children.filter((child) => child.alive()).map((child) => child.pid),
    async stop() {
      for (const action of actions.splice(0)) await action();
      close();
      for (const child of children.toReversed()) await child.kill();
      await eso.stop();
      await server.stop();
      releaseFolder(dir);
    },
  };
  servers.set(stack, server);
  return stack;
}

/** The simulated ESO of a stack as the watcher of the real one shows it; undefined for a real stack. */
export function sandboxEso(stack: Stack): AutoEso | undefined {
  const server = servers.get(stack);
  if (!server) return undefined;
  const running = () =>
    new Map(runningControllers(server.api).map((it): [string, Eso] => [it.namespace, noProcess]));
  return {
    running,
    ready: () => until("the simulated ESO", async () => [...running().values()][0]),
    logs: () => "",
    stop: async () => undefined,
  };
}

const inSandbox = (): never => {
  throw new Error("the simulated ESO is no process");
};

/** What a test may ask of a controller that lives in this very process: only that it runs. */
const noProcess: Eso = {
  get metricsUrl() {
    return inSandbox();
  },
  get pid() {
    return inSandbox();
  },
  alive: () => true,
  logs: () => "",
  restart: inSandbox,
  stop: inSandbox,
};
