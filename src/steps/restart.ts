import { at, recordsAt } from "../data.ts";
import { dataHash } from "../desired/manifests.ts";
import type { DesiredSecret } from "../desired/desired.ts";
import type { Action, Step } from "../engine/plan.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";
import { isAvailable } from "./eso-fact.ts";
import { refOf, rightsFor, targetOf } from "./objects.ts";

const STEP: Step<RoadContext>["id"] = "secret";
const KINDS = ["Deployment", "StatefulSet", "DaemonSet"];

/** On the pod template: the hash of the Secret it was started with. Changing it is what restarts the pods. */
const annotationFor = (secret: string) =>
  `eso-bootstrap/secret-${secret}`.slice(0, 63 + "eso-bootstrap/".length);

/** With `--restart`: workloads that use the Secret and were not yet started with the content that it has, or is about to get. */
export async function lookAtRestarts(
  context: RoadContext,
  secret: DesiredSecret,
  namespace: string,
  isChanging: boolean,
): Promise<Action[]> {
  if (!context.options.restart || secret.restart === "none") return [];
  const hash = await hashOf(context, secret, namespace);
  const users: KubeObject[] = [];
  for (const kind of KINDS)
    for await (const workload of context.cluster.list({ apiVersion: "apps/v1", kind, namespace }))
      if (isMeant(workload, secret)) users.push(workload);
  return users
    .filter((workload) => hash === undefined || isChanging || startedWith(workload, secret) !== hash)
    .map((workload) => restart(context, workload, secret));
}

async function hashOf(
  { cluster }: RoadContext,
  { target }: DesiredSecret,
  namespace: string,
): Promise<string | undefined> {
  const live = await cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name: target });
  return live && dataHash(live["data"]);
}

function isMeant(workload: KubeObject, secret: DesiredSecret): boolean {
  if (Array.isArray(secret.restart))
    return secret.restart.includes(`${workload.kind.toLowerCase()}/${workload.metadata.name}`);
  return usesSecret(at(workload["spec"], "template", "spec"), secret.target);
}

function startedWith(workload: KubeObject, { target }: DesiredSecret): unknown {
  return at(workload["spec"], "template", "metadata", "annotations", annotationFor(target));
}

/** True when a pod spec uses the Secret through env, envFrom, volumes, projected volumes or imagePullSecrets. */
export function usesSecret(podSpec: unknown, name: string): boolean {
  const containers = ["containers", "initContainers", "ephemeralContainers"].flatMap((list) =>
    recordsAt(podSpec, list),
  );
  const volumes = recordsAt(podSpec, "volumes");
  const names = [
    ...containers.flatMap((container) => [
      ...recordsAt(container, "envFrom").map((source) => at(source, "secretRef", "name")),
      ...recordsAt(container, "env").map((env) => at(env, "valueFrom", "secretKeyRef", "name")),
    ]),
    ...volumes.map((volume) => at(volume, "secret", "secretName")),
    ...volumes.flatMap((volume) =>
      recordsAt(at(volume, "projected"), "sources").map((source) => at(source, "secret", "name")),
    ),
    ...recordsAt(podSpec, "imagePullSecrets").map((reference) => reference["name"]),
  ];
  return names.includes(name);
}

function restart(context: RoadContext, workload: KubeObject, secret: DesiredSecret): Action {
  const { cluster, options, emit } = context;
  const what = `${workload.kind} ${workload.metadata.name}`;
  return {
    change: {
      step: STEP,
      action: "update",
      target: targetOf(workload),
      summary: `restart: it uses Secret ${secret.target}`,
    },
    needs: { kubernetes: rightsFor(workload, ["patch"]) },
    apply: async () => {
      const hash = (await hashOf(context, secret, workload.metadata.namespace ?? "default")) ?? "";
      if (startedWith(workload, secret) === hash) return;
      const annotations = at(workload["spec"], "template", "metadata", "annotations");
      const path = "/spec/template/metadata/annotations";
      await cluster.patch(refOf(workload), [
        ...(annotations === undefined ? [{ op: "add", path, value: {} } as const] : []),
        { op: "add", path: `${path}/${annotationFor(secret.target).replaceAll("/", "~1")}`, value: hash },
      ]);
      const { timeoutMs, signal } = options;
      const rolledOut = (object: KubeObject | undefined) => object !== undefined && isAvailable(object);
      emit({ type: "waiting", what, state: "rolling out" });
      await cluster.waitUntil(refOf(workload), rolledOut, { timeoutMs, signal });
    },
  };
}
