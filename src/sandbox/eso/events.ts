import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import { Hand } from "../kubernetes/controllers/controller.ts";

/** Writes an Event as client-go's recorder does: the same one again counts up; those of cluster-wide objects land in `default`. */
export function tell(
  api: Api,
  component: string,
  about: KubeObject,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
): void {
  const { namespace = "default", name, uid, resourceVersion } = about.metadata;
  const hand = new Hand(api, "external-secrets");
  const same = api.store
    .list("events", namespace)
    .find(
      (one) =>
        one["reason"] === reason &&
        one["message"] === message &&
        (one["involvedObject"] as { uid?: string }).uid === uid,
    );
  const now = api.timestamp();
  if (same) {
    hand.change(same, (event) => ({ ...event, count: Number(event["count"] ?? 1) + 1, lastTimestamp: now }));
    return;
  }
  hand.make({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.${api.suffix(16)}`, namespace },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name,
      ...(about.metadata.namespace !== undefined && { namespace }),
      uid,
      resourceVersion,
    },
    reason,
    message: message.slice(0, 1024),
    type,
    source: { component },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    eventTime: null,
    reportingComponent: component,
    reportingInstance: "",
  });
}
