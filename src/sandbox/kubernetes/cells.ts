import { at, isRecord, listOf, recordOf, recordsAt, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { textFor } from "./json.ts";

type Cell = (object: KubeObject, now: number) => unknown;

const NONE = "<none>";
const UNKNOWN = "<unknown>";

/** `5s`, `3m5s`, `2d3h`: how long ago (apimachinery, duration.HumanDuration). */
export function ageOf(time: unknown, now: number): string {
  const since = Date.parse(textFor(time));
  if (Number.isNaN(since)) return UNKNOWN;
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 86_400),
  ];
  const two = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  return `${Math.floor(days / 365)}y${Math.floor(days % 365)}d`;
}

const read =
  (...road: string[]): Cell =>
  (object) =>
    at(object, ...road);
const text =
  (...road: string[]): Cell =>
  (object) =>
    textOf(at(object, ...road)) ?? NONE;
const number =
  (...road: string[]): Cell =>
  (object) =>
    Number(at(object, ...road) ?? 0);
const age: Cell = ({ metadata }, now) => ageOf(metadata.creationTimestamp, now);
const size =
  (...fields: string[]): Cell =>
  (object) =>
    fields.reduce((sum, field) => sum + Object.keys(recordOf(object[field])).length, 0);
const ratio =
  (ready: string[], wanted: string[]): Cell =>
  (object) =>
    `${Number(at(object, ...ready) ?? 0)}/${Number(at(object, ...wanted) ?? 0)}`;

const pairs = (value: unknown): string => {
  const labels = Object.entries(recordOf(at(value, "matchLabels") ?? value)).filter(
    ([, one]) => typeof one === "string",
  );
  return labels.map(([key, one]) => `${key}=${String(one)}`).join(",") || NONE;
};

const containersOf = (object: KubeObject) =>
  recordsAt(at(object, "spec", "template", "spec") ?? at(object, "spec"), "containers");
const template: Readonly<Record<string, Cell>> = {
  Containers: (object) =>
    containersOf(object)
      .map(({ name }) => name)
      .join(","),
  Images: (object) =>
    containersOf(object)
      .map(({ image }) => image)
      .join(","),
  Selector: (object) => pairs(at(object, "spec", "selector")),
};

const subjects =
  (kind: string): Cell =>
  (object) =>
    recordsAt(object, "subjects")
      .filter((one) => one["kind"] === kind)
      .map((one) =>
        kind === "ServiceAccount" ? `${String(one["namespace"])}/${String(one["name"])}` : one["name"],
      )
      .join(", ");
const binding: Readonly<Record<string, Cell>> = {
  Role: ({ roleRef }) => `${String(at(roleRef, "kind"))}/${String(at(roleRef, "name"))}`,
  Users: subjects("User"),
  Groups: subjects("Group"),
  ServiceAccounts: subjects("ServiceAccount"),
};

const statuses = (object: KubeObject) => recordsAt(object["status"], "containerStatuses");
const ports = (object: KubeObject): string =>
  recordsAt(object["spec"], "ports")
    .map(
      ({ port, nodePort, protocol }) =>
        `${String(port)}${nodePort ? `:${textFor(nodePort)}` : ""}/${String(protocol)}`,
    )
    .join(",") || NONE;

const webhooks: Cell = (object) => listOf(object["webhooks"]).length;
const event =
  (first: string): Cell =>
  (object, now) =>
    ageOf(object[first] ?? object["eventTime"] ?? object.metadata.creationTimestamp, now);

/** What stands in the columns of the built-in kinds, by kind and name of the column (pkg/printers/internalversion). */
const CELLS: Readonly<Record<string, Readonly<Record<string, Cell>>>> = {
  "*": { Name: read("metadata", "name"), Age: age, "Created At": read("metadata", "creationTimestamp") },
  Namespace: { Status: read("status", "phase") },
  Secret: { Type: read("type"), Data: size("data") },
  ConfigMap: { Data: size("data", "binaryData") },
  Pod: {
    Ready: (object) =>
      `${statuses(object).filter((one) => one["ready"] === true).length}/${containersOf(object).length}`,
    Status: (object) => (object.metadata.deletionTimestamp ? "Terminating" : at(object, "status", "phase")),
    Restarts: () => "0",
    IP: text("status", "podIP"),
    Node: text("spec", "nodeName"),
    "Nominated Node": () => NONE,
    "Readiness Gates": () => NONE,
  },
  Service: {
    Type: read("spec", "type"),
    "Cluster-IP": text("spec", "clusterIP"),
    "External-IP": () => NONE,
    "Port(s)": ports,
    Selector: (object) => pairs(at(object, "spec", "selector")),
  },
  Endpoints: { Endpoints: () => NONE },
  Event: {
    "Last Seen": event("lastTimestamp"),
    Type: read("type"),
    Reason: read("reason"),
    Object: ({ involvedObject }) =>
      `${String(at(involvedObject, "kind")).toLowerCase()}/${String(at(involvedObject, "name"))}`,
    Subobject: ({ involvedObject }) => at(involvedObject, "fieldPath") ?? "",
    Source: ({ source }) => at(source, "component") ?? "",
    Message: (object) => textFor(object["message"]).trim(),
    "First Seen": event("firstTimestamp"),
    Count: number("count"),
  },
  Node: {
    Status: () => "Ready",
    Roles: () => NONE,
    Version: read("status", "nodeInfo", "kubeletVersion"),
    "Internal-IP": () => NONE,
    "External-IP": () => NONE,
    "OS-Image": () => UNKNOWN,
    "Kernel-Version": () => UNKNOWN,
    "Container-Runtime": () => UNKNOWN,
  },
  Deployment: {
    Ready: ratio(["status", "readyReplicas"], ["spec", "replicas"]),
    "Up-to-date": number("status", "updatedReplicas"),
    Available: number("status", "availableReplicas"),
    ...template,
  },
  ReplicaSet: {
    Desired: number("spec", "replicas"),
    Current: number("status", "replicas"),
    Ready: number("status", "readyReplicas"),
    ...template,
  },
  StatefulSet: { Ready: ratio(["status", "readyReplicas"], ["spec", "replicas"]), ...template },
  DaemonSet: {
    Desired: number("status", "desiredNumberScheduled"),
    Current: number("status", "currentNumberScheduled"),
    Ready: number("status", "numberReady"),
    "Up-to-date": number("status", "updatedNumberScheduled"),
    Available: number("status", "numberAvailable"),
    "Node Selector": (object) => pairs(at(object, "spec", "template", "spec", "nodeSelector")),
    ...template,
  },
  Job: { Status: () => "Complete", Completions: () => "1/1", Duration: () => "1s", ...template },
  CronJob: {
    Schedule: read("spec", "schedule"),
    Timezone: text("spec", "timeZone"),
    Suspend: (object) => at(object, "spec", "suspend") === true,
    Active: () => 0,
    "Last Schedule": () => NONE,
    Containers: (object) =>
      recordsAt(at(object, "spec", "jobTemplate", "spec", "template", "spec"), "containers")
        .map(({ name }) => name)
        .join(","),
    Images: (object) =>
      recordsAt(at(object, "spec", "jobTemplate", "spec", "template", "spec"), "containers")
        .map(({ image }) => image)
        .join(","),
    Selector: () => NONE,
  },
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  Lease: { Holder: read("spec", "holderIdentity") },
  EndpointSlice: {
    AddressType: read("addressType"),
    Ports: (object) =>
      recordsAt(object, "ports")
        .map(({ port }) => port)
        .join(",") || "<unset>",
    Endpoints: (object) =>
      recordsAt(object, "endpoints")
        .flatMap(({ addresses }) => listOf(addresses))
        .join(",") || "<unset>",
  },
  ValidatingWebhookConfiguration: { Webhooks: webhooks },
  MutatingWebhookConfiguration: { Webhooks: webhooks },
  PodDisruptionBudget: {
    "Min Available": (object) => textFor(at(object, "spec", "minAvailable") ?? "N/A"),
    "Max Unavailable": (object) => textFor(at(object, "spec", "maxUnavailable") ?? "N/A"),
    "Allowed Disruptions": number("status", "disruptionsAllowed"),
  },
  NetworkPolicy: { "Pod-Selector": (object) => pairs(at(object, "spec", "podSelector")) },
};

/** The cell of a built-in kind's column. */
export function cellOf(object: KubeObject, column: string, now: number): unknown {
  const cell = CELLS[object.kind]?.[column] ?? CELLS["*"]?.[column];
  return cell?.(object, now) ?? "";
}

/** The value at a JSON path of a CRD's printer column: fields, `[0]`, and `[?(@.type=="Ready")]`. */
export function atJsonPath(value: unknown, path: string): unknown {
  const steps = path.match(/\[\?\(@\.[^)]*\)\]|\['[^']*'\]|\[\d+\]|[^.[\]\\]+(?:\\\.[^.[\]\\]+)*/g) ?? [];
  return steps.reduce<unknown>((here, step) => {
    const filter = /^\[\?\(@\.([\w.]+)\s*==\s*["']([^"']*)["']\)\]$/.exec(step);
    if (filter)
      return listOf(here).find((one) => String(at(one, ...(filter[1] ?? "").split("."))) === filter[2]);
    const index = /^\[(\d+)\]$/.exec(step);
    if (index) return listOf(here)[Number(index[1])];
    const key = step.replace(/^\['|'\]$/g, "").replaceAll("\\.", ".");
    return isRecord(here) ? here[key] : undefined;
  }, value);
}
