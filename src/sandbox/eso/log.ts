import { at } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import { matchesSelector } from "../kubernetes/selectors.ts";
import type { Controller } from "./controller-pod.ts";

const GROUP = "external-secrets.io";
const KINDS = ["SecretStore", "ClusterSecretStore", "ExternalSecret"];

/** ESO's line about an object, as zap writes it: JSON, seconds since 1970. Stack traces are left out. */
export function print(
  api: Api,
  controller: Controller,
  about: KubeObject,
  { error, msg }: { readonly msg: string; readonly error?: string },
): void {
  const { kind } = about;
  const key = kind === "ExternalSecret" ? kind : kind.toLowerCase();
  const level = error === undefined ? "info" : "error";
  const fields = { logger: `controllers.${kind}`, msg, [key]: placeOf(about), ...(error && { error }) };
  for (const pod of podsOf(api, controller)) write(api, pod, level, fields);
}

/** What controller-runtime says when a reconcile ends with an error. */
export function printFailure(api: Api, controller: Controller, about: KubeObject, error: string): void {
  const fields = {
    msg: "Reconciler error",
    ...controllerOf(about.kind),
    [about.kind]: placeOf(about),
    ...placeOf(about),
    reconcileID: api.newId(),
    error,
  };
  for (const pod of podsOf(api, controller)) write(api, pod, "error", fields);
}

/** The first lines of a pod of ESO. */
export function printStart(api: Api, controller: Controller, pod: KubeObject): void {
  const { namespace } = pod.metadata;
  if (namespace !== controller.namespace || !isMine(controller, pod) || api.logs.of(pod).length > 0) return;
  write(api, pod, "info", { logger: "setup", msg: "starting manager" });
  for (const kind of KINDS) {
    const source = `kind source: *v1.${kind}`;
    write(api, pod, "info", { msg: "Starting EventSource", ...controllerOf(kind), source });
    write(api, pod, "info", { msg: "Starting Controller", ...controllerOf(kind) });
    write(api, pod, "info", { msg: "Starting workers", ...controllerOf(kind), "worker count": 1 });
  }
}

const placeOf = ({ metadata: { name, namespace } }: KubeObject) => ({
  name,
  ...(namespace !== undefined && { namespace }),
});

const controllerOf = (kind: string) => ({
  controller: kind.toLowerCase(),
  controllerGroup: GROUP,
  controllerKind: kind,
});

const isMine = ({ selector }: Controller, { metadata, ...pod }: KubeObject): boolean =>
  metadata.deletionTimestamp === undefined &&
  at(pod["status"], "phase") === "Running" &&
  matchesSelector(selector, metadata.labels ?? {});

const podsOf = (api: Api, controller: Controller): KubeObject[] =>
  api.store.list("pods", controller.namespace).filter((pod) => isMine(controller, pod));

function write(api: Api, pod: KubeObject, level: string, fields: Readonly<Record<string, unknown>>): void {
  api.logs.write(pod, JSON.stringify({ level, ts: api.now() / 1000, ...fields }));
}
