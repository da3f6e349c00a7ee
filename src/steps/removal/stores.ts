import type { Action, Step } from "../../engine/plan.ts";
import type { ObjectRef } from "../../kubernetes/cluster.ts";
import { nameOf } from "../../kubernetes/resources.ts";
import type { RemovalContext } from "./context.ts";
import { removeIdentities } from "./identities.ts";
import type { RemovalScope } from "./scope.ts";
import { listWhereAllowed, type LiveStore, type Places } from "./survey.ts";
import { blocked, foreign, lookAtNamed, permitted, removing, staying, unlisted } from "./take.ts";
import { isOurs, refOf } from "../objects.ts";
import { MANAGED_BY_LABEL, MANAGER } from "../../kubernetes/cluster.ts";
import { isRecord } from "../../data.ts";

const STEP = "store";
const OBJECTS_STEP = "store-objects";

/** Then the stores, each after its last ExternalSecret. */
export const removeStores: Step<RemovalContext> = {
  id: STEP,
  title: "no store of ours is left",
  async look(context) {
    const { stores } = await context.survey.judged();
    return stores.map(({ item, stays, blocked: why }) => {
      const candidate = { step: STEP, ref: item.ref, summary: "" };
      if (stays !== undefined) return item.ours ? staying(candidate, stays) : foreign(candidate);
      if (why !== undefined) return blocked(candidate, why);
      return removing(context, { ...candidate, uid: item.uid });
    });
  },
};

/** Last of a store, because it names the machine identity: its identity Secret, and the CA of a self-signed Infisical. */
export const removeStoreObjects: Step<RemovalContext> = {
  id: OBJECTS_STEP,
  title: "nothing that only our stores read is left",
  async look(context) {
    const [ids, maps] = await Promise.all([identitySecrets(context), caMaps(context)]);
    const refs = [...ids.refs, ...maps.refs];
    const { remaining } = await context.survey.judged();
    const nameless = await whyIdStays(context);
    const users = new Map(remaining.stores.flatMap(namesUsed));
    const actions = await Promise.all(
      refs.map(async (ref): Promise<Action[]> => {
        const user = users.get(`${ref.kind} ${ref.namespace}/${ref.name}`);
        const summary = ref.kind === "Secret" ? "identity id" : "CA of Infisical";
        const candidate = { step: OBJECTS_STEP, ref, summary };
        if (ref.kind === "Secret" && nameless !== undefined) return [blocked(candidate, nameless)];
        return user === undefined
          ? lookAtNamed(context, candidate)
          : [staying(candidate, `${user} reads it`)];
      }),
    );
    const hidden = [
      ...unlisted(OBJECTS_STEP, "Secret", "identity ids", ids.unseen),
      ...unlisted(OBJECTS_STEP, "ConfigMap", "CAs of Infisical", maps.unseen),
    ];
    return permitted(context, [...actions.flat(), ...hidden]);
  },
};

/** Where no file describes the identity, only its Secret leads to it: one does not go without the other. */
async function whyIdStays(context: RemovalContext): Promise<string | undefined> {
  if (context.scope.described) return undefined;
  const left = (await removeIdentities.look(context)).find(({ change }) => change.action === "blocked");
  return left && `it leads to MachineIdentity ${left.change.target.name}, which stays`;
}

/** Objects by name, and where others may be that cannot be seen. */
interface Refs {
  readonly refs: readonly ObjectRef[];
  readonly unseen: Places;
}

/** What a store reads, as `Secret shop/infisical-identity`, and its own name. */
function namesUsed({ ref, view }: LiveStore): [used: string, user: string][] {
  const user = `${ref.kind} ${ref.name}`;
  const { identityRef, caProvider } = view;
  return [
    [`Secret ${identityRef?.namespace ?? view.namespace}/${identityRef?.name}`, user],
    [`${caProvider?.type} ${caProvider?.namespace ?? view.namespace}/${caProvider?.name}`, user],
  ];
}

async function identitySecrets({ survey, scope, desired }: RemovalContext): Promise<Refs> {
  const marked = (await survey.markedSecrets()).filter(
    ({ identityId, isTarget, reviewer }) => identityId !== undefined && !isTarget && reviewer === undefined,
  );
  const described = desired.stores.flatMap(({ namespaces, identitySecret: name }) =>
    namespaces.map((namespace) => ({ apiVersion: "v1", kind: "Secret", namespace, name })),
  );
  const refs = marked.map(({ ref }) => ref);
  return meant(scope, described, { refs, unseen: await survey.secretsUnseenIn() });
}

async function caMaps({ cluster, scope, desired }: RemovalContext): Promise<Refs> {
  const refs: ObjectRef[] = [];
  const query = { apiVersion: "v1", kind: "ConfigMap", labelSelector: `${MANAGED_BY_LABEL}=${MANAGER}` };
  const unseen = await listWhereAllowed(cluster, query, scope.namespaces, [], (object) => {
    if (isOurs(object) && isRecord(object["data"]) && "ca.crt" in object["data"]) refs.push(refOf(object));
  });
  const described = desired.stores.flatMap(({ namespaces, name }) =>
    namespaces.map((namespace) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      namespace,
      name: `${name}-infisical-ca`,
    })),
  );
  const hasCa = desired.infisical.ca !== undefined;
  return meant(scope, described, { refs, unseen: hasCa || scope.kind !== "file" ? unseen : [] });
}

/** What the scope means of it. With a file, what may not be listed is looked at by its name. */
function meant(scope: RemovalScope, described: readonly ObjectRef[], { refs, unseen }: Refs): Refs {
  if (scope.kind !== "file")
    return { refs: refs.filter(({ namespace = "" }) => scope.hasNamespace(namespace)), unseen };
  const names = new Set(described.map(nameOf));
  const byName = described.filter(({ namespace }) => unseen.includes(namespace));
  return { refs: [...refs.filter((ref) => names.has(nameOf(ref))), ...byName], unseen: [] };
}
