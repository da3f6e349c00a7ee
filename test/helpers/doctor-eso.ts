import type { Release } from "../../src/helm/helm.ts";
import type { KubeObject } from "../../src/kubernetes/cluster.ts";
import { parseExternalSecret } from "../../src/checks/view/external-secret.ts";
import type { FakeCluster } from "../fakes/cluster.ts";
import { ESO_KINDS } from "../fakes/cluster-controllers.ts";

const VERSION = "2.9.0";

/** What the chart makes, as far as anybody looks at it. */
export function installEso(cluster: FakeCluster, { name, namespace }: Release): void {
  const helm = {
    labels: { "app.kubernetes.io/name": "external-secrets", "app.kubernetes.io/version": `v${VERSION}` },
    annotations: { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace },
  };
  cluster.seed({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  cluster.serve("external-secrets.io/v1", ...ESO_KINDS);
  for (const kind of ESO_KINDS) annotateCrd(cluster, kind, helm.annotations);
  cluster.seed({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace, ...helm } });
  const deployment: KubeObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, ...helm },
    spec: {
      replicas: 1,
      selector: { matchLabels: { "app.kubernetes.io/name": "external-secrets" } },
      template: {
        metadata: { labels: { "app.kubernetes.io/name": "external-secrets" } },
        spec: {
          serviceAccountName: name,
          containers: [
            {
              name: "external-secrets",
              image: `ghcr.io/external-secrets/external-secrets:v${VERSION}`,
              args: [],
            },
          ],
        },
      },
    },
  };
  cluster.seed({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "system:auth-delegator" },
    rules: [{ apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] }],
  });
  cluster.seed(deployment);
  cluster.setStatus(deploymentRef(namespace, name), {
    observedGeneration: cluster.peek(deploymentRef(namespace, name))?.metadata.generation ?? 1,
    replicas: 1,
    availableReplicas: 1,
    updatedReplicas: 1,
    readyReplicas: 1,
  });
}

const deploymentRef = (namespace: string, name: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace,
  name,
});

/** The real CRDs keep Kubernetes Auth and survive an uninstall. */
function annotateCrd(cluster: FakeCluster, kind: string, annotations: Record<string, string>): void {
  const plural = `${kind.toLowerCase()}s`;
  cluster.writeAs("helm", {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.external-secrets.io`,
      annotations: { ...annotations, "helm.sh/resource-policy": "keep" },
    },
  });
}

/** ESO, as far as nothing goes wrong: stores become Valid, ExternalSecrets are synced with a value for each key. */
export function playEso(cluster: FakeCluster): void {
  cluster.onApply((object) => {
    const { apiVersion, kind, metadata } = object;
    const ref = {
      apiVersion,
      kind,
      name: metadata.name,
      ...(metadata.namespace && { namespace: metadata.namespace }),
    };
    if (kind === "SecretStore" || kind === "ClusterSecretStore")
      cluster.setStatus(ref, ready("Valid", "store validated"), "external-secrets");
    if (kind !== "ExternalSecret") return;
    const { target, namespace, data } = parseExternalSecret(object);
    const uid = cluster.peek(ref)?.metadata.uid ?? "";
    cluster.writeAs("external-secrets", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: target,
        namespace,
        labels: { "reconcile.external-secrets.io/managed": "true" },
        ownerReferences: [{ apiVersion, kind, name: metadata.name, uid }],
      },
      data: Object.fromEntries(
        data.map(({ secretKey }) => [secretKey, Buffer.from(`value-of-${secretKey}`).toString("base64")]),
      ),
    });
    cluster.setStatus(
      ref,
      {
        ...ready("SecretSynced", "secret synced"),
        refreshTime: new Date().toISOString(),
        syncedResourceVersion: `${cluster.peek(ref)?.metadata.generation ?? 1}-0123456789abcdef`,
        binding: { name: target },
      },
      "external-secrets",
    );
  });
}

function ready(reason: string, message: string): Record<string, unknown> {
  const lastTransitionTime = new Date().toISOString();
  return { conditions: [{ type: "Ready", status: "True", reason, message, lastTransitionTime }] };
}
