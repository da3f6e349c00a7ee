/** The whole sandbox: a simulated cluster with ESO in it and a simulated Infisical that reviews its tokens, both on loopback. */

import type { InfisicalOptions, InfisicalServer } from "./infisical/index.ts";
import { startInfisical } from "./infisical/index.ts";
import { startEso } from "./eso/index.ts";
import { type KubernetesOptions, type KubernetesServer, startKubernetes } from "./kubernetes/index.ts";

export { createStandInHelm } from "./helm.ts";

export interface SandboxOptions {
  readonly infisical?: Partial<InfisicalOptions>;
  readonly kubernetes?: KubernetesOptions;
}

export interface Sandbox {
  readonly kubernetes: KubernetesServer;
  readonly infisical: InfisicalServer;
  /** Text of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Variables that log the operator in at Infisical. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends when ESO has looked at everything that changed. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both servers, empty: no ESO is installed, no project is made. */
export async function startSandbox({
  infisical: options = {},
  kubernetes: cluster = {},
}: SandboxOptions = {}): Promise<Sandbox> {
  const [kubernetes, infisical] = await Promise.all([
    startKubernetes(cluster),
    startInfisical({ generation: "2026", ...options }),
  ]);
  const eso = startEso(kubernetes.api);
  return {
    kubernetes,
    infisical,
    kubeconfig: kubernetes.kubeconfig(),
    env: {
      INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: infisical.operator.clientId,
      INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: infisical.operator.clientSecret,
    },
    settled: () => eso.settled(),
    stop: async () => {
      await eso.stop();
      await Promise.all([kubernetes.stop(), infisical.stop()]);
    },
  };
}
