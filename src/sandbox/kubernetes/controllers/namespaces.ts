import type { KubeObject } from "../../../kubernetes/cluster.ts";
import { recordOf } from "../../../data.ts";
import type { Api } from "../api.ts";
import { type Controller, Hand } from "./controller.ts";

/** Every namespace has a default ServiceAccount and the cluster's CA; a namespace that ends takes its content along. */
export const namespaces: Controller = (api, { type, resource, object }) => {
  if (resource === "namespaces" && type !== "DELETED") return reconcile(api, object);
  const { namespace } = object.metadata;
  if (type !== "DELETED" || namespace === undefined) return;
  const home = api.get("namespaces", undefined, namespace);
  if (home) reconcile(api, home);
};

function reconcile(api: Api, namespace: KubeObject): void {
  const hand = new Hand(api);
  if (namespace.metadata.deletionTimestamp) return empty(api, hand, namespace);
  const { name } = namespace.metadata;
  hand.make({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
  hand.make({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "kube-root-ca.crt",
      namespace: name,
      annotations: {
        "kubernetes.io/description":
          "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
      },
    },
    data: { "ca.crt": api.ca },
  });
}

function empty(api: Api, hand: Hand, namespace: KubeObject): void {
  const { name } = namespace.metadata;
  const content = api.store
    .resources()
    .filter((resource) => resource !== "namespaces")
    .flatMap((resource) => api.store.list(resource, name));
  for (const object of content) if (!object.metadata.deletionTimestamp) hand.delete(object);
  const left = content.filter((object) => object.metadata.deletionTimestamp);
  const now = api.get("namespaces", undefined, name);
  if (!now) return;
  if (left.length > 0) return stillThere(api, hand, now, left);
  api.store.remove("namespaces", undefined, name);
}

/** What kubectl shows of a namespace that cannot end. */
function stillThere(api: Api, hand: Hand, namespace: KubeObject, left: readonly KubeObject[]): void {
  const finalizers = left.flatMap(({ metadata }) => metadata.finalizers ?? []);
  const counted = [...new Set(finalizers)].map(
    (one) => `${one} in ${finalizers.filter((other) => other === one).length} resource instances`,
  );
  const status = recordOf(namespace["status"]);
  if (JSON.stringify(status).includes(counted.join(", "))) return;
  const at = { status: "True", lastTransitionTime: api.timestamp() };
  hand.status(namespace, {
    phase: "Terminating",
    conditions: [
      {
        type: "NamespaceContentRemaining",
        ...at,
        reason: "SomeResourcesRemain",
        message: `Some resources are remaining: ${left.map(({ kind }) => kind.toLowerCase()).join(", ")}`,
      },
      {
        type: "NamespaceFinalizersRemaining",
        ...at,
        reason: "SomeFinalizersRemain",
        message: `Some content in the namespace has finalizers remaining: ${counted.join(", ")}`,
      },
    ],
  });
}
