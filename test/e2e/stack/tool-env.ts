import { delimiter, join } from "node:path";

import type { Built } from "./pins.ts";

/** Environment in which the tool under test, helm and kubectl see only this cluster and their own caches. */
export function toolEnv(dir: string, kubeconfig: string, built: Built): Record<string, string> {
  return {
    KUBECONFIG: kubeconfig,
    PATH: [built.toolsDir, process.env["PATH"] ?? ""].join(delimiter),
    KUBECACHEDIR: join(dir, "kube-cache"),
    HELM_CACHE_HOME: join(dir, "helm/cache"),
    HELM_CONFIG_HOME: join(dir, "helm/config"),
    HELM_DATA_HOME: join(dir, "helm/data"),
  };
}
