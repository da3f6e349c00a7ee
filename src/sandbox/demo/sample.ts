import { at, recordsAt, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import { EARLY, LATE, SECRET, SHOP } from "./shop.ts";

const NAME = "shop";
const LABELS = { app: NAME };

/** A variable of the sample as its container was started with it; the value itself stays where it is. */
export interface Variable {
  readonly name: string;
  /** How long the value is; undefined: not set. */
  readonly length: number | undefined;
}

/** The workload of the sample: a Deployment whose five variables come from one Secret and may be missing. */
export const sampleObjects: readonly KubeObject[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: SHOP.namespace } },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: NAME, namespace: SHOP.namespace, labels: LABELS },
    spec: {
      replicas: 1,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          containers: [
            {
              name: NAME,
              image: "example.com/shop:1",
              env: [...EARLY, LATE].map((name) => ({
                name,
                valueFrom: { secretKeyRef: { name: SECRET, key: name, optional: true } },
              })),
            },
          ],
        },
      },
    },
  },
];

/** What runs in the sample's newest pod. */
export interface Sample {
  pod(): string;
  variables(): readonly Variable[];
  stop(): void;
}

/** Plays the containers: a variable is read when its pod starts and stays until the pod goes (pods-and-containers, "env"). */
export function runSample(api: Api): Sample {
  const started = new Map<string, { readonly pod: string; readonly variables: readonly Variable[] }>();
  const isOurs = ({ metadata }: KubeObject) =>
    metadata.namespace === SHOP.namespace && metadata.labels?.["app"] === NAME;
  const stop = api.store.onChange(({ type, resource, object }) => {
    const { uid = "", name } = object.metadata;
    if (resource !== "pods" || !isOurs(object)) return;
    if (type === "DELETED") started.delete(uid);
    else if (at(object["status"], "phase") === "Running" && !started.has(uid)) {
      const variables = variablesOf(api, object);
      started.set(uid, { pod: name, variables });
      for (const one of variables) api.logs.write(object, `${one.name}=${shownOf(one)}`);
    }
  });
  const newest = () => [...started.values()].at(-1);
  return {
    pod: () => newest()?.pod ?? "",
    variables: () => newest()?.variables ?? [],
    stop,
  };
}

function variablesOf(api: Api, pod: KubeObject): readonly Variable[] {
  const [container] = recordsAt(pod["spec"], "containers");
  return recordsAt(container, "env").map((entry) => {
    const ref = at(entry, "valueFrom", "secretKeyRef");
    const secret = api.get("secrets", pod.metadata.namespace, textOf(at(ref, "name")) ?? "");
    const data = textOf(at(secret, "data", textOf(at(ref, "key")) ?? ""));
    const length = data === undefined ? undefined : Buffer.from(data, "base64").length;
    return { name: textOf(entry["name"]) ?? "", length };
  });
}

/** `********  29 characters`, or `not set`: a value is nowhere to be seen. */
export const shownOf = ({ length }: Variable): string =>
  length === undefined ? "not set" : `********  ${length} characters`;
