import { createHash } from "node:crypto";
import { at, numberOf, recordOf, recordsAt } from "../../../data.ts";
import type { KubeObject } from "../../../kubernetes/cluster.ts";
import type { Api } from "../api.ts";
import { matchesSelector } from "../selectors.ts";
import { type Controller, Hand } from "./controller.ts";

const APPS = ["deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps"];

/** Deployments make ReplicaSets, those and the others make pods, and each tells how far it is. */
export const workloads: Controller = (api, { type, resource, object }) => {
  // The newest state: two old ones that wait in the queue would write each other's status without end.
  const newest = APPS.includes(resource)
    ? api.get(resource, object.metadata.namespace, object.metadata.name)
    : undefined;
  if (newest && type !== "DELETED") reconcile(api, newest);
  for (const { apiVersion, kind, name } of object.metadata.ownerReferences ?? []) {
    const its = api.kinds.byName(apiVersion, kind);
    const owner =
      its && APPS.includes(`${its.plural}.${its.group}`)
        ? api.get(`${its.plural}.${its.group}`, object.metadata.namespace, name)
        : undefined;
    if (owner) reconcile(api, owner);
  }
};

function reconcile(api: Api, object: KubeObject): void {
  if (object.metadata.deletionTimestamp) return;
  const hand = new Hand(api);
  if (object.kind === "Deployment") return deployment(api, hand, object);
  const pods = podsOf(api, hand, object);
  const ready = pods.filter(isReady).length;
  hand.status(
    object,
    object.kind === "DaemonSet" ? daemonStatus(object, ready) : statusOf(api, object, pods.length, ready),
  );
}

const replicasOf = (object: KubeObject): number =>
  object.kind === "DaemonSet" ? 1 : (numberOf(at(object["spec"], "replicas")) ?? 1);

const isReady = (pod: KubeObject): boolean =>
  recordsAt(pod["status"], "conditions").some((one) => one["type"] === "Ready" && one["status"] === "True");

const ownerOf = ({ apiVersion, kind, metadata }: KubeObject) => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid ?? "",
  controller: true,
  blockOwnerDeletion: true,
});

const ownedBy = (api: Api, resource: string, { metadata }: KubeObject): KubeObject[] =>
  api.store
    .list(resource, metadata.namespace)
    .filter((one) => one.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));

/** As many pods as wanted, of the newest template. */
function podsOf(api: Api, hand: Hand, owner: KubeObject): KubeObject[] {
  const wanted = replicasOf(owner);
  const template = recordOf(at(owner["spec"], "template"));
  const hash = hashOf(template);
  const all = ownedBy(api, "pods", owner).filter(({ metadata }) => !metadata.deletionTimestamp);
  const isRight = (pod: KubeObject) =>
    owner.kind === "ReplicaSet" || pod.metadata.labels?.["controller-revision-hash"] === hash;
  const right = all.filter(isRight);
  for (const pod of [...all.filter((one) => !isRight(one)), ...right.slice(wanted)]) hand.delete(pod);
  for (let index = right.length; index < wanted; index += 1) makePod(api, hand, owner, template, hash, index);
  return ownedBy(api, "pods", owner).filter(({ metadata }) => !metadata.deletionTimestamp);
}

function makePod(
  api: Api,
  hand: Hand,
  owner: KubeObject,
  template: Record<string, unknown>,
  hash: string,
  index: number,
): void {
  const { namespace, name } = owner.metadata;
  const revision = owner.kind === "ReplicaSet" ? {} : { "controller-revision-hash": hash };
  const meta = recordOf(template["metadata"]);
  hand.make({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: owner.kind === "StatefulSet" ? `${name}-${index}` : `${name}-${api.suffix()}`,
      ...(namespace !== undefined && { namespace }),
      labels: { ...(recordOf(meta["labels"]) as Record<string, string>), ...revision },
      annotations: recordOf(meta["annotations"]) as Record<string, string>,
      ownerReferences: [ownerOf(owner)],
    },
    spec: structuredClone(template["spec"]),
  });
}

const hashOf = (template: unknown): string => {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  const digest = createHash("sha256").update(JSON.stringify(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => letters[byte % letters.length]).join("");
};

/** A ReplicaSet for the template that is wanted now; the others go down to nothing. */
function deployment(api: Api, hand: Hand, object: KubeObject): void {
  const template = recordOf(at(object["spec"], "template"));
  const hash = hashOf(template);
  const { name, namespace } = object.metadata;
  const sets = ownedBy(api, "replicasets.apps", object);
  const current = `${name}-${hash}`;
  const wanted = replicasOf(object);
  for (const set of sets) {
    const replicas = set.metadata.name === current ? wanted : 0;
    if (at(set["spec"], "replicas") !== replicas)
      hand.change(set, (now) => ({ ...now, spec: { ...recordOf(now["spec"]), replicas } }));
  }
  const meta = recordOf(template["metadata"]);
  const labels = { ...(recordOf(meta["labels"]) as Record<string, string>), "pod-template-hash": hash };
  const isThere = sets.some((set) => set.metadata.name === current);
  const revision = String(isThere ? sets.length : sets.length + 1);
  const REVISION = "deployment.kubernetes.io/revision";
  if (!isThere) {
    hand.change(object, (now) => ({
      ...now,
      metadata: { ...now.metadata, annotations: { ...now.metadata.annotations, [REVISION]: revision } },
    }));
    hand.make({
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: current,
        ...(namespace !== undefined && { namespace }),
        labels,
        annotations: { [REVISION]: revision },
        ownerReferences: [ownerOf(object)],
      },
      spec: {
        replicas: wanted,
        selector: {
          matchLabels: {
            ...recordOf(at(object["spec"], "selector", "matchLabels")),
            "pod-template-hash": hash,
          },
        },
        template: { ...template, metadata: { ...meta, labels } },
      },
    });
  }
  const pods = ownedBy(api, "replicasets.apps", object)
    .filter((set) => set.metadata.name === current)
    .flatMap((set) => ownedBy(api, "pods", set))
    .filter(
      (pod) =>
        !pod.metadata.deletionTimestamp &&
        matchesSelector(at(object["spec"], "selector"), pod.metadata.labels ?? {}),
    );
  hand.status(object, statusOf(api, object, pods.length, pods.filter(isReady).length));
}

/** Counts and, for a Deployment, the conditions that `kubectl rollout status` and `kubectl wait` read. */
function statusOf(api: Api, object: KubeObject, replicas: number, ready: number): object {
  const { generation } = object.metadata;
  const wanted = replicasOf(object);
  const counts = { replicas, ...(ready > 0 && { readyReplicas: ready, availableReplicas: ready }) };
  const observed = { observedGeneration: generation ?? 1 };
  if (object.kind === "ReplicaSet")
    return { ...counts, ...(replicas > 0 && { fullyLabeledReplicas: replicas }), ...observed };
  if (object.kind === "StatefulSet")
    return {
      ...counts,
      ...(replicas > 0 && { currentReplicas: replicas, updatedReplicas: replicas }),
      ...observed,
      availableReplicas: ready,
      collisionCount: 0,
    };
  const isAvailable = ready >= wanted;
  const old = recordsAt(object["status"], "conditions");
  const condition = (type: string, status: string, reason: string, message: string) => {
    const before = old.find((one) => one["type"] === type);
    const isSame = before?.["status"] === status && before?.["reason"] === reason;
    const now = api.timestamp();
    return {
      type,
      status,
      reason,
      message,
      lastUpdateTime: isSame ? before["lastUpdateTime"] : now,
      lastTransitionTime: before?.["status"] === status ? before["lastTransitionTime"] : now,
    };
  };
  const left = wanted - ready;
  return {
    ...observed,
    ...(replicas > 0 ? { ...counts, updatedReplicas: replicas } : {}),
    ...(left > 0 && { unavailableReplicas: left }),
    conditions: [
      isAvailable
        ? condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        : condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
          ),
      isAvailable
        ? condition(
            "Progressing",
            "True",
            "NewReplicaSetAvailable",
            `ReplicaSet "${object.metadata.name}-${hashOf(recordOf(at(object["spec"], "template")))}" has successfully progressed.`,
          )
        : condition(
            "Progressing",
            "True",
            "ReplicaSetUpdated",
            `ReplicaSet "${object.metadata.name}-${hashOf(recordOf(at(object["spec"], "template")))}" is progressing.`,
          ),
    ],
  };
}

const daemonStatus = ({ metadata }: KubeObject, ready: number): object => ({
  currentNumberScheduled: 1,
  desiredNumberScheduled: 1,
  numberAvailable: ready,
  numberMisscheduled: 0,
  numberReady: ready,
  observedGeneration: metadata.generation ?? 1,
  updatedNumberScheduled: 1,
});
