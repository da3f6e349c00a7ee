import { createHash } from "node:crypto";
import { at, isRecord, listOf, recordOf, recordsAt, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { cause, type Cause } from "./errors.ts";
import { type Json, sameValue } from "./json.ts";
import type { Kind } from "./kinds.ts";
import { labelCauses } from "./meta-rules.ts";
import { crdCauses } from "./crd-rules.ts";
import { fill, podCauses, podDefaults, podFixed, templateDefaults } from "./pod-rules.ts";
import { matchesSelector } from "./selectors.ts";

/** What a built-in kind does with an object beyond its schema. */
interface Strategy {
  /** Fills in what Go's defaults and the API server fill in; may change the object it is given. */
  readonly prepare?: (object: Json, before: KubeObject | undefined) => void;
  readonly check?: (object: KubeObject, before: KubeObject | undefined) => Cause[];
}

const IMMUTABLE = "field is immutable";

/** A workload's selector must pick its own pods, and stays as it is. */
function workloadCauses(object: KubeObject, before: KubeObject | undefined): Cause[] {
  const spec = object["spec"];
  const selector = at(spec, "selector");
  const labels = recordOf(at(spec, "template", "metadata", "labels")) as Record<string, string>;
  const causes: Cause[] = [];
  if (Number(at(spec, "replicas") ?? 0) < 0)
    causes.push(cause.invalid("spec.replicas", at(spec, "replicas"), "must be greater than or equal to 0"));
  if (!isRecord(selector)) causes.push(cause.required("spec.selector"));
  else if (Object.keys(selector).length === 0)
    causes.push(
      cause.invalid("spec.selector", {}, `empty selector is invalid for ${object.kind.toLowerCase()}`),
    );
  if (!isRecord(selector) || (Object.keys(selector).length > 0 && !matchesSelector(selector, labels)))
    causes.push(
      cause.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"),
    );
  const template = podCauses(at(spec, "template", "spec"), "spec.template.spec");
  const moved = before && !sameValue(at(before["spec"], "selector"), selector);
  return [...causes, ...template, ...(moved ? [cause.invalid("spec.selector", selector, IMMUTABLE)] : [])];
}

const SECRET_KEYS: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
};

const keyText =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function dataCauses(object: KubeObject, before: KubeObject | undefined): Cause[] {
  const keys = ["data", "binaryData"].flatMap((field) =>
    Object.keys(recordOf(object[field]))
      .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key))
      .map((key) => cause.invalid(`${field}[${key}]`, key, keyText)),
  );
  if (before?.["immutable"] !== true) return keys;
  return [
    ...keys,
    ...(object["immutable"] === true
      ? []
      : [cause.forbidden("immutable", "field is immutable when `immutable` is set")]),
    ...(sameValue(recordOf(before["data"]), recordOf(object["data"]))
      ? []
      : [cause.forbidden("data", "field is immutable when `immutable` is set")]),
  ];
}

function secretCauses(object: KubeObject, before: KubeObject | undefined): Cause[] {
  const type = textOf(object["type"]) ?? "Opaque";
  const causes = dataCauses(object, before);
  if (before && before["type"] !== type) causes.push(cause.invalid("type", type, IMMUTABLE));
  if (
    type === "kubernetes.io/service-account-token" &&
    !object.metadata.annotations?.["kubernetes.io/service-account.name"]
  )
    causes.push(cause.required("metadata.annotations[kubernetes.io/service-account.name]"));
  const data = recordOf(object["data"]);
  for (const key of SECRET_KEYS[type] ?? []) if (!(key in data)) causes.push(cause.required(`data[${key}]`));
  return causes;
}

const roleRefCauses = (object: KubeObject, before: KubeObject | undefined): Cause[] => {
  const ref = recordOf(object["roleRef"]);
  const group = "rbac.authorization.k8s.io";
  return [
    ...(before && !sameValue(before["roleRef"], ref)
      ? [
          cause.invalid(
            "roleRef",
            { APIGroup: ref["apiGroup"], Kind: ref["kind"], Name: ref["name"] },
            "cannot change roleRef",
          ),
        ]
      : []),
    ...(ref["apiGroup"] === group
      ? []
      : [cause.notSupported("roleRef.apiGroup", ref["apiGroup"] ?? "", [group])]),
    ...(["Role", "ClusterRole"].includes(String(ref["kind"]))
      ? []
      : [
          cause.notSupported("roleRef.kind", ref["kind"] ?? "", [
            "ClusterRole",
            ...(object.kind === "RoleBinding" ? ["Role"] : []),
          ]),
        ]),
    ...(ref["name"] ? [] : [cause.required("roleRef.name")]),
    ...recordsAt(object, "subjects").flatMap((subject, index) =>
      subject["kind"] === "ServiceAccount" && !subject["namespace"]
        ? [cause.required(`subjects[${index}].namespace`)]
        : [],
    ),
  ];
};

/** RoleRef and subjects know their API group by their kind (pkg/apis/rbac/v1/defaults.go). */
function bindingDefaults(object: Json): void {
  const group = "rbac.authorization.k8s.io";
  fill(object["roleRef"], { apiGroup: group });
  for (const subject of recordsAt(object, "subjects"))
    if (subject["kind"] !== "ServiceAccount") fill(subject, { apiGroup: group });
}

const workload = (defaults: (object: Json) => Json): Strategy => ({
  prepare: (object) => {
    const spec = fill(object["spec"], defaults(object));
    for (const field of ["strategy", "updateStrategy"]) rolling(spec[field], defaults(object)[field]);
    templateDefaults(object);
  },
  check: workloadCauses,
});

/** A StatefulSet counts its replicas from the start. */
const counting = (strategy: Strategy): Strategy => ({
  ...strategy,
  prepare: (object, before) => {
    strategy.prepare?.(object, before);
    object["status"] ??= { availableReplicas: 0, replicas: 0 };
  },
});

/** A strategy without a type is the default one. */
function rolling(strategy: unknown, fallback: unknown): void {
  if (isRecord(strategy) && isRecord(fallback) && (strategy["type"] ?? fallback["type"]) === fallback["type"])
    fill(strategy, fallback);
}

const ROLLING = { rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" }, type: "RollingUpdate" };

/** A Service gets an address out of the range, always the same for the same name. */
function clusterIp(object: Json): string {
  const hash = createHash("sha1")
    .update(JSON.stringify(object["metadata"] ?? {}))
    .digest();
  return `198.51.100.${((hash[1] ?? 0) % 250) + 2}`;
}

const STRATEGIES: Readonly<Record<string, Strategy>> = {
  Namespace: {
    prepare: (object, before) => {
      const name = textOf(at(object, "metadata", "name"));
      const metadata = recordOf(object["metadata"]);
      metadata["labels"] = { ...recordOf(metadata["labels"]), "kubernetes.io/metadata.name": name };
      object["spec"] = before?.["spec"] ?? { finalizers: ["kubernetes"] };
      object["status"] ??= { phase: "Active" };
    },
  },
  ConfigMap: { check: dataCauses },
  Secret: {
    prepare: (object) => {
      object["type"] ??= "Opaque";
      const plain = Object.entries(recordOf(object["stringData"])).map(([key, value]) => [
        key,
        Buffer.from(String(value)).toString("base64"),
      ]);
      delete object["stringData"];
      if (plain.length > 0)
        object["data"] = { ...recordOf(object["data"]), ...(Object.fromEntries(plain) as Json) };
    },
    check: secretCauses,
  },
  Service: {
    prepare: (object, before) => {
      const spec = fill(object["spec"], {
        type: "ClusterIP",
        sessionAffinity: "None",
        internalTrafficPolicy: "Cluster",
      });
      if (spec["type"] !== "ExternalName") {
        const old = textOf(at(before?.["spec"], "clusterIP"));
        fill(spec, {
          ipFamilies: ["IPv4"],
          ipFamilyPolicy: "SingleStack",
          clusterIP: old ?? clusterIp(object),
        });
        fill(spec, { clusterIPs: [spec["clusterIP"]] });
      }
      for (const port of recordsAt(spec, "ports")) fill(port, { protocol: "TCP", targetPort: port["port"] });
      object["status"] ??= { loadBalancer: {} };
    },
    check: (object) =>
      listOf(at(object["spec"], "ports")).length > 0 ||
      at(object["spec"], "clusterIP") === "None" ||
      at(object["spec"], "type") === "ExternalName"
        ? []
        : [cause.required("spec.ports")],
  },
  Pod: {
    prepare: (object, before) => {
      const spec = fill(object["spec"], {
        serviceAccountName: "default",
        enableServiceLinks: true,
        preemptionPolicy: "PreemptLowerPriority",
        priority: 0,
      });
      podDefaults(spec);
      if (!before) object["status"] = { phase: "Pending", qosClass: "BestEffort" };
    },
    check: (object, before) => [
      ...podCauses(object["spec"], "spec"),
      ...(before && !sameValue(podFixed(before), podFixed(object))
        ? [
            cause.forbidden(
              "spec",
              "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
            ),
          ]
        : []),
    ],
  },
  Deployment: workload(() => ({
    replicas: 1,
    strategy: ROLLING,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  })),
  ReplicaSet: workload(() => ({ replicas: 1 })),
  StatefulSet: counting(
    workload(() => ({
      replicas: 1,
      podManagementPolicy: "OrderedReady",
      revisionHistoryLimit: 10,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    })),
  ),
  DaemonSet: workload(() => ({
    revisionHistoryLimit: 10,
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  })),
  CronJob: {
    prepare: (object) => {
      fill(object["spec"], {
        concurrencyPolicy: "Allow",
        suspend: false,
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 1,
      });
      podDefaults(at(object["spec"], "jobTemplate", "spec", "template", "spec"));
    },
  },
  RoleBinding: { prepare: bindingDefaults, check: roleRefCauses },
  ClusterRoleBinding: { prepare: bindingDefaults, check: roleRefCauses },
  CustomResourceDefinition: {
    prepare: (object) => {
      const names = recordOf(at(object["spec"], "names"));
      const kind = textOf(names["kind"]) ?? "";
      fill(names, { singular: kind.toLowerCase(), listKind: `${kind}List` });
      fill(object["spec"], { conversion: { strategy: "None" } });
      const storage = recordsAt(object["spec"], "versions").filter((version) => version["storage"] === true);
      object["status"] ??= {
        acceptedNames: { kind: "", plural: "" },
        storedVersions: storage.map((version) => version["name"]),
      };
    },
    check: crdCauses,
  },
};

/** The object with what the API server fills in for its kind. */
export function prepared(kind: Kind, object: KubeObject, before: KubeObject | undefined): KubeObject {
  const strategy = kind.crd ? undefined : STRATEGIES[kind.kind];
  if (!strategy?.prepare) return object;
  const copy = structuredClone(object);
  strategy.prepare(copy, before);
  return copy;
}

/** What is wrong with the object by the rules of its kind. */
export function kindCauses(kind: Kind, object: KubeObject, before: KubeObject | undefined): Cause[] {
  if (kind.crd) return [];
  const template = at(object["spec"], "template", "metadata", "labels");
  return [
    ...(STRATEGIES[kind.kind]?.check?.(object, before) ?? []),
    ...labelCauses(template, "spec.template.labels"),
  ];
}
