import { at, isRecord, recordOf, recordsAt, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { cause, type Cause } from "./errors.ts";
import type { Json } from "./json.ts";

/** Sets what is missing. */
export function fill(target: unknown, defaults: Json): Json {
  if (!isRecord(target)) return {};
  for (const [key, value] of Object.entries(defaults)) target[key] ??= structuredClone(value);
  return target;
}

/** Defaults of a pod's spec (pkg/apis/core/v1/defaults.go). */
export function podDefaults(spec: unknown): void {
  fill(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
  });
  const account = textOf(at(spec, "serviceAccountName"));
  if (account && isRecord(spec)) spec["serviceAccount"] ??= account;
  for (const container of [...recordsAt(spec, "containers"), ...recordsAt(spec, "initContainers")]) {
    const image = textOf(container["image"]) ?? "";
    const isLatest = !/[:@][^/]+$/.test(image) || image.endsWith(":latest");
    fill(container, {
      resources: {},
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      imagePullPolicy: isLatest ? "Always" : "IfNotPresent",
    });
    for (const port of recordsAt(container, "ports")) fill(port, { protocol: "TCP" });
    for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
      if (!isRecord(container[probe])) continue;
      fill(container[probe], {
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      });
      if (isRecord(at(container[probe], "httpGet")))
        fill(at(container[probe], "httpGet"), { path: "/", scheme: "HTTP" });
    }
    for (const env of recordsAt(container, "env"))
      if (isRecord(at(env, "valueFrom", "fieldRef")))
        fill(at(env, "valueFrom", "fieldRef"), { apiVersion: "v1" });
  }
  for (const volume of recordsAt(spec, "volumes")) {
    for (const kind of ["secret", "configMap", "projected", "downwardAPI"])
      if (isRecord(volume[kind])) fill(volume[kind], { defaultMode: 420 });
    for (const source of recordsAt(volume["projected"], "sources"))
      if (isRecord(source["serviceAccountToken"]))
        fill(source["serviceAccountToken"], { expirationSeconds: 3600 });
  }
}

/** Those of a workload's template. */
export const templateDefaults = (object: Json): void => podDefaults(at(object["spec"], "template", "spec"));

/** What a pod cannot do without. */
export function podCauses(spec: unknown, path: string): Cause[] {
  const containers = recordsAt(spec, "containers");
  if (containers.length === 0) return [cause.required(`${path}.containers`)];
  return containers.flatMap((container, index) => [
    ...(container["name"] ? [] : [cause.required(`${path}.containers[${index}].name`)]),
    ...(container["image"] ? [] : [cause.required(`${path}.containers[${index}].image`)]),
  ]);
}

/** What of a pod never changes. */
export const podFixed = (pod: KubeObject) => {
  const spec = recordOf(pod["spec"]);
  return {
    ...spec,
    tolerations: 0,
    activeDeadlineSeconds: 0,
    nodeName: 0,
    containers: recordsAt(spec, "containers").map((one) => ({ ...one, image: "" })),
  };
};
