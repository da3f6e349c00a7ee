import { at, recordsAt, textOf } from "../data.ts";
import { isBootstrapError } from "../errors.ts";
import type { Cluster, KubeObject } from "../kubernetes/cluster.ts";

/** Who would put an object back as it stands in a repository (or in another object), and where that is. */
export interface Origin {
  /** `Argo CD application shop`. */
  readonly by: string;
  /** `https://git.example/shop, folder deploy`; undefined where it cannot be read. */
  readonly where: string | undefined;
}

const MANAGERS: Readonly<Record<string, string>> = {
  "argocd-controller": "Argo CD",
  "argocd-application-controller": "Argo CD",
  "kustomize-controller": "Flux",
  "helm-controller": "Flux",
};

/** Found by labels, annotations, field managers and owners; undefined: what is changed in the cluster stays. */
export async function originOf(cluster: Cluster, { metadata }: KubeObject): Promise<Origin | undefined> {
  const { annotations = {}, labels = {}, managedFields = [], ownerReferences = [] } = metadata;
  const tracked = annotations["argocd.argoproj.io/tracking-id"]?.split(":")[0];
  const application = tracked ?? labels["argocd.argoproj.io/instance"];
  if (application !== undefined)
    return {
      by: `Argo CD application ${application}`,
      where: await readable(() => argoSource(cluster, application)),
    };
  for (const { controller, kind, apiVersion } of FLUX) {
    const name = labels[`${controller}/name`];
    const namespace = labels[`${controller}/namespace`] ?? "flux-system";
    if (name !== undefined)
      return {
        by: `Flux ${kind} ${namespace}/${name}`,
        where: await readable(() => fluxSource(cluster, { apiVersion, kind, namespace, name })),
      };
  }
  const owner = ownerReferences.find(({ kind }) => kind === "ClusterExternalSecret");
  if (owner) return { by: `ClusterExternalSecret ${owner.name}`, where: "its spec.externalSecretSpec" };
  const manager = managedFields
    .map((field) => MANAGERS[field.manager ?? ""])
    .find((name) => name !== undefined);
  return manager === undefined ? undefined : { by: manager, where: undefined };
}

const FLUX = [
  {
    controller: "kustomize.toolkit.fluxcd.io",
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
  },
  { controller: "helm.toolkit.fluxcd.io", apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease" },
];

/** Where the sources are is good to know, not needed. */
async function readable(read: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isBootstrapError(error) && error.code === "ESOB-K104") return undefined;
    throw error;
  }
}

async function argoSource(cluster: Cluster, name: string): Promise<string | undefined> {
  for await (const application of cluster.list({ apiVersion: "argoproj.io/v1alpha1", kind: "Application" }))
    if (application.metadata.name === name) {
      const { spec } = application;
      const source = at(spec, "source") ?? recordsAt(spec, "sources")[0];
      return inRepository(textOf(at(source, "repoURL")), textOf(at(source, "path")));
    }
  return undefined;
}

async function fluxSource(cluster: Cluster, ref: Parameters<Cluster["get"]>[0]): Promise<string | undefined> {
  const live = await cluster.get(ref);
  const source = at(live?.["spec"], "sourceRef");
  const name = textOf(at(source, "name"));
  const namespace = textOf(at(source, "namespace")) ?? ref.namespace;
  if (name === undefined || namespace === undefined || at(source, "kind") !== "GitRepository")
    return undefined;
  const repository = await cluster.get({
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    name,
    namespace,
  });
  return inRepository(textOf(at(repository?.["spec"], "url")), textOf(at(live?.["spec"], "path")));
}

/** A repository's address may carry a token: only what names it is told. */
function inRepository(url: string | undefined, path: string | undefined): string | undefined {
  const clean = url?.replace(/^([a-z+]+:\/\/)[^/@]*@/, "$1");
  return clean && (path === undefined ? clean : `${clean}, folder ${path}`);
}
