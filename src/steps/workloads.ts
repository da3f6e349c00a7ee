import { at, recordsAt, textOf } from "../data.ts";
import { isBootstrapError } from "../errors.ts";
import type { Cluster, KubeObject } from "../kubernetes/cluster.ts";

/** What has pods that can be restarted; Rollouts where Argo's CRD is served. */
const KINDS = [
  ["apps/v1", "Deployment"],
  ["apps/v1", "StatefulSet"],
  ["apps/v1", "DaemonSet"],
  ["argoproj.io/v1alpha1", "Rollout"],
] as const;

/** A workload, and the specs that its pods run with: admission may have added to what the template says. */
export interface Workload {
  readonly object: KubeObject;
  readonly podSpecs: readonly unknown[];
}

/** The workloads of a namespace. */
export async function workloadsIn(cluster: Cluster, namespace: string): Promise<Workload[]> {
  const running = await runningSpecs(cluster, namespace);
  const workloads: Workload[] = [];
  for (const [apiVersion, kind] of KINDS)
    for await (const object of cluster.list({ apiVersion, kind, namespace }))
      workloads.push({
        object,
        podSpecs: [
          at(object["spec"], "template", "spec"),
          ...(running.get(`${kind}/${object.metadata.name}`) ?? []),
        ],
      });
  return workloads;
}

async function runningSpecs(cluster: Cluster, namespace: string): Promise<Map<string, unknown[]>> {
  const specs = new Map<string, unknown[]>();
  try {
    for await (const pod of cluster.list({ apiVersion: "v1", kind: "Pod", namespace })) {
      const owner = ownerOf(pod);
      if (owner !== undefined) specs.set(owner, [...(specs.get(owner) ?? []), pod["spec"]]);
    }
  } catch (error) {
    // The templates say almost all.
    if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
  }
  return specs;
}

/** `Deployment/shop`: a ReplicaSet is called after its Deployment or Rollout and the hash that its pods are labelled with. */
function ownerOf({ metadata }: KubeObject): string | undefined {
  const [owner] = metadata.ownerReferences ?? [];
  if (!owner) return undefined;
  if (owner.kind !== "ReplicaSet") return `${owner.kind}/${owner.name}`;
  const rollout = metadata.labels?.["rollouts-pod-template-hash"];
  const hash = rollout ?? metadata.labels?.["pod-template-hash"];
  if (hash === undefined || !owner.name.endsWith(`-${hash}`)) return undefined;
  return `${rollout === undefined ? "Deployment" : "Rollout"}/${owner.name.slice(0, -hash.length - 1)}`;
}

/** True when a pod spec uses the Secret through env, envFrom, volumes, projected volumes or imagePullSecrets. */
export function usesSecret(podSpec: unknown, name: string): boolean {
  const containers = ["containers", "initContainers", "ephemeralContainers"].flatMap((list) =>
    recordsAt(podSpec, list),
  );
  const volumes = recordsAt(podSpec, "volumes");
  const names = [
    ...containers.flatMap((container) => [
      ...recordsAt(container, "envFrom").map((source) => at(source, "secretRef", "name")),
      ...recordsAt(container, "env").map((env) => at(env, "valueFrom", "secretKeyRef", "name")),
    ]),
    ...volumes.map((volume) => at(volume, "secret", "secretName")),
    ...volumes.flatMap((volume) =>
      recordsAt(at(volume, "projected"), "sources").map((source) => at(source, "secret", "name")),
    ),
    ...recordsAt(podSpec, "imagePullSecrets").map((reference) => reference["name"]),
  ];
  return names.includes(name);
}

const RELOADER = "reloader.stakater.com";

/** A Secret as Reloader sees it. */
export interface Reloadable {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * True when Stakater's Reloader restarts the workload for this Secret (docs.stakater.com/reloader, "Annotation Reference"):
 * annotations of the workload, or of its template where it has none, and of the Secret.
 */
export function isReloaded({ metadata, ...object }: KubeObject, secret: Reloadable): boolean {
  const says = (name: string) =>
    textOf(metadata.annotations?.[name]) ??
    textOf(at(object["spec"], "template", "metadata", "annotations", name));
  const lists = (name: string) =>
    (says(name) ?? "").split(",").some((one) => isNamed(one.trim(), secret.name));
  const isTrue = (name: string) => says(name) === "true";
  if (secret.annotations[`${RELOADER}/ignore`] === "true") return false;
  if (lists(`secret.${RELOADER}/reload`)) return true;
  if (isTrue(`${RELOADER}/search`) && secret.annotations[`${RELOADER}/match`] === "true") return true;
  const isAuto = isTrue(`${RELOADER}/auto`) || isTrue(`secret.${RELOADER}/auto`);
  return isAuto && !lists(`secrets.exclude.${RELOADER}/reload`);
}

/** Reloader takes each name for a regular expression over the whole name. */
function isNamed(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  try {
    return pattern !== "" && new RegExp(`^(?:${pattern})$`).test(name);
  } catch {
    return false;
  }
}
