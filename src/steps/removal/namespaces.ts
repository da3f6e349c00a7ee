import type { Action, Step } from "../../engine/plan.ts";
import { MANAGED_BY_LABEL, MANAGER, type KubeObject } from "../../kubernetes/cluster.ts";
import { isOurs, refOf, rightsFor } from "../objects.ts";
import type { RemovalContext } from "./context.ts";
import { contentsOf, partKey } from "./contents.ts";
import { unmark } from "./let-go.ts";
import { listWhereAllowed } from "./survey.ts";
import { blocked, changeOf, ifSeen, permitted, removing, staying, unlisted } from "./take.ts";

const STEP = "namespace";

/** What the other steps are about to take: the namespaces' own look must know it. */
export type OtherSteps = readonly Step<RemovalContext>[];

/** Last: namespaces that we made. One with anything foreign in it stays, and is somebody else's from then on. */
export const removeNamespaces = (others: OtherSteps): Step<RemovalContext> => ({
  id: STEP,
  title: "no empty namespace of ours is left",
  async look(context) {
    const { found, hidden } = await markedNamespaces(context);
    if (found.length === 0) return hidden;
    const isGoing = await goingOf(context, others);
    const actions = await Promise.all(found.map((namespace) => lookAtNamespace(context, namespace, isGoing)));
    return permitted(context, [...actions.flat(), ...hidden]);
  },
});

interface Marked {
  readonly found: KubeObject[];
  readonly hidden: Action[];
}

/** Those that may not be listed are looked at by name, where their names are known. */
async function markedNamespaces({ cluster, scope, desired }: RemovalContext): Promise<Marked> {
  const found: KubeObject[] = [];
  const take = (object: KubeObject | undefined) => {
    if (!object || !isOurs(object) || object.metadata.deletionTimestamp) return;
    if (scope.hasNamespace(object.metadata.name)) found.push(object);
  };
  const query = { apiVersion: "v1", kind: "Namespace", labelSelector: `${MANAGED_BY_LABEL}=${MANAGER}` };
  const unseen = await listWhereAllowed(cluster, query, [], [], take);
  if (unseen.length === 0) return { found, hidden: [] };
  const known = new Set([...scope.namespaces, desired.reviewer.namespace, desired.eso.namespace]);
  const names = [...known].filter((name) => scope.hasNamespace(name)).toSorted();
  if (scope.kind === "all") return { found, hidden: unlisted(STEP, "Namespace", "made by us", unseen) };
  const hidden = await Promise.all(
    names.map((name) => {
      const target = { system: "kubernetes", kind: "Namespace", name } as const;
      return ifSeen({ step: STEP, target, summary: "perhaps made by us" }, async () => {
        take(await cluster.get({ apiVersion: "v1", kind: "Namespace", name }));
        return [];
      });
    }),
  );
  return { found, hidden: hidden.flat() };
}

/** By name for what the plan lists; by Helm's own mark for what its release takes along. */
async function goingOf(
  context: RemovalContext,
  others: OtherSteps,
): Promise<(object: KubeObject) => boolean> {
  const looks = others.map((step) => step.look(context));
  const going = (await Promise.all(looks)).flat().filter(({ change }) => change.action === "delete");
  const keys = new Set(
    going.map(({ change: { target } }) => `${target.namespace} ${partKey(target.kind, target.name)}`),
  );
  const releases = new Set(
    going.flatMap(({ change: { target } }) =>
      target.system === "helm" ? `${target.namespace}/${target.name}` : [],
    ),
  );
  return (object) => {
    const { namespace, name } = object.metadata;
    return keys.has(`${namespace} ${partKey(object.kind, name)}`) || releases.has(releaseOf(object));
  };
}

/** `external-secrets/external-secrets` for what a Helm release made, and for its records. */
function releaseOf({ kind, metadata: { namespace, name, annotations = {} } }: KubeObject): string {
  const record = kind === "Secret" && /^sh\.helm\.release\.v1\.(.+)\.v\d+$/.exec(name);
  if (record) return `${namespace}/${record[1]}`;
  return `${annotations["meta.helm.sh/release-namespace"]}/${annotations["meta.helm.sh/release-name"]}`;
}

async function lookAtNamespace(
  context: RemovalContext,
  namespace: KubeObject,
  isGoing: (object: KubeObject) => boolean,
): Promise<Action[]> {
  const { name, uid = "" } = namespace.metadata;
  const candidate = { step: STEP, ref: refOf(namespace), summary: "made by us, and empty" };
  const contents = await contentsOf(context.cluster, name, isGoing);
  if ("unknown" in contents)
    return [
      blocked({ ...candidate, summary: "made by us" }, `what is in it is not known: ${contents.unknown}`),
    ];
  const { foreign, ours } = contents;
  if (ours.length > 0) return [staying(candidate, `of ours it still has ${someOf(ours)}`)];
  if (foreign.length > 0)
    return [
      {
        change: changeOf(
          { ...candidate, summary: `stays, with ${someOf(foreign)}: our mark comes off` },
          "update",
        ),
        needs: { kubernetes: rightsFor(namespace, ["patch"]) },
        apply: () => unmark(context, candidate.ref),
      },
    ];
  return [removing(context, { ...candidate, uid })];
}

const MANY = 3;

function someOf(names: readonly string[]): string {
  const rest = names.length - MANY;
  return rest > 0 ? `${names.slice(0, MANY).join(", ")} and ${rest} more` : names.join(", ");
}
