import { at, recordsAt } from "../../../data.ts";
import type { KubeObject } from "../../../kubernetes/cluster.ts";
import type { Api } from "../api.ts";
import { type Controller, Hand } from "./controller.ts";

const FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

/** Establishes CustomResourceDefinitions, and empties those that end before they go. */
export const crds: Controller = (api, { type, resource, object }) => {
  if (resource === "customresourcedefinitions.apiextensions.k8s.io") {
    if (type === "DELETED") return api.kinds.forget(object.metadata.name);
    api.kinds.learn(object);
    return object.metadata.deletionTimestamp ? empty(api, object) : establish(api, object);
  }
  if (type !== "DELETED") return;
  const crd = api.get("customresourcedefinitions.apiextensions.k8s.io", undefined, resource);
  if (crd?.metadata.deletionTimestamp) empty(api, crd);
};

function establish(api: Api, crd: KubeObject): void {
  const spec = crd["spec"];
  const stored = recordsAt(spec, "versions").find((version) => version["storage"] === true);
  const old = recordsAt(crd["status"], "conditions");
  const since = (kind: string) =>
    old.find((one) => one["type"] === kind)?.["lastTransitionTime"] ?? api.timestamp();
  new Hand(api, "kube-apiserver").status(crd, {
    acceptedNames: at(spec, "names"),
    conditions: [
      {
        type: "NamesAccepted",
        status: "True",
        reason: "NoConflicts",
        message: "no conflicts found",
        lastTransitionTime: since("NamesAccepted"),
      },
      {
        type: "Established",
        status: "True",
        reason: "InitialNamesAccepted",
        message: "the initial names have been accepted",
        lastTransitionTime: since("Established"),
      },
    ],
    storedVersions: [stored?.["name"]],
  });
}

function empty(api: Api, crd: KubeObject): void {
  const hand = new Hand(api, "kube-apiserver");
  const objects = () => api.store.list(crd.metadata.name);
  for (const object of objects()) if (!object.metadata.deletionTimestamp) hand.delete(object);
  if (objects().length > 0 || !crd.metadata.finalizers?.includes(FINALIZER)) return;
  hand.change(crd, (now) => ({
    ...now,
    metadata: {
      ...now.metadata,
      finalizers: (now.metadata.finalizers ?? []).filter((one) => one !== FINALIZER),
    },
  }));
}
