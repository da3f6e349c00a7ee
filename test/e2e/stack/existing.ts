import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { parse } from "yaml";

import { type ApiAccess, createApi } from "./api.ts";
import { type Child, ownFolder, releaseFolder, startChild } from "./children.ts";
import { serviceAccountIssuer } from "./control-plane.ts";
import type { Built } from "./pins.ts";
import { run } from "./run.ts";
import type { Stack } from "./stack.ts";
import { toolEnv } from "./tool-env.ts";

/** A cluster that somebody else runs and that the tests were explicitly let into. */
export interface ExistingCluster {
  kubeconfig: string;
  context: string;
}

interface KubeconfigFile {
  "current-context"?: string;
  clusters?: { name: string; cluster: Record<string, string> }[];
  contexts?: { name: string; context: { cluster: string; user: string } }[];
  users?: { name: string; user: Record<string, string> }[];
}

/**
 * The cluster of `ESO_BOOTSTRAP_E2E_KUBECONFIG`, or undefined where that is not set. Throws unless its current context
 * is named in `ESO_BOOTSTRAP_E2E_CONTEXT` (comma list): the tests install, break and delete things.
 */
export function existingCluster(env: NodeJS.ProcessEnv = process.env): ExistingCluster | undefined {
  const given = env["ESO_BOOTSTRAP_E2E_KUBECONFIG"];
  if (!given) return undefined;
  const kubeconfig = resolve(given);
  const context = load(kubeconfig)["current-context"] ?? "";
  const allowed = (env["ESO_BOOTSTRAP_E2E_CONTEXT"] ?? "").split(",").map((it) => it.trim());
  if (context === "" || !allowed.includes(context))
    throw new Error(
      `The end-to-end tests install into and delete from the cluster they are given. The current context of ` +
        `${kubeconfig} is "${context}"; name it in ESO_BOOTSTRAP_E2E_CONTEXT to allow that.`,
    );
  return { kubeconfig, context };
}

/** The same face as an own stack, for an existing cluster. What only an owner can do throws. */
export function existingStack({ kubeconfig, context }: ExistingCluster, built: Built): Stack {
  const dir = ownFolder();
  const access = accessOf(kubeconfig, context);
  const { apiServer, caPem } = access;
  const { api, close } = createApi(access);
  const env = toolEnv(dir, kubeconfig, built);
  const children: Child[] = [];
  const actions: (() => Promise<void> | void)[] = [];
  const notOurs = (what: string) => new Error(`${what}: not with the existing cluster ${context}`);
  const tool = (path: string) => (args: readonly string[], input?: string) =>
    run(path, args, { env, ...(input === undefined ? {} : { input }) });
  return {
    name: context,
    kubeconfig,
    apiServer,
    caPem,
    serviceAccountIssuer,
    bin: built.bin,
    chart: built.chart,
    dir,
    env,
    owned: false,
    api,
    kubectl: tool(built.bin.kubectl),
    helm: tool(built.bin.helm),
    clientCert: () => {
      throw notOurs("a client certificate");
    },
    stopApiServer: () => Promise.reject(notOurs("stopping the API server")),
    startApiServer: () => Promise.reject(notOurs("starting the API server")),
    checkpoint: () => Promise.reject(notOurs("putting everything back")),
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
      releaseFolder(dir);
    },
  };
}

function load(path: string): KubeconfigFile {
  return parse(readFileSync(path, "utf8")) as KubeconfigFile;
}

/** What a context of a kubeconfig gives to log in with; throws where that is neither a client certificate nor a token. */
export function accessOf(kubeconfig: string, name: string): ApiAccess {
  const file = load(kubeconfig);
  const context = file.contexts?.find((it) => it.name === name)?.context;
  const cluster = file.clusters?.find((it) => it.name === context?.cluster)?.cluster ?? {};
  const user = file.users?.find((it) => it.name === context?.user)?.user ?? {};
  const inlineOrFile = (from: Record<string, string>, key: string) => {
    const inline = from[`${key}-data`];
    if (inline) return Buffer.from(inline, "base64").toString();
    return from[key] ? readFileSync(from[key], "utf8") : undefined;
  };
  const certPem = inlineOrFile(user, "client-certificate");
  const keyPem = inlineOrFile(user, "client-key");
  const token = user["token"];
  if (!cluster["server"] || !(token || (certPem && keyPem)))
    throw new Error(`the context ${name} must have a server and a client certificate or a token`);
  return {
    apiServer: cluster["server"],
    caPem: inlineOrFile(cluster, "certificate-authority") ?? "",
    ...(certPem && keyPem ? { certPem, keyPem } : {}),
    ...(token ? { token } : {}),
  };
}
