import type { Action, Step } from "../../engine/plan.ts";
import type { ObjectRef } from "../../kubernetes/cluster.ts";
import type { RemovalContext } from "./context.ts";
import { listWhereAllowed, type LiveStore } from "./survey.ts";
import { blocked, foreign, lookAtNamed, permitted, removing, staying } from "./take.ts";
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
    const refs = [...(await identitySecrets(context)), ...(await caMaps(context))];
    const { remaining } = await context.survey.judged();
    const users = new Map(remaining.stores.flatMap(namesUsed));
    const actions = await Promise.all(
      refs.map(async (ref): Promise<Action[]> => {
        const user = users.get(`${ref.kind} ${ref.namespace}/${ref.name}`);
        const summary = ref.kind === "Secret" ? "identity id" : "CA of Infisical";
        const candidate = { step: OBJECTS_STEP, ref, summary };
        return user === undefined
          ? lookAtNamed(context, candidate)
          : [staying(candidate, `${user} reads it`)];
      }),
    );
    return permitted(context, actions.flat());
  },
};

/** What a store reads, as `Secret shop/infisical-identity`, and its own name. */
function namesUsed({ ref, view }: LiveStore): [used: string, user: string][] {
  const user = `${ref.kind} ${ref.name}`;
  const { identityRef, caProvider } = view;
  return [
    [`Secret ${identityRef?.namespace ?? view.namespace}/${identityRef?.name}`, user],
    [`${caProvider?.type} ${caProvider?.namespace ?? view.namespace}/${caProvider?.name}`, user],
  ];
}

async function identitySecrets({ survey, scope, desired }: RemovalContext): Promise<ObjectRef[]> {
  const marked = (await survey.markedSecrets()).filter(
    ({ identityId, isTarget, reviewer }) => identityId !== undefined && !isTarget && reviewer === undefined,
  );
  const described = new Set(
    desired.stores.flatMap(({ namespaces, identitySecret }) =>
      namespaces.map((namespace) => `${namespace}/${identitySecret}`),
    ),
  );
  return marked
    .map(({ ref }) => ref)
    .filter(({ namespace = "", name }) =>
      scope.kind === "file" ? described.has(`${namespace}/${name}`) : scope.hasNamespace(namespace),
    );
}

async function caMaps({ cluster, scope, desired }: RemovalContext): Promise<ObjectRef[]> {
  const found: ObjectRef[] = [];
  const query = { apiVersion: "v1", kind: "ConfigMap", labelSelector: `${MANAGED_BY_LABEL}=${MANAGER}` };
  await listWhereAllowed(cluster, query, scope.namespaces, [], (object) => {
    if (isOurs(object) && isRecord(object["data"]) && "ca.crt" in object["data"]) found.push(refOf(object));
  });
  const described = new Set(
    desired.stores.flatMap(({ namespaces, name }) =>
      namespaces.map((namespace) => `${namespace}/${name}-infisical-ca`),
    ),
  );
  return found.filter(({ namespace = "", name }) =>
    scope.kind === "file" ? described.has(`${namespace}/${name}`) : scope.hasNamespace(namespace),
  );
}
