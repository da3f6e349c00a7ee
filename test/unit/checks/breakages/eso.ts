import type { KubeObject } from "../../../../src/kubernetes/cluster.ts";
import { BootstrapError } from "../../../../src/errors.ts";
import { CONTROLLER, editArgs, podOf, unavailable } from "../../../helpers/doctor-parts.ts";
import type { DoctorWorld } from "../../../helpers/doctor-world.ts";
import type { Breakage } from "./breakage.ts";

const crd = (plural: string) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  name: `${plural}.external-secrets.io`,
});
const STORES = crd("secretstores");
const ESO = { namespace: "external-secrets", name: "external-secrets" };

/** The controller is there, is wanted and can do it. */
export const INSTALL: readonly Breakage[] = [
  { code: "ESOB-H201", what: "no ESO", break: ({ cluster }) => cluster.remove(CONTROLLER) },
  {
    code: "ESOB-H202",
    what: "an ESO from before Kubernetes Auth",
    fix: /^eso-bootstrap install$/,
    break: withVersion("v0.18.2"),
  },
  {
    code: "ESOB-H202",
    what: "an ESO from before Kubernetes Auth, and no file",
    look: { withoutFile: true },
    fix: /^helm upgrade external-secrets .* --version 0\.20\.4 -n external-secrets --reuse-values$/,
    break: withVersion("v0.18.2"),
  },
  { code: "ESOB-H203", what: "an old ESO", as: "warn", break: withVersion("v0.19.2") },
  {
    code: "ESOB-H204",
    what: "ESO scaled to zero",
    break: (world) => world.edit(CONTROLLER, ({ spec }) => Object.assign(spec as object, { replicas: 0 })),
  },
];

function withVersion(version: string): Breakage["break"] {
  return (world) =>
    world.edit(CONTROLLER, (object) => {
      const { labels } = object["metadata"] as { labels: Record<string, string> };
      labels["app.kubernetes.io/version"] = version;
    });
}

/** Its pods do not run. */
export const PODS: readonly Breakage[] = [
  { code: "ESOB-H104", what: "no pods, and nobody says why", break: unavailable },
  stopped("ESOB-H205", "an image that cannot be pulled", { waiting: { reason: "ImagePullBackOff" } }),
  stopped("ESOB-H210", "a Secret that is not there to be mounted", {
    waiting: { reason: "CreateContainerConfigError", message: 'secret "ca" not found' },
  }),
  {
    code: "ESOB-H206",
    what: "a controller that crashes",
    break: (world) => {
      stop(world, { waiting: { reason: "CrashLoopBackOff" } });
      world.cluster.logTexts.set("eso-1 previous", "starting\nerror: no matches for kind ExternalSecret\n");
    },
  },
  {
    code: "ESOB-H208",
    what: "a controller without memory",
    break: (world) =>
      stop(world, { waiting: { reason: "CrashLoopBackOff" } }, { terminated: { reason: "OOMKilled" } }),
  },
  {
    code: "ESOB-H207",
    what: "no node for its pod",
    break: (world) => {
      unavailable(world);
      const message = "0/3 nodes are available: 3 Insufficient cpu.";
      const status = { conditions: [{ type: "PodScheduled", status: "False", message }] };
      world.cluster.seed(podOf("eso-1", status));
    },
  },
  {
    code: "ESOB-H209",
    what: "a quota without room",
    break: (world) => {
      const message = 'pods "eso" is forbidden: exceeded quota';
      unavailable(world, [{ type: "ReplicaFailure", status: "True", message }]);
    },
  },
];

function stopped(code: Breakage["code"], what: string, state: object): Breakage {
  return { code, what, break: (world) => stop(world, state) };
}

function stop(world: DoctorWorld, state: object, lastState: object = {}): void {
  unavailable(world);
  world.cluster.seed(podOf("eso-1", { containerStatuses: [{ name: "external-secrets", state, lastState }] }));
}

/** Its kinds. */
export const KINDS: readonly Breakage[] = [
  {
    code: "ESOB-H211",
    what: "a CRD that is missing",
    break: ({ cluster }) => cluster.remove(crd("clustersecretstores")),
  },
  {
    code: "ESOB-H212",
    what: "a CRD that is not established",
    break: ({ cluster }) =>
      cluster.setStatus(STORES, {
        conditions: [{ type: "NamesAccepted", status: "False", message: '"ss" is already in use' }],
      }),
  },
  {
    code: "ESOB-H213",
    what: "a CRD that serves v1beta1 only",
    fix: /v[\d.]+\/deploy\/crds\/bundle\.yaml$/,
    look: { withoutFile: true },
    break: (world) => editVersion(world, "clustersecretstores", (version) => (version["name"] = "v1beta1")),
  },
  {
    code: "ESOB-H214",
    what: "a CRD that waits for its objects to go",
    break: (world) =>
      world.edit(STORES, ({ metadata }) =>
        Object.assign(metadata as object, {
          deletionTimestamp: "2026-11-23T12:00:00Z",
          finalizers: ["customresourcecleanup.apiextensions.k8s.io"],
        }),
      ),
  },
  {
    code: "ESOB-H215",
    what: "a CRD with v1beta1 in its storage list",
    as: "warn",
    break: (world) =>
      world.edit(STORES, ({ status }) =>
        Object.assign(status as object, { storedVersions: ["v1beta1", "v1"] }),
      ),
  },
  {
    code: "ESOB-H216",
    what: "a CRD that drops Kubernetes Auth",
    fix: /bundle\.yaml && eso-bootstrap apply --force-conflicts$/,
    break: (world) => editVersion(world, "secretstores", (version) => (version["schema"] = oldSchema())),
  },
  {
    code: "ESOB-H217",
    what: "CRDs that an uninstall takes along",
    as: "warn",
    break: (world) =>
      world.edit(STORES, ({ metadata }) => {
        delete (metadata as { annotations: Record<string, string> }).annotations["helm.sh/resource-policy"];
      }),
  },
  {
    code: "ESOB-H218",
    what: "a conversion webhook that is gone",
    break: (world) =>
      world.edit(STORES, ({ spec }) =>
        Object.assign(spec as object, {
          conversion: {
            strategy: "Webhook",
            webhook: { clientConfig: { service: { name: "eso-webhook", namespace: "external-secrets" } } },
          },
        }),
      ),
  },
];

function editVersion(
  world: DoctorWorld,
  plural: string,
  change: (version: Record<string, unknown>) => void,
): void {
  world.edit(crd(plural), ({ spec }) =>
    (spec as { versions: Record<string, unknown>[] }).versions.forEach((version) => change(version)),
  );
}

function oldSchema(): object {
  const properties = (of: object) => ({ properties: of });
  const auth = properties({ universalAuthCredentials: {} });
  const provider = properties({ infisical: properties({ auth }) });
  return { openAPIV3Schema: properties({ spec: properties({ provider }) }) };
}

/** What it looks at, and whether it may. */
export const SCOPE: readonly Breakage[] = [
  {
    code: "ESOB-H227",
    what: "a second controller of the same class",
    break: ({ cluster }) => {
      const other = structuredClone(cluster.peek(CONTROLLER)) as KubeObject;
      cluster.seed({ ...other, metadata: { ...metadataOf(other), name: "eso", namespace: "shop" } });
    },
  },
  {
    code: "ESOB-H228",
    what: "two replicas without a leader",
    as: "warn",
    break: (world) => {
      world.edit(CONTROLLER, ({ spec, status }) => {
        Object.assign(spec as object, { replicas: 2 });
        Object.assign(status as object, { availableReplicas: 2, updatedReplicas: 2, observedGeneration: 99 });
      });
    },
  },
  {
    code: "ESOB-H229",
    what: "an ESO for one namespace",
    fix: /--version [\d.]+ -n \S+ --reuse-values --set/,
    break: editArgs("--namespace=cart"),
  },
  {
    code: "ESOB-H230",
    what: "an ESO that leaves ClusterSecretStores alone",
    world: { inputs: { store: { kind: "ClusterSecretStore" } } },
    break: editArgs("--enable-cluster-store-reconciler=false"),
  },
  {
    code: "ESOB-H232",
    what: "an ESO that may not write Secrets",
    break: ({ cluster }) => cluster.denyFor(ESO, { verb: "create", resource: "secrets" }),
  },
  {
    code: "ESOB-H233",
    what: "pods without a token",
    break: (world) =>
      world.edit(CONTROLLER, ({ spec, status }) => {
        const { template } = spec as { template: { spec: object } };
        Object.assign(template.spec, { automountServiceAccountToken: false });
        Object.assign(status as object, { observedGeneration: 99 });
      }),
  },
  { code: "ESOB-H234", what: "no leader for minutes", break: editArgs("--enable-leader-election=true") },
];

const metadataOf = ({ metadata: { labels = {}, annotations = {} } }: KubeObject) => ({ labels, annotations });

/** Reads that fail are no passes. */
export const ESO_READS: readonly Breakage[] = [
  {
    code: "ESOB-K105",
    what: "an API server that fails to list Deployments",
    break: ({ cluster }) => {
      const error = new BootstrapError("ESOB-K105", { message: "The API server failed with status 500." });
      cluster.failNext({ operation: "list", kind: "Deployment", error, times: 9 });
    },
  },
];
