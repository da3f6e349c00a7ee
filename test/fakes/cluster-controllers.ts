import type { KubeObject } from "../../src/kubernetes/cluster.ts";
import { at, recordOf, textOf } from "../../src/data.ts";
import { knownResource } from "../../src/kubernetes/resources.ts";
import type { ClusterStore } from "./cluster-store.ts";
import { accountRef, type FakeTokens, ISSUER } from "./cluster-tokens.ts";

export const ESO_KINDS = [
  "SecretStore",
  "ClusterSecretStore",
  "ExternalSecret",
  "ClusterExternalSecret",
] as const;
export const FAKE_CA = "-----BEGIN CERTIFICATE-----\nZmFrZQ==\n-----END CERTIFICATE-----\n";

const encode = (text: string): string => Buffer.from(text).toString("base64");

/** What every namespace is given: the `default` ServiceAccount and the ConfigMap with the cluster's CA. */
export function namespaceContent(namespace: string, ca: string): KubeObject[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "kube-root-ca.crt", namespace },
      data: { "ca.crt": ca },
    },
  ];
}

/** The token controller: fills a Secret of type kubernetes.io/service-account-token whose ServiceAccount is there. */
export function fillToken(store: ClusterStore, tokens: FakeTokens, secret: KubeObject, ca: string): void {
  const { namespace = "", uid: secretUid = "" } = secret.metadata;
  const name = secret.metadata.annotations?.["kubernetes.io/service-account.name"] ?? "";
  const account = store.get(accountRef(namespace, name));
  if (!account || textOf(at(secret, "data", "token"))) return;
  const serviceAccountUid = account.metadata.uid ?? "";
  const claims = { namespace, serviceAccount: name, serviceAccountUid, secretUid, audiences: [ISSUER] };
  const filled = { token: encode(tokens.issue(claims)), "ca.crt": encode(ca), namespace: encode(namespace) };
  const annotations = {
    ...secret.metadata.annotations,
    "kubernetes.io/service-account.uid": serviceAccountUid,
  };
  store.put(
    {
      ...secret,
      metadata: { ...secret.metadata, annotations },
      data: { ...recordOf(secret["data"]), ...filled },
    },
    { manager: "kube-controller-manager", operation: "Update" },
  );
}

/** A CustomResourceDefinition as it stands in a cluster where the kind is served. */
export function establishedCrd(apiVersion: string, kind: string): KubeObject {
  const [group = "", version = ""] = apiVersion.split("/");
  const known = knownResource(apiVersion, kind);
  const { plural, namespaced } = known ?? { plural: `${kind.toLowerCase()}s`, namespaced: true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? "Namespaced" : "Cluster",
      names: { kind, plural },
      versions: [{ name: version, served: true, storage: true }],
    },
    status: { conditions: [{ type: "Established", status: "True" }] },
  };
}
