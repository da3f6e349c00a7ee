import { REVIEWER_LABEL } from "../../desired/manifests.ts";
import { ROTATION_NAME } from "../../desired/rotation-manifests.ts";
import type { Action, Step } from "../../engine/plan.ts";
import { MANAGED_BY_LABEL, MANAGER, type ObjectRef } from "../../kubernetes/cluster.ts";
import { nameOf } from "../../kubernetes/resources.ts";
import { refOf } from "../objects.ts";
import { tokenIn } from "../reviewer-fact.ts";
import type { RemovalContext } from "./context.ts";
import { identityIdOf } from "./identities.ts";
import { listWhereAllowed, type LiveStore } from "./survey.ts";
import { blocked, isRefusal, lookAtNamed, permitted, staying, unlisted, type Candidate } from "./take.ts";

const STEP = "reviewer";
const RBAC = "rbac.authorization.k8s.io/v1";

/** The reviewer is shared: it goes with the last store whose identity it answers for. */
export const removeReviewer: Step<RemovalContext> = {
  id: STEP,
  title: "no reviewer of ours is left",
  async look(context) {
    if (context.scope.kind === "namespace") return [];
    const parts = await Promise.all([
      rotationRefs(context),
      context.scope.kind === "all" ? markedRefs(context) : describedRefs(context),
    ]);
    const refs = distinct(parts.flatMap((part) => part.refs));
    const hidden = parts.flatMap((part) => part.hidden);
    const found = await Promise.all(
      refs.map(async (ref) => {
        const candidate = { step: STEP, ref, summary: ref.kind === "Secret" ? "with it its token dies" : "" };
        return { candidate, actions: await lookAtNamed(context, candidate) };
      }),
    );
    const actions = found.flatMap((one) => one.actions);
    if (!actions.some(({ apply }) => apply)) return [...actions, ...hidden];
    const hold = await whyHeld(context);
    if (!hold) return permitted(context, [...actions, ...hidden]);
    const held = found.flatMap((one) =>
      one.actions.map((action) => (action.apply ? hold(one.candidate) : action)),
    );
    return [...held, ...hidden];
  },
};

const distinct = (refs: readonly ObjectRef[]) => [...new Map(refs.map((ref) => [nameOf(ref), ref])).values()];

/** Objects by name, and what is left of those that may not be seen. */
interface Found {
  readonly refs: readonly ObjectRef[];
  readonly hidden: readonly Action[];
}

/** The CronJob that rotates its tokens, and all that belongs to it; the job first, so that none starts half-way. */
async function rotationRefs({ cluster, desired }: RemovalContext): Promise<Found> {
  const kinds = [
    ["batch/v1", "CronJob"],
    [RBAC, "RoleBinding"],
    [RBAC, "Role"],
    [RBAC, "ClusterRoleBinding"],
    [RBAC, "ClusterRole"],
    ["v1", "ConfigMap"],
    ["v1", "ServiceAccount"],
  ] as const;
  const perKind = kinds.map(async ([apiVersion, kind]) => {
    const refs: ObjectRef[] = [];
    const query = { apiVersion, kind, labelSelector: `${MANAGED_BY_LABEL}=${MANAGER}` };
    const unseen = await listWhereAllowed(cluster, query, [desired.reviewer.namespace], [], (object) => {
      if (object.metadata.name.startsWith(ROTATION_NAME)) refs.push(refOf(object));
    });
    return { refs, hidden: unseen.length > 0 ? [kind] : [] };
  });
  const found = await Promise.all(perKind);
  const hidden = found.flatMap((one) => one.hidden);
  return { refs: found.flatMap(({ refs }) => refs), hidden: rotationHidden(hidden) };
}

/** One line for all that belongs to the CronJob. */
function rotationHidden([kind, ...others]: readonly string[]): Action[] {
  if (kind === undefined) return [];
  const kinds = [kind, ...others].map((one) => `${one}s`).join(", ");
  const change = {
    step: STEP,
    action: "blocked",
    target: { system: "kubernetes", kind, name: `${ROTATION_NAME}*` },
    summary: "rotates the reviewer's tokens",
    reason: `cannot be judged: needs the right to list ${kinds}`,
  } as const;
  return [{ change }];
}

/** Undefined where nobody needs it any more; else how each part of it is left. */
async function whyHeld(context: RemovalContext): Promise<((candidate: Candidate) => Action) | undefined> {
  const { hidden } = await context.survey.world();
  const user = await firstUser(context);
  if (user !== undefined) return (candidate) => staying(candidate, user);
  const why = `may not be listed, so its users are unknown: ${hidden.join(", ")}`;
  return hidden.length > 0 ? (candidate) => blocked(candidate, why) : undefined;
}

/** Rights first, then tokens, then the account that both are about. */
async function describedRefs({ desired, cluster }: RemovalContext): Promise<Found> {
  const { namespace, serviceAccount } = desired.reviewer;
  const both = [serviceAccount, `${serviceAccount}-self`];
  const rbac = (kind: string) => both.map((name) => ({ apiVersion: RBAC, kind, name }));
  const secrets: ObjectRef[] = [];
  const labelSelector = `${MANAGED_BY_LABEL}=${MANAGER},${REVIEWER_LABEL}=${serviceAccount}`;
  const query = { apiVersion: "v1", kind: "Secret", labelSelector };
  const unseen = await listWhereAllowed(cluster, query, [namespace], [], (secret) => {
    if (secret.metadata.namespace === namespace) secrets.push(refOf(secret));
  });
  const account = { apiVersion: "v1", kind: "ServiceAccount", namespace, name: serviceAccount };
  return {
    refs: [...rbac("ClusterRoleBinding"), ...rbac("ClusterRole"), ...secrets, account],
    hidden: unlisted(STEP, "Secret", "tokens of the reviewer", unseen),
  };
}

/** Everything of these kinds that carries our mark. */
async function markedRefs({ cluster, survey }: RemovalContext): Promise<Found> {
  const list = async (apiVersion: string, kind: string): Promise<Found> => {
    const refs: ObjectRef[] = [];
    const query = { apiVersion, kind, labelSelector: `${MANAGED_BY_LABEL}=${MANAGER}` };
    const unseen = await listWhereAllowed(cluster, query, [], [], (one) => void refs.push(refOf(one)));
    return { refs, hidden: unlisted(STEP, kind, "of the reviewer", unseen) };
  };
  const [bindings, roles, accounts, marked] = await Promise.all([
    list(RBAC, "ClusterRoleBinding"),
    list(RBAC, "ClusterRole"),
    list("v1", "ServiceAccount"),
    survey.markedSecrets(),
  ]);
  const secrets = marked.filter(({ reviewer }) => reviewer !== undefined).map(({ ref }) => ref);
  const parts = [bindings, roles, { refs: secrets, hidden: [] }, accounts];
  return { refs: parts.flatMap(({ refs }) => refs), hidden: parts.flatMap(({ hidden }) => hidden) };
}

/** Why it is still needed, or undefined. A foreign store counts unless Infisical says that its identity has another reviewer. */
async function firstUser(context: RemovalContext): Promise<string | undefined> {
  const { remaining } = await context.survey.judged();
  const candidates = remaining.stores.filter(({ view }) => view.auth.includes("kubernetesAuthCredentials"));
  for (const store of candidates) {
    const name = `${store.ref.kind} ${store.ref.namespace ? `${store.ref.namespace}/` : ""}${store.ref.name}`;
    if (store.ours) return `${name} logs in with its help`;
    const hasOther = await hasOtherReviewer(context, store).catch(unknownIfRefused);
    if (!hasOther) return `${name} may log in with its help`;
  }
  return undefined;
}

const unknownIfRefused = (error: unknown): false => {
  if (isRefusal(error)) return false;
  throw error;
};

/** Only a clear answer counts; without Infisical nobody knows. */
async function hasOtherReviewer(context: RemovalContext, store: LiveStore): Promise<boolean> {
  const { facts, infisical, cluster, removal } = context;
  if (!removal.infisical) return false;
  const id = await identityIdOf(cluster, store);
  if (id === undefined || !(await infisical.findIdentity(id))) return false;
  const stored = (await infisical.findKubernetesAuth(id))?.reviewer?.fingerprint();
  const ours = (await facts.reviewerSecrets()).map((secret) => tokenIn(secret)?.fingerprint());
  return stored !== undefined && !ours.includes(stored);
}
