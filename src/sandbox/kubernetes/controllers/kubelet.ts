import { at, recordOf, recordsAt } from "../../../data.ts";
import type { KubeObject } from "../../../kubernetes/cluster.ts";
import type { Api } from "../api.ts";
import { type Controller, Hand } from "./controller.ts";

const NODE = "sandbox";

/** The one node: every pod runs and is ready at once, unless no node fits it or its image cannot be (a name that ends in `:broken`). */
export const kubelet: Controller = (api, { type, resource, object }) => {
  if (resource !== "pods" || type === "DELETED") return;
  const hand = new Hand(api, "kubelet");
  if (object.metadata.deletionTimestamp) return;
  if (at(object["spec"], "nodeName") === undefined) {
    if (!fits(object)) return unschedulable(hand, api, object);
    hand.change(object, (now) => ({ ...now, spec: { ...(now["spec"] as object), nodeName: NODE } }));
    return;
  }
  if (at(object["status"], "phase") === "Pending" && at(object["status"], "startTime") === undefined)
    hand.status(object, statusOf(api, object));
};

const LABELS: Readonly<Record<string, string>> = { "kubernetes.io/hostname": NODE };

const fits = (pod: KubeObject): boolean =>
  Object.entries(recordOf(at(pod["spec"], "nodeSelector"))).every(([key, value]) => LABELS[key] === value);

/** As the scheduler says it of a node that does not match. */
function unschedulable(hand: Hand, api: Api, pod: KubeObject): void {
  if (recordsAt(pod["status"], "conditions").length > 0) return;
  const condition = {
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    lastTransitionTime: api.timestamp(),
  };
  hand.status(pod, { ...recordOf(pod["status"]), conditions: [condition] });
}

function statusOf(api: Api, pod: KubeObject): object {
  const now = api.timestamp();
  const containers = recordsAt(pod["spec"], "containers");
  const isBroken = containers.some(({ image }) => String(image).endsWith(":broken"));
  const status = isBroken ? "False" : "True";
  const condition = (type: string, its: string) => ({ type, status: its, lastTransitionTime: now });
  return {
    phase: isBroken ? "Pending" : "Running",
    conditions: [
      condition("PodReadyToStartContainers", "True"),
      condition("Initialized", "True"),
      condition("Ready", status),
      condition("ContainersReady", status),
      condition("PodScheduled", "True"),
    ],
    hostIP: "127.0.0.1",
    podIP: "127.0.0.1",
    qosClass: "BestEffort",
    startTime: now,
    containerStatuses: containers.map(({ name, image }) => ({
      name,
      image,
      imageID: "",
      ready: !isBroken,
      restartCount: 0,
      started: !isBroken,
      state: isBroken
        ? { waiting: { reason: "ImagePullBackOff", message: `Back-off pulling image "${String(image)}"` } }
        : { running: { startedAt: now } },
    })),
  };
}

/** The node, as `kubectl get nodes` shows it. */
export const nodeObject = (now: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: NODE, labels: { ...LABELS } },
  spec: {},
  status: {
    conditions: [
      {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "the sandbox has no kubelet",
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
    nodeInfo: {
      kubeletVersion: "sandbox",
      architecture: "",
      bootID: "",
      containerRuntimeVersion: "",
      kernelVersion: "",
      kubeProxyVersion: "",
      machineID: "",
      operatingSystem: "",
      osImage: "",
      systemUUID: "",
    },
  },
});
