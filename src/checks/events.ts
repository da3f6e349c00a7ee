import { at, textOf } from "../data.ts";
import type { Subject } from "../engine/check.ts";
import type { KubeObject, ListQuery } from "../kubernetes/cluster.ts";
import type { CheckContext } from "./context.ts";
import { isForbidden } from "./finding.ts";

/** The newest warning about an object; undefined: none, as events expire after an hour; or why they cannot be read. */
export type Told = { readonly text: string | undefined } | { readonly because: string };

/** Up to here one small list each is cheaper than all warnings. */
const FEW = 5;

interface Newest {
  readonly at: string;
  /** Within a second, the order in which they were written: resourceVersions of one kind can be compared (KEP-5504). */
  readonly version: number;
  readonly text: string;
}

const isNewer = (one: Newest, other: Newest | undefined) =>
  other === undefined || one.at > other.at || (one.at === other.at && one.version >= other.version);

/** What ESO told last about an object: the condition hides the true error (eso.md 3.1). */
export async function newestWarning(context: CheckContext, subject: Subject): Promise<Told> {
  try {
    const known = await (isMany(context)
      ? context.once("warnings", () => readAll(context))
      : context.once(`warnings ${keyOf(subject)}`, () => readOf(context, subject)));
    return { text: known.get(keyOf(subject))?.text.replace(/^\(combined from similar events\): /, "") };
  } catch (error) {
    if (isForbidden(error)) return { because: "events may not be read here" };
    throw error;
  }
}

const keyOf = ({ kind, namespace, name }: Subject) => `${kind} ${namespace ?? ""}/${name}`;

function isMany({ stores, secrets }: CheckContext): boolean {
  let failing = 0;
  for (const { live } of [...stores, ...secrets]) if (live?.ready?.ready === false) failing += 1;
  return failing > FEW;
}

/** Events about cluster-wide objects land in `default`. */
function readOf(context: CheckContext, { kind, namespace, name }: Subject): Promise<Map<string, Newest>> {
  return collect(context, [
    {
      namespace: namespace ?? "default",
      fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name},type=Warning`,
    },
  ]);
}

function readAll(context: CheckContext): Promise<Map<string, Newest>> {
  const { namespaces } = context.scope;
  const places =
    namespaces === "all"
      ? [{}]
      : [...new Set([...namespaces, "default"])].map((namespace) => ({ namespace }));
  return collect(
    context,
    places.map((place) => ({ ...place, fieldSelector: "type=Warning" })),
  );
}

const KINDS = ["SecretStore", "ClusterSecretStore", "ExternalSecret"];

async function collect(
  { cluster }: CheckContext,
  queries: readonly Pick<ListQuery, "namespace" | "fieldSelector">[],
): Promise<Map<string, Newest>> {
  const newest = new Map<string, Newest>();
  const take = (event: KubeObject) => {
    const involved = event["involvedObject"];
    const kind = textOf(at(involved, "kind")) ?? "";
    if (!KINDS.includes(kind)) return;
    const namespace = kind === "ClusterSecretStore" ? undefined : textOf(at(involved, "namespace"));
    const key = keyOf({
      kind,
      name: textOf(at(involved, "name")) ?? "",
      ...(namespace !== undefined && { namespace }),
    });
    const when =
      textOf(event["lastTimestamp"]) ?? textOf(event["eventTime"]) ?? event.metadata.creationTimestamp ?? "";
    const version = Number(event.metadata.resourceVersion) || 0;
    const found = { at: when, version, text: textOf(event["message"]) ?? "" };
    if (isNewer(found, newest.get(key))) newest.set(key, found);
  };
  const read = async (query: Pick<ListQuery, "namespace" | "fieldSelector">) => {
    for await (const event of cluster.list({ apiVersion: "v1", kind: "Event", ...query })) take(event);
  };
  await Promise.all(queries.map(read));
  return newest;
}
