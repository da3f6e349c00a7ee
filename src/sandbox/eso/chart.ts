import { at, isRecord, numberOf, recordOf, textOf } from "../../data.ts";
import type { InstallOptions } from "../../helm/helm.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { esoCrds } from "./crds.ts";

interface Names {
  readonly release: string;
  readonly namespace: string;
  readonly full: string;
  readonly account: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What ESO's chart makes with these values (eso.md 4.2, 4.3), without what needs its webhook: nothing here calls webhooks. */
export function chartObjects(install: InstallOptions): KubeObject[] {
  const { values, version = "2.9.0" } = install;
  const names = namesOf(install, version);
  const marks = {
    labels: names.labels,
    annotations: {
      ...names.annotations,
      ...(recordOf(at(values, "crds", "annotations")) as Record<string, string>),
    },
  };
  return [
    ...(at(values, "installCRDs") === false ? [] : esoCrds(marks)),
    ...accountOf(values, names),
    ...rbacOf(values, names),
    deploymentOf(values, names, version),
  ];
}

function namesOf({ release, namespace, values }: InstallOptions, version: string): Names {
  const given = textOf(at(values, "fullnameOverride"));
  const full = given ?? (release.includes("external-secrets") ? release : `${release}-external-secrets`);
  return {
    release,
    namespace,
    full,
    account:
      textOf(at(values, "serviceAccount", "name")) ??
      (at(values, "serviceAccount", "create") === false ? "default" : full),
    labels: {
      "helm.sh/chart": `external-secrets-${version}`,
      "app.kubernetes.io/name": "external-secrets",
      "app.kubernetes.io/instance": release,
      "app.kubernetes.io/version": `v${version}`,
      "app.kubernetes.io/managed-by": "Helm",
    },
    annotations: { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace },
  };
}

const metaOf = ({ labels, annotations }: Names, name: string, namespace?: string) => ({
  name,
  ...(namespace !== undefined && { namespace }),
  labels: { ...labels },
  annotations: { ...annotations },
});

function accountOf(values: unknown, names: Names): KubeObject[] {
  if (at(values, "serviceAccount", "create") === false) return [];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: metaOf(names, names.account, names.namespace) },
  ];
}

const ESO = "external-secrets.io";
const EVERYTHING = ["get", "list", "watch", "create", "update", "patch", "delete"];

function rbacOf(values: unknown, names: Names): KubeObject[] {
  const group = "rbac.authorization.k8s.io";
  const binding = (suffix: string, role: string): KubeObject => ({
    apiVersion: `${group}/v1`,
    kind: "ClusterRoleBinding",
    metadata: metaOf(names, `${names.full}-${suffix}`),
    roleRef: { apiGroup: group, kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", name: names.account, namespace: names.namespace }],
  });
  const controller: KubeObject = {
    apiVersion: `${group}/v1`,
    kind: "ClusterRole",
    metadata: metaOf(names, `${names.full}-controller`),
    rules: [
      { apiGroups: [ESO], resources: ["*"], verbs: EVERYTHING },
      { apiGroups: [""], resources: ["secrets"], verbs: EVERYTHING },
      {
        apiGroups: [""],
        resources: ["serviceaccounts", "namespaces", "configmaps"],
        verbs: ["get", "list", "watch"],
      },
      { apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] },
      { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
    ],
  };
  const delegator =
    at(values, "systemAuthDelegator") === true ? [binding("auth-delegator", "system:auth-delegator")] : [];
  return [controller, binding("controller", `${names.full}-controller`), ...delegator];
}

function deploymentOf(values: unknown, names: Names, version: string): KubeObject {
  const matchLabels = {
    "app.kubernetes.io/name": "external-secrets",
    "app.kubernetes.io/instance": names.release,
  };
  const repository = textOf(at(values, "image", "repository")) ?? "ghcr.io/external-secrets/external-secrets";
  const tag = textOf(at(values, "image", "tag")) ?? `v${version}`;
  const controllerClass = textOf(at(values, "controllerClass"));
  const extra = Object.entries(recordOf(at(values, "extraArgs"))).map(
    ([name, value]) => `--${name}=${String(value)}`,
  );
  const args = [
    "--concurrent=1",
    ...(controllerClass !== undefined ? [`--controller-class=${controllerClass}`] : []),
    ...(at(values, "processClusterStore") === false ? ["--enable-cluster-store-reconciler=false"] : []),
    ...extra,
    "--metrics-addr=:8080",
    "--loglevel=info",
  ];
  const volumes = at(values, "extraVolumes");
  const mounts = at(values, "extraVolumeMounts");
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metaOf(names, names.full, names.namespace),
    spec: {
      replicas: numberOf(at(values, "replicaCount")) ?? 1,
      selector: { matchLabels },
      template: {
        metadata: { labels: { ...names.labels } },
        spec: {
          serviceAccountName: names.account,
          automountServiceAccountToken: true,
          containers: [
            {
              name: "external-secrets",
              image: `${repository}:${tag}`,
              args,
              ports: [{ containerPort: 8080, protocol: "TCP", name: "metrics" }],
              ...(Array.isArray(mounts) && { volumeMounts: mounts as unknown[] }),
            },
          ],
          ...(Array.isArray(volumes) && { volumes: volumes as unknown[] }),
          ...(isRecord(at(values, "nodeSelector")) && { nodeSelector: at(values, "nodeSelector") }),
        },
      },
    },
  };
}
