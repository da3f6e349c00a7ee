import { at, isRecord, listOf, recordsAt, textOf, textsOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { typeOf, type Schema } from "./schema.ts";

/** A column of a server-side Table: a cell by JSON path, or by a name of `cells.ts`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly priority: number;
  readonly jsonPath?: string;
}

/** A kind in one version as it is served. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly string[];
  readonly schema: Schema;
  readonly columns: readonly Column[];
  readonly selectable: readonly string[];
  /** Made by a CustomResourceDefinition, of this name. */
  readonly crd?: string;
  /** What is stored under `status` only changes through the subresource. */
  readonly hasStatus: boolean;
  /** Changes of the spec count up metadata.generation. */
  readonly counts: boolean;
}

const ALL = "create delete deletecollection get list patch update watch".split(" ");

/**
 * The built-in kinds: `group/version kind plural short,names subresources columns`, where `~` stands for none, a leading `+` for
 * cluster-wide, `status` for a status subresource, and `all` for the category. Names, order and columns as kube-apiserver v1.36 has them.
 */
const TABLE = `
v1 +Namespace namespaces ns status,finalize Name|Status|Age
v1 Secret secrets ~ ~ Name|Type|Data|Age
v1 ConfigMap configmaps cm ~ Name|Data|Age
v1 ServiceAccount serviceaccounts sa token Name|Age
v1 Pod pods po,all status,log,eviction Name|Ready|Status|Restarts|Age|IP*|Node*|Nominated_Node*|Readiness_Gates*
v1 Service services svc,all status Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector*
v1 Endpoints endpoints ep ~ Name|Endpoints|Age
v1 Event events ev ~ Last_Seen|Type|Reason|Object|Subobject*|Source*|Message|First_Seen*|Count*|Name*
v1 +Node nodes no status Name|Status|Roles|Age|Version|Internal-IP*|External-IP*|OS-Image*|Kernel-Version*|Container-Runtime*
v1 PersistentVolumeClaim persistentvolumeclaims pvc status Name|Status|Volume|Capacity|Access_Modes|StorageClass|VolumeAttributesClass|Age|VolumeMode*
apps/v1 Deployment deployments deploy,all scale,status Name|Ready|Up-to-date|Available|Age|Containers*|Images*|Selector*
apps/v1 StatefulSet statefulsets sts,all scale,status Name|Ready|Age|Containers*|Images*
apps/v1 DaemonSet daemonsets ds,all status Name|Desired:integer|Current:integer|Ready:integer|Up-to-date:integer|Available:integer|Node_Selector|Age|Containers*|Images*|Selector*
apps/v1 ReplicaSet replicasets rs,all scale,status Name|Desired:integer|Current:integer|Ready:integer|Age|Containers*|Images*|Selector*
batch/v1 Job jobs all status Name|Status|Completions|Duration|Age|Containers*|Images*|Selector*
batch/v1 CronJob cronjobs cj,all status Name|Schedule|Timezone|Suspend:boolean|Active:integer|Last_Schedule|Age|Containers*|Images*|Selector*
rbac.authorization.k8s.io/v1 Role roles ~ ~ Name|Created_At:date
rbac.authorization.k8s.io/v1 RoleBinding rolebindings ~ ~ Name|Role|Age|Users*|Groups*|ServiceAccounts*
rbac.authorization.k8s.io/v1 +ClusterRole clusterroles ~ ~ Name|Created_At:date
rbac.authorization.k8s.io/v1 +ClusterRoleBinding clusterrolebindings ~ ~ Name|Role|Age|Users*|Groups*|ServiceAccounts*
coordination.k8s.io/v1 Lease leases ~ ~ Name|Holder|Age
discovery.k8s.io/v1 EndpointSlice endpointslices ~ ~ Name|AddressType|Ports|Endpoints|Age
admissionregistration.k8s.io/v1 +ValidatingWebhookConfiguration validatingwebhookconfigurations api-extensions ~ Name|Webhooks:integer|Age
admissionregistration.k8s.io/v1 +MutatingWebhookConfiguration mutatingwebhookconfigurations api-extensions ~ Name|Webhooks:integer|Age
apiextensions.k8s.io/v1 +CustomResourceDefinition customresourcedefinitions crd,crds,api-extensions status Name|Created_At:date
policy/v1 PodDisruptionBudget poddisruptionbudgets pdb status Name|Min_Available|Max_Unavailable|Allowed_Disruptions:integer|Age
networking.k8s.io/v1 NetworkPolicy networkpolicies netpol ~ Name|Pod-Selector|Age
`;

/** Kinds that are only asked, never kept: `create` alone. */
const REVIEWS = `
authentication.k8s.io/v1 +TokenReview tokenreviews
authentication.k8s.io/v1 +SelfSubjectReview selfsubjectreviews
authorization.k8s.io/v1 LocalSubjectAccessReview localsubjectaccessreviews
authorization.k8s.io/v1 +SelfSubjectAccessReview selfsubjectaccessreviews
authorization.k8s.io/v1 +SelfSubjectRulesReview selfsubjectrulesreviews
authorization.k8s.io/v1 +SubjectAccessReview subjectaccessreviews
`;

const CATEGORIES = new Set(["all", "api-extensions"]);
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  Secret: ["type"],
  Namespace: ["status.phase"],
  Pod: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
  ],
  Node: ["spec.unschedulable"],
  Job: ["status.successful"],
  ReplicaSet: ["status.replicas"],
  Event: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
};
/** Kinds whose metadata.generation follows their spec. */
const COUNTED =
  /^(Pod|Deployment|StatefulSet|DaemonSet|ReplicaSet|Job|CronJob|EndpointSlice|.*Webhook.*|CustomRes.*|PodDis.*|NetworkPolicy)$/;

function builtIn(line: string): Kind {
  const [groupVersion = "", scope = "", plural = "", names = "~", subs = "~", columns = "Name|Age"] =
    line.split(" ");
  const [version = "", group = ""] = groupVersion.split("/").toReversed();
  const kind = scope.replace("+", "");
  const words = names === "~" ? [] : names.split(",");
  const subresources = subs === "~" ? [] : subs.split(",");
  const isReview = kind.endsWith("Review");
  return {
    group,
    version,
    kind,
    listKind: `${kind}List`,
    plural,
    singular: kind.toLowerCase(),
    namespaced: !scope.startsWith("+"),
    shortNames: words.filter((word) => !CATEGORIES.has(word)),
    categories: words.filter((word) => CATEGORIES.has(word)),
    verbs: isReview
      ? ["create"]
      : kind === "Namespace"
        ? ALL.filter((verb) => verb !== "deletecollection")
        : ALL,
    subresources,
    schema: typeOf(kind),
    columns: columns.split("|").map(columnOf),
    selectable: SELECTABLE[kind] ?? [],
    hasStatus: subresources.includes("status"),
    counts: COUNTED.test(kind),
  };
}

function columnOf(notation: string): Column {
  const [title = "", type = "string"] = notation.replace("*", "").split(":");
  const name = title.replaceAll("_", " ");
  return { name, type, priority: notation.endsWith("*") ? 1 : 0, ...(name === "Name" && { format: "name" }) };
}

const BUILT_IN: readonly Kind[] = `${TABLE}${REVIEWS}`.trim().split("\n").filter(Boolean).map(builtIn);

const TYPE_META: Readonly<Record<string, Schema>> = {
  apiVersion: { type: "string" },
  kind: { type: "string" },
  metadata: { $ref: "ObjectMeta" },
};

/** The kinds that a CustomResourceDefinition serves, one for each version. */
function kindsOf(crd: KubeObject): Kind[] {
  const spec = crd["spec"];
  const names = at(spec, "names");
  const kind = textOf(at(names, "kind")) ?? "";
  return recordsAt(spec, "versions")
    .filter((version) => version["served"] === true)
    .map((version) => {
      const given = at(version, "schema", "openAPIV3Schema") as Schema | undefined;
      const subresources = Object.keys(isRecord(version["subresources"]) ? version["subresources"] : {});
      return {
        group: textOf(at(spec, "group")) ?? "",
        version: textOf(version["name"]) ?? "",
        kind,
        listKind: textOf(at(names, "listKind")) ?? `${kind}List`,
        plural: textOf(at(names, "plural")) ?? "",
        singular: textOf(at(names, "singular")) ?? kind.toLowerCase(),
        namespaced: at(spec, "scope") === "Namespaced",
        shortNames: textsOf(at(names, "shortNames")),
        categories: textsOf(at(names, "categories")),
        verbs: "delete deletecollection get list patch create update watch".split(" "),
        subresources,
        schema: { ...given, properties: { ...given?.properties, ...TYPE_META } },
        columns: columnsOf(version),
        selectable: recordsAt(version, "selectableFields").map((one) => String(one["jsonPath"]).slice(1)),
        crd: crd.metadata.name,
        hasStatus: subresources.includes("status"),
        counts: true,
      };
    });
}

function columnsOf(version: Readonly<Record<string, unknown>>): Column[] {
  const name: Column = { name: "Name", type: "string", format: "name", priority: 0 };
  const given = recordsAt(version, "additionalPrinterColumns").map((column) => ({
    name: textOf(column["name"]) ?? "",
    type: textOf(column["type"]) ?? "string",
    priority: Number(column["priority"] ?? 0),
    jsonPath: textOf(column["jsonPath"]) ?? "",
  }));
  const age: Column = { name: "Age", type: "date", priority: 0, jsonPath: ".metadata.creationTimestamp" };
  return [name, ...(given.length > 0 ? given : [age])];
}

/** The kinds that are served now: the built-in ones, and those of the CRDs there are. */
export class Kinds {
  #custom = new Map<string, readonly Kind[]>();

  all(): readonly Kind[] {
    return [...BUILT_IN, ...[...this.#custom.values()].flat()];
  }

  find(group: string, version: string, plural: string): Kind | undefined {
    return this.all().find((one) => one.group === group && one.version === version && one.plural === plural);
  }

  byName(apiVersion: string, kind: string): Kind | undefined {
    return this.all().find((one) => apiVersionOf(one) === apiVersion && one.kind === kind);
  }

  /** Serves what a CRD defines once it is Established; forgets it when it is gone. */
  learn(crd: KubeObject): void {
    const conditions = listOf(at(crd["status"], "conditions"));
    const holds = conditions.some((one) => at(one, "type") === "Established" && at(one, "status") === "True");
    if (holds) this.#custom.set(crd.metadata.name, kindsOf(crd));
    else this.forget(crd.metadata.name);
  }

  forget(name: string): void {
    this.#custom.delete(name);
  }
}

export const apiVersionOf = ({ group, version }: Pick<Kind, "group" | "version">): string =>
  group ? `${group}/${version}` : version;
