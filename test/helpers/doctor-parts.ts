import type { KubeObject } from "../../src/kubernetes/cluster.ts";
import type { DoctorWorld } from "./doctor-world.ts";

const NAMESPACE = "external-secrets";
const LABELS = { "app.kubernetes.io/name": "external-secrets" };

/** ESO's Deployment. */
export const CONTROLLER = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace: NAMESPACE,
  name: "external-secrets",
};

/** Its pods are not ready. */
export function unavailable(world: DoctorWorld, conditions: readonly object[] = []): void {
  world.cluster.setStatus(CONTROLLER, { observedGeneration: 99, replicas: 1, conditions });
}

/** A pod of ESO in some state. */
export function podOf(name: string, status: object, labels: Record<string, string> = LABELS): KubeObject {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: NAMESPACE, labels }, status };
}

/** ESO runs with one more argument. */
export function editArgs(arg: string): (world: DoctorWorld) => void {
  return (world) =>
    world.edit(CONTROLLER, (object) => {
      const { spec } = object as { spec: { template: { spec: { containers: { args: string[] }[] } } } };
      for (const container of spec.template.spec.containers) container.args.push(arg);
      (object["status"] as { observedGeneration: number }).observedGeneration = 99;
    });
}
