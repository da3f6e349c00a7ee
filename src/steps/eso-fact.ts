import { at, isRecord, recordsAt, textOf, textsOf } from "../data.ts";
import type { Desired } from "../desired/desired.ts";
import type { Cluster, KubeObject } from "../kubernetes/cluster.ts";

/** An ESO controller that runs (or should) in the cluster. */
export interface Controller {
  readonly namespace: string;
  readonly deployment: string;
  /** What ESO logs in as: read from the Deployment, never guessed (eso.md 1.5). */
  readonly serviceAccount: string;
  /** `0.20.4`, from the label or the image tag. */
  readonly version: string | undefined;
  readonly controllerClass: string;
  /** `release/namespace` of Helm, or the manager that is known. */
  readonly installedBy: string;
  readonly available: boolean;
}

export interface EsoFact {
  /** The one that serves our controllerClass, if any. */
  readonly controller: Controller | undefined;
  readonly others: readonly Controller[];
  readonly crds: "absent" | "ours" | "foreign";
  /** CRDs that ESO needs and that are missing, not Established, or not served as v1. */
  readonly brokenCrds: readonly string[];
  /** The ServiceAccount ESO logs in as; predicted from the chart where ESO is not there yet. */
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
}

export const ESO_CRDS = ["externalsecrets", "secretstores", "clustersecretstores"].map(
  (plural) => `${plural}.external-secrets.io`,
);

/** Looks for ESO in the cluster: every controller, the CRDs (eso.md 4.7). Helm is not asked: only installing needs it. */
export async function findEso(cluster: Cluster, desired: Desired): Promise<EsoFact> {
  const { namespace, controllerClass } = desired.eso;
  const [controllers, crds] = await Promise.all([
    findControllers(cluster),
    Promise.all(
      ESO_CRDS.map((name) =>
        cluster.get({ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name }),
      ),
    ),
  ]);
  const mine = (controller: Controller) =>
    controller.namespace === namespace && isByRelease(controller, desired.eso);
  const controller =
    controllers.find(mine) ?? controllers.find((one) => one.controllerClass === controllerClass);
  return {
    controller,
    others: controllers.filter((one) => one !== controller),
    crds: ownerOfCrds(crds, desired),
    brokenCrds: ESO_CRDS.filter((_, index) => !isServed(crds[index])),
    serviceAccount: controller
      ? { namespace: controller.namespace, name: controller.serviceAccount }
      : { namespace, name: predictedServiceAccount(desired) },
  };
}

function ownerOfCrds(crds: readonly (KubeObject | undefined)[], { eso }: Desired): EsoFact["crds"] {
  const first = crds.find((crd) => crd !== undefined);
  if (!first) return "absent";
  const annotations = first.metadata.annotations ?? {};
  const ours =
    annotations["meta.helm.sh/release-name"] === eso.release &&
    annotations["meta.helm.sh/release-namespace"] === eso.namespace;
  return ours ? "ours" : "foreign";
}

/** Established, and served as v1: what the stores and secrets that we write need (eso.md 4.4). */
export function isServed(crd: KubeObject | undefined): boolean {
  if (!crd || crd.metadata.deletionTimestamp) return false;
  const versions = recordsAt(crd["spec"], "versions");
  const conditions = recordsAt(crd["status"], "conditions");
  return (
    versions.some((version) => version["name"] === "v1" && version["served"] === true) &&
    conditions.some((condition) => condition["type"] === "Established" && condition["status"] === "True")
  );
}

/** Every ESO controller of the cluster: by label, else by image. */
export async function findControllers(cluster: Cluster): Promise<Controller[]> {
  return (await findDeployments(cluster)).map(controllerOf);
}

/** Deployments of ESO's controller, by label or else by image; in one namespace where it is given. */
export async function findDeployments(cluster: Cluster, namespace?: string): Promise<KubeObject[]> {
  const labelled: KubeObject[] = [];
  const query = { apiVersion: "apps/v1", kind: "Deployment", ...(namespace !== undefined && { namespace }) };
  for await (const deployment of cluster.list({
    ...query,
    labelSelector: "app.kubernetes.io/name=external-secrets",
  }))
    labelled.push(deployment);
  if (labelled.length > 0) return labelled;
  const byImage: KubeObject[] = [];
  for await (const deployment of cluster.list(query)) if (runsEso(deployment)) byImage.push(deployment);
  return byImage;
}

/** Plain manifests may lack the label: the image tells. Webhook and cert-controller are the same image with an argument. */
function runsEso(deployment: KubeObject): boolean {
  return containers(deployment).some(
    (container) =>
      /\/external-secrets(:|@|$)/.test(textOf(container["image"]) ?? "") &&
      !textsOf(container["args"]).some((arg) => arg === "webhook" || arg === "certcontroller"),
  );
}

/** What the Deployment of a controller says of it. */
export function controllerOf(deployment: KubeObject): Controller {
  const { name, namespace = "default", annotations = {}, labels = {} } = deployment.metadata;
  const container = containers(deployment)[0] ?? {};
  const args = textsOf(container["args"]);
  const podSpec = at(deployment["spec"], "template", "spec");
  return {
    namespace,
    deployment: name,
    serviceAccount: textOf(at(podSpec, "serviceAccountName")) ?? "default",
    version: (
      labels["app.kubernetes.io/version"] ?? /:v?([\d.]+)/.exec(textOf(container["image"]) ?? "")?.[1]
    )?.replace(/^v/, ""),
    controllerClass: optionOf(args, "--controller-class") ?? "default",
    installedBy: installer(annotations, labels),
    available: isAvailable(deployment),
  };
}

/** True for what this Helm release made. */
export const isByRelease = (
  { installedBy }: Controller,
  { namespace, release }: { readonly namespace: string; readonly release: string },
): boolean => installedBy === byRelease(namespace, release);

const byRelease = (namespace: string | undefined, release: string) => `Helm release ${namespace}/${release}`;

function installer(annotations: Record<string, string>, labels: Record<string, string>): string {
  if (annotations["argocd.argoproj.io/tracking-id"]) return "Argo CD";
  if (labels["kustomize.toolkit.fluxcd.io/name"] ?? labels["helm.toolkit.fluxcd.io/name"]) return "Flux";
  if (labels["olm.owner"]) return "OLM";
  const release = annotations["meta.helm.sh/release-name"];
  return release ? byRelease(annotations["meta.helm.sh/release-namespace"], release) : "plain manifests";
}

/** The rollout is over only when the newest generation was seen and is available. */
export function isAvailable(deployment: KubeObject): boolean {
  const status = isRecord(deployment["status"]) ? deployment["status"] : {};
  const seen = Number(status["observedGeneration"] ?? 0) >= (deployment.metadata.generation ?? 0);
  const wanted = Number(at(deployment["spec"], "replicas") ?? 1);
  return (
    seen &&
    wanted > 0 &&
    Number(status["availableReplicas"] ?? 0) >= wanted &&
    Number(status["updatedReplicas"] ?? 0) >= wanted
  );
}

/** The chart's rule: `serviceAccount.name`, else the full name (eso.md 4.3). */
function predictedServiceAccount({ eso }: Desired): string {
  const given = at(eso.values["serviceAccount"], "name");
  if (typeof given === "string" && given) return given;
  return eso.release.includes("external-secrets") ? eso.release : `${eso.release}-external-secrets`;
}

/** The value of a program's option, as `--name=value` or `--name value`. */
export function optionOf(args: readonly string[], option: string): string | undefined {
  const index = args.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  if (index < 0) return undefined;
  return args[index]?.includes("=") ? args[index]?.slice(option.length + 1) : args[index + 1];
}

/** The containers of a Deployment's pods. */
export function containers(deployment: KubeObject): Record<string, unknown>[] {
  return recordsAt(at(deployment["spec"], "template", "spec"), "containers");
}
