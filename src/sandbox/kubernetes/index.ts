/**
 * A simulated Kubernetes API server: HTTPS on loopback with its own CA, RBAC, CRDs, server-side apply, watches, ServiceAccount tokens and
 * the controllers that every cluster has. State lives in memory and ends with the server. What it does differently from a real one is
 * listed in docs/sandbox.md.
 */

import type { KubeObject } from "../../kubernetes/cluster.ts";
import { Api } from "./api.ts";
import { bootstrapRoles } from "./bootstrap-roles.ts";
import { createAuthority, type IssueOptions } from "./certificates.ts";
import { Hand } from "./controllers/controller.ts";
import { startControllers } from "./controllers/index.ts";
import { nodeObject } from "./controllers/kubelet.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { listen } from "./server.ts";

export interface KubernetesOptions {
  /** Milliseconds since 1970; default the system's clock. */
  readonly now?: () => number;
  /** Name of the context in the kubeconfigs; default `sandbox`. */
  readonly name?: string;
  /** The same uids and names of pods on every run. */
  readonly seed?: string;
}

/** Who a kubeconfig is for; default an administrator of the group system:masters. */
export type ConfigUser =
  | (Partial<Omit<IssueOptions, "hosts">> & { readonly namespace?: string })
  | { readonly token: string; readonly namespace?: string };

/** A running simulated API server. */
export interface KubernetesServer {
  readonly url: string;
  /** PEM of its CA. */
  readonly ca: string;
  readonly api: Api;
  kubeconfig(user?: ConfigUser): string;
  /** Writes as `kubectl create` before anything else runs would: by an administrator, without a request. */
  seed(...objects: readonly KubeObject[]): void;
  /** Closes every connection and refuses new ones until `resume`; state stays. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

/** Starts a cluster on a free port of 127.0.0.1, with its namespaces, roles and one node. */
export async function startKubernetes({
  now = Date.now,
  name = "sandbox",
  seed,
}: KubernetesOptions = {}): Promise<KubernetesServer> {
  const authority = createAuthority("sandbox-ca");
  const hosts = ["127.0.0.1", "localhost", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  const serving = authority.issue({ commonName: "kube-apiserver", hosts });
  const api = new Api({ now, ca: authority.caPem, seed });
  const controllers = startControllers(api);
  furnish(api);
  controllers.settle();
  const tls = { key: serving.keyPem, cert: serving.certPem, ca: authority.caPem };
  let listening = await listen(api, tls);
  const { port } = listening;
  const url = `https://127.0.0.1:${port}`;
  return {
    url,
    ca: authority.caPem,
    api,
    kubeconfig(user = {}) {
      const { namespace, ...who } = user;
      const where = { name, url, ca: authority.caPem, namespace };
      if ("token" in who) return kubeconfigText({ ...where, user: "token", token: who.token });
      const isAdmin = who.commonName === undefined;
      const { commonName = "admin", organizations = isAdmin ? ["system:masters"] : [], ...validity } = who;
      return kubeconfigText({
        ...where,
        user: commonName,
        ...authority.issue({ commonName, organizations, ...validity }),
      });
    },
    seed: (...objects) => {
      const hand = new Hand(api, "kubectl-create");
      for (const object of objects) hand.make(object);
    },
    pause: () => listening.close(),
    resume: async () => {
      listening = await listen(api, tls, port);
    },
    stop: async () => {
      controllers.stop();
      await listening.close();
    },
  };
}

/** What every cluster has from the start. */
function furnish(api: Api): void {
  const hand = new Hand(api, "kube-apiserver");
  for (const name of NAMESPACES) hand.make({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  for (const role of bootstrapRoles()) hand.make(role);
  const { status, ...node } = nodeObject(api.timestamp());
  const made = hand.make(node);
  if (made) hand.status(made, status as object);
  hand.make({
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      type: "ClusterIP",
      clusterIP: "198.51.100.1",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 6443 }],
    },
  });
}
