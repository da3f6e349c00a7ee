import { at, numberOf, recordsAt, textOf, textsOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "../kubernetes/api.ts";

/** An ESO that runs: what it logs in as, and what it was told. */
export interface Controller {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly controllerClass: string;
  readonly processesClusterStores: boolean;
  /** `spec.selector` of its Deployment. */
  readonly selector: unknown;
  /** 2.7.0 or newer: writes to Infisical, and takes its 404 for a secret that is not there (eso.md 1.1). */
  readonly isModern: boolean;
}

/** The controllers whose Deployment is available (eso.md 4.3); webhook and cert-controller are the same image with an argument. */
export function runningControllers(api: Api): Controller[] {
  return api.store.list("deployments.apps").flatMap((deployment) => {
    const pod = at(deployment["spec"], "template", "spec");
    const [container] = recordsAt(pod, "containers");
    const args = textsOf(container?.["args"]);
    const isEso = /\/external-secrets(:|@|$)/.test(textOf(container?.["image"]) ?? "");
    const isOther = args.some((arg) => arg === "webhook" || arg === "certcontroller");
    if (!isEso || isOther || !isUp(deployment)) return [];
    return [
      {
        namespace: deployment.metadata.namespace ?? "",
        serviceAccount: textOf(at(pod, "serviceAccountName")) ?? "default",
        controllerClass: optionOf(args, "--controller-class") ?? "default",
        processesClusterStores: optionOf(args, "--enable-cluster-store-reconciler") !== "false",
        selector: at(deployment["spec"], "selector"),
        isModern: !isBefore(/:v?(\d+\.\d+)/.exec(textOf(container?.["image"]) ?? "")?.[1], [2, 7]),
      },
    ];
  });
}

/** An image without a version is the newest. */
function isBefore(version: string | undefined, [major, minor]: readonly [number, number]): boolean {
  const [left = Infinity, right = Infinity] = (version ?? "").split(".").filter(Boolean).map(Number);
  return left < major || (left === major && right < minor);
}

const isUp = (deployment: KubeObject): boolean =>
  (numberOf(at(deployment["status"], "availableReplicas")) ?? 0) > 0;

const optionOf = (args: readonly string[], name: string): string | undefined =>
  args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
