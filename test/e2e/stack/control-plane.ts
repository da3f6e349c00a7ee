import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Child, type ChildSpec, startChild } from "./children.ts";
import { type Api, createApi } from "./api.ts";
import { type Kubeconfig, writeKubeconfig } from "./kubeconfig.ts";
import type { Built } from "./pins.ts";
import {
  type Authority,
  createAuthority,
  createSigningKey,
} from "../../../src/sandbox/kubernetes/certificates.ts";
import { GiveUp, until } from "./poll.ts";
import { freePort } from "./ports.ts";

/** Issuer of ServiceAccount tokens, and so their default audience. */
export const serviceAccountIssuer = "https://kubernetes.default.svc.cluster.local";

/** Files and addresses that the processes of one control plane share. */
export interface Layout {
  readonly dir: string;
  readonly apiServer: string;
  readonly etcdUrl: string;
  readonly authority: Authority;
  readonly caFile: string;
  readonly kubeconfig: string;
  readonly api: Api;
  readonly close: () => void;
  readonly specs: Record<ProcessName, ChildSpec>;
}

/** The processes of a control plane, in the order in which they are started. */
type ProcessName = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kwok";

/** Makes keys, kubeconfig and command lines in `dir`; starts nothing. */
export async function layOut(dir: string, context: string, built: Built): Promise<Layout> {
  const file = (name: string, content: string) => {
    writeFileSync(join(dir, name), content, { mode: 0o600 });
    return join(dir, name);
  };
  mkdirSync(join(dir, "logs"), { recursive: true });
  const [apiPort, etcdPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const apiServer = `https://127.0.0.1:${apiPort}`;

  const authority = createAuthority(`${context} test authority`);
  const caFile = file("ca.crt", authority.caPem);
  const hosts = ["localhost", "kubernetes.default.svc.cluster.local", "127.0.0.1"];
  const serving = authority.issue({ commonName: "kube-apiserver", hosts });
  const admin = authority.issue({ commonName: "admin", organizations: ["system:masters"] });
  const signing = createSigningKey();
  const signingKey = file("sa.key", signing.privatePem);
  const access: Kubeconfig = { context, user: "admin", apiServer, caPem: authority.caPem, ...admin };
  const kubeconfig = writeKubeconfig(join(dir, "admin.kubeconfig"), access);

  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const specOf = (name: ProcessName, command: string, flags: Record<string, string | number | boolean>) => ({
    name,
    command,
    args: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    logFile: join(dir, "logs", `${name}.log`),
  });
  const specs: Layout["specs"] = {
    etcd: specOf("etcd", built.bin.etcd, {
      "data-dir": join(dir, "etcd"),
      "unsafe-no-fsync": true,
      "listen-client-urls": etcdUrl,
      "advertise-client-urls": etcdUrl,
      "listen-peer-urls": peerUrl,
      "initial-advertise-peer-urls": peerUrl,
      "initial-cluster": `default=${peerUrl}`,
      "log-level": "warn",
    }),
    "kube-apiserver": specOf("kube-apiserver", built.bin.kubeApiserver, {
      "etcd-servers": etcdUrl,
      "bind-address": "127.0.0.1",
      "secure-port": apiPort,
      "tls-cert-file": file("apiserver.crt", serving.certPem),
      "tls-private-key-file": file("apiserver.key", serving.keyPem),
      "client-ca-file": caFile,
      "service-account-key-file": file("sa.pub", signing.publicPem),
      "service-account-signing-key-file": signingKey,
      "service-account-issuer": serviceAccountIssuer,
      "service-cluster-ip-range": "10.96.0.0/16",
      "authorization-mode": "Node,RBAC",
      "allow-privileged": true,
      "endpoint-reconciler-type": "none",
      profiling: false,
    }),
    "kube-controller-manager": specOf("kube-controller-manager", built.bin.kubeControllerManager, {
      kubeconfig,
      "service-account-private-key-file": signingKey,
      "root-ca-file": caFile,
      "use-service-account-credentials": true,
      "leader-elect": false,
      "secure-port": 0,
      "node-monitor-grace-period": "1h",
      "kube-api-qps": 200,
      "kube-api-burst": 400,
      profiling: false,
    }),
    "kube-scheduler": specOf("kube-scheduler", built.bin.kubeScheduler, {
      kubeconfig,
      "leader-elect": false,
      "secure-port": 0,
      profiling: false,
    }),
    kwok: specOf("kwok", built.bin.kwok, { kubeconfig, config: built.stages, "manage-all-nodes": true }),
  };
  const { api, close } = createApi(access);
  return { dir, apiServer, etcdUrl, authority, caFile, kubeconfig, api, close, specs };
}

/** Starts the processes of a laid-out control plane and resolves when Pods can become Ready. */
export async function bringUp(layout: Layout, children: Map<string, Child>): Promise<void> {
  const start = (name: ProcessName) => children.set(name, startChild(layout.specs[name]));
  start("etcd");
  start("kube-apiserver");
  await answering(layout, children);
  start("kube-controller-manager");
  start("kube-scheduler");
  start("kwok");
  await layout.api("POST", "/api/v1/nodes", node);
  const options = watching(children, ["kube-controller-manager", "kube-scheduler", "kwok"]);
  await until(
    "a node that Pods can run on",
    async () => usable(await layout.api("GET", "/api/v1/nodes/e2e")),
    options,
  );
  const inDefault = "/api/v1/namespaces/default";
  await until(
    "the default ServiceAccount",
    () => layout.api("GET", `${inDefault}/serviceaccounts/default`),
    options,
  );
  await until(
    "the cluster's CA",
    () => layout.api("GET", `${inDefault}/configmaps/kube-root-ca.crt`),
    options,
  );
}

/** Resolves when the API server says that it is ready. */
export async function answering(layout: Layout, children: Map<string, Child>): Promise<void> {
  const options = watching(children, ["etcd", "kube-apiserver"]);
  await until("the API server to be ready", () => layout.api("GET", "/readyz"), options);
}

interface Node {
  spec: { taints?: unknown[] };
  status: { conditions?: { type: string; status: string }[] };
}

function usable(given: unknown): boolean {
  const { spec, status } = given as Node;
  const ready = status.conditions?.some((it) => it.type === "Ready" && it.status === "True");
  return ready === true && !spec.taints?.length;
}

const resources = { cpu: "64", memory: "256Gi", pods: "1000" };

const node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: "e2e",
    labels: { "kubernetes.io/hostname": "e2e", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" },
  },
  status: { allocatable: resources, capacity: resources },
};

/** Poll options that end the wait as soon as one of the processes has died, and show its last words. */
function watching(children: Map<string, Child>, names: ProcessName[]) {
  const lastWords = (child: Child) => `--- ${child.name}\n${child.logs().slice(-1500)}`;
  const watched = names.flatMap((name) => children.get(name) ?? []);
  return {
    timeoutMs: 60_000,
    explain: () => watched.map(lastWords).join("\n"),
    unless: () => {
      const dead = watched.find((child) => !child.alive());
      if (dead) throw new GiveUp(`${dead.name} ended\n${lastWords(dead)}`);
    },
  };
}
