import { join } from "node:path";

import type { Api } from "./api.ts";
import { ensureBuilt, type Log } from "./build.ts";
import { checkpoint, type Restore } from "./checkpoint.ts";
import { type Child, type ChildSpec, ownFolder, releaseFolder, startChild } from "./children.ts";
import { answering, bringUp, layOut, type Layout, serviceAccountIssuer } from "./control-plane.ts";
import { existingCluster, existingStack } from "./existing.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import type { Built } from "./pins.ts";
import type { IssueOptions } from "../../../src/sandbox/kubernetes/certificates.ts";
import { run } from "./run.ts";
import { sandboxStack, wantsSandbox } from "./sandbox.ts";
import { toolEnv } from "./tool-env.ts";

/** How a stack is started. */
export interface StackOptions {
  /** Name of the kubeconfig's only context (default `e2e`). */
  name?: string;
  /** Receives the progress of a build that is still missing. */
  log?: Log;
}

/** Another user's way into the cluster. */
interface ClientCertOptions extends Pick<IssueOptions, "notBefore" | "notAfter"> {
  commonName: string;
  organizations?: readonly string[];
  /** A certificate that ended an hour ago: the API server answers 401. */
  expired?: boolean;
  /** Context of the kubeconfig (default: the stack's). */
  context?: string;
  namespace?: string;
}

/** A running cluster of one's own. */
export interface Stack {
  readonly name: string;
  /** Path of an admin kubeconfig with one context. */
  readonly kubeconfig: string;
  readonly apiServer: string;
  readonly caPem: string;
  readonly serviceAccountIssuer: string;
  readonly bin: Built["bin"];
  readonly chart: Built["chart"];
  /** Temporary folder that goes with the stack. */
  readonly dir: string;
  /** KUBECONFIG, PATH with helm and kubectl first, and private homes for their caches. */
  readonly env: Record<string, string>;
  /** False when an existing cluster was taken; then nothing can be stopped and no users can be made. */
  readonly owned: boolean;
  /** JSON requests as admin, without starting kubectl. */
  readonly api: Api;
  /** Runs kubectl as admin and gives stdout; throws with stderr. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Runs helm as admin and gives stdout; throws with stderr. */
  helm(args: readonly string[], input?: string): Promise<string>;
  /** Makes a client certificate and gives the path of a kubeconfig that uses it. */
  clientCert(options: ClientCertOptions): string;
  /** Ends the API server at once: connections are refused until `startApiServer`. */
  stopApiServer(): Promise<void>;
  /** Starts the API server again, on the same port with the same data, and waits until it is ready. */
  startApiServer(): Promise<void>;
  /** Remembers everything that is in the cluster; what it returns brings it back. */
  checkpoint(): Promise<Restore>;
  /** Starts a further process that is ended together with the stack. */
  spawn(spec: Omit<ChildSpec, "logFile">): Child;
  /** Has something done first when the stack is stopped. */
  onStop(action: () => Promise<void> | void): void;
  /** Pids of the processes that run for this stack. */
  pids(): number[];
  /** Ends every process of the stack and removes its folder. May be called twice. */
  stop(): Promise<void>;
}

/** Starts a control plane of its own, building what is missing first. Several may run at once. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { name = "e2e", log } = options;
  if (wantsSandbox()) return sandboxStack(name, await ensureBuilt(log, ["tools", "chart"]));
  const existing = existingCluster();
  if (existing) return existingStack(existing, await ensureBuilt(log, ["tools", "chart"]));
  const built = await ensureBuilt(log);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(name, built);
    } catch (error) {
      // Somebody else took the port between choosing and binding it.
      if (attempt === 3 || !String(error).includes("address already in use")) throw error;
    }
  }
}

async function startOnce(name: string, built: Built): Promise<Stack> {
  const dir = ownFolder();
  const children = new Map<string, Child>();
  const layout = await layOut(dir, name, built);
  const stack = describe(name, built, layout, children);
  try {
    await bringUp(layout, children);
    return stack;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

function describe(name: string, built: Built, layout: Layout, children: Map<string, Child>): Stack {
  const { dir, apiServer, authority, kubeconfig, api } = layout;
  const env = toolEnv(dir, kubeconfig, built);
  const actions: (() => Promise<void> | void)[] = [];
  let users = 0;
  return {
    name,
    kubeconfig,
    apiServer,
    caPem: authority.caPem,
    serviceAccountIssuer,
    bin: built.bin,
    chart: built.chart,
    dir,
    env,
    owned: true,
    api,
    kubectl: (args, input) => run(built.bin.kubectl, args, withInput(env, input)),
    helm: (args, input) => run(built.bin.helm, args, withInput(env, input)),
    clientCert({ commonName, organizations = [], expired = false, context = name, namespace, ...validity }) {
      const ended = expired ? { notAfter: new Date(Date.now() - 3_600_000) } : {};
      const issued = authority.issue({ commonName, organizations, ...validity, ...ended });
      const path = join(dir, `user-${(users += 1)}.kubeconfig`);
      const where = { context, user: commonName, apiServer, caPem: authority.caPem };
      return writeKubeconfig(path, { ...where, ...issued, ...(namespace ? { namespace } : {}) });
    },
    async stopApiServer() {
      await children.get("kube-apiserver")?.kill();
    },
    async startApiServer() {
      if (!children.get("kube-apiserver")?.alive())
        children.set("kube-apiserver", startChild(layout.specs["kube-apiserver"]));
      await answering(layout, children);
    },
    checkpoint: () => checkpoint(layout.etcdUrl),
    spawn(spec) {
      const key = `${spec.name}-${children.size}`;
      const child = startChild({ ...spec, logFile: join(dir, "logs", `${key}.log`) });
      children.set(key, child);
      return child;
    },
    onStop: (action) => void actions.push(action),
    pids: () => [...children.values()].filter((child) => child.alive()).map((child) => child.pid),
    async stop() {
      for (const action of actions.splice(0)) await action();
      layout.close();
      // The last started goes first, so etcd goes last.
      for (const child of [...children.values()].toReversed()) await child.kill();
      releaseFolder(dir);
    },
  };
}

function withInput(env: Record<string, string>, input: string | undefined) {
  return { env, ...(input === undefined ? {} : { input }) };
}
