import { dataHash } from "../../../src/desired/manifests.ts";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import { FakeCluster } from "../../fakes/cluster.ts";

export const ES = "external-secrets.io/v1";
export const base64 = (text: string) => Buffer.from(text).toString("base64");
export const secretRef = (name: string, namespace = "shop") => ({
  apiVersion: "v1",
  kind: "Secret",
  namespace,
  name,
});
export const esRef = (name: string, namespace = "shop") => ({
  apiVersion: ES,
  kind: "ExternalSecret",
  namespace,
  name,
});

/** A cluster with ESO's kinds, namespace shop and a store that is ready. */
export function shop(host?: string): FakeCluster {
  const cluster = new FakeCluster({ eso: true });
  cluster.seed({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } }, store(host));
  cluster.setStatus(
    { apiVersion: ES, kind: "SecretStore", namespace: "shop", name: "infisical" },
    ready(true, "store validated"),
  );
  return cluster;
}

const store = (host = "https://eu.infisical.com"): KubeObject => ({
  apiVersion: ES,
  kind: "SecretStore",
  metadata: { name: "infisical", namespace: "shop" },
  spec: {
    provider: {
      infisical: {
        hostAPI: host,
        secretsScope: { projectSlug: "shop", environmentSlug: "prod", secretsPath: "/shop" },
      },
    },
  },
});

export const ready = (is: boolean, message: string, since = "2026-11-23T11:00:00Z") => ({
  conditions: [
    {
      type: "Ready",
      status: is ? "True" : "False",
      reason: is ? "SecretSynced" : "SecretSyncedError",
      message,
      lastTransitionTime: since,
    },
  ],
});

export function externalSecret(name: string, spec: object = {}, keys: readonly string[] = ["A"]): KubeObject {
  return {
    apiVersion: ES,
    kind: "ExternalSecret",
    metadata: { name, namespace: "shop" },
    spec: {
      refreshInterval: "1h",
      secretStoreRef: { kind: "SecretStore", name: "infisical" },
      data: keys.map((key) => ({ secretKey: key, remoteRef: { key } })),
      ...spec,
    },
  };
}

/** ESO's mark of what it has synced: the generation, and a hash over labels and annotations. */
export function syncedStatus({ metadata }: KubeObject, time: string) {
  const { generation, labels, annotations } = metadata;
  return {
    ...ready(true, "secret synced"),
    refreshTime: time,
    syncedResourceVersion: `${generation}-${dataHash({ ...labels, ...annotations })}`,
  };
}

/** An ESO that answers every poke at once; `values` are what Infisical has, by name. */
export function playEso(cluster: FakeCluster, values: Record<string, string>): void {
  let second = 0;
  cluster.onApply((object) => {
    if (object.kind !== "ExternalSecret") return;
    second += 1;
    sync(cluster, object, values, `2026-11-23T12:00:${String(second).padStart(2, "0")}Z`);
  });
}

export function sync(
  cluster: FakeCluster,
  object: KubeObject,
  values: Record<string, string>,
  time: string,
): void {
  const { name, namespace = "shop" } = object.metadata;
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  cluster.writeAs("eso", {
    ...secretRef(name, namespace),
    metadata: { name, namespace, labels: { "reconcile.external-secrets.io/managed": "true" } },
    data,
  });
  cluster.setStatus(esRef(name, namespace), syncedStatus(object, time));
}
