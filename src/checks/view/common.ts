import { recordsAt, textOf } from "../../data.ts";
import type { KubeObject, ObjectMeta } from "../../kubernetes/cluster.ts";

/** ESO's one condition: `Ready` (eso.md 3.1). */
export interface Ready {
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  /** ISO 8601; since when it is so. */
  readonly since: string | undefined;
}

export function readyIn(object: KubeObject): Ready | undefined {
  const condition = recordsAt(object["status"], "conditions").find(({ type }) => type === "Ready");
  if (!condition) return undefined;
  return {
    ready: condition["status"] === "True",
    reason: textOf(condition["reason"]) ?? "",
    message: textOf(condition["message"]) ?? "",
    since: textOf(condition["lastTransitionTime"]),
  };
}

/** Who keeps the object as it is: `eso-bootstrap`, `Argo CD`, `Flux`, `Helm release ns/name`; undefined: nobody known. */
export function managerOf({ labels = {}, annotations = {} }: ObjectMeta): string | undefined {
  if (annotations["argocd.argoproj.io/tracking-id"] ?? labels["argocd.argoproj.io/instance"])
    return "Argo CD";
  if (labels["kustomize.toolkit.fluxcd.io/name"] ?? labels["helm.toolkit.fluxcd.io/name"]) return "Flux";
  const release = annotations["meta.helm.sh/release-name"];
  if (release !== undefined)
    return `Helm release ${annotations["meta.helm.sh/release-namespace"] ?? "?"}/${release}`;
  return labels["app.kubernetes.io/managed-by"];
}
