import { roleSlugOf } from "../../desired/desired.ts";
import { rotationServiceAccountManifest } from "../../desired/rotation-manifests.ts";
import type { Action, InfisicalRight, Step, Target } from "../../engine/plan.ts";
import type { DesiredStore } from "../../desired/desired.ts";
import type { Identity, Project, Role } from "../../infisical/infisical.ts";
import { MANAGER } from "../../kubernetes/cluster.ts";
import { ROLE_MARK } from "../identity.ts";
import { refOf } from "../objects.ts";
import { findRotator, rotatorName } from "../rotator.ts";
import { forgetEnd } from "../token-ends.ts";
import type { RemovalContext } from "./context.ts";
import { goes } from "./judge.ts";
import { unlessForbidden, type LiveStore } from "./survey.ts";
import { ifSeen, isRefusal, permitted } from "./take.ts";

const STEP = "identity";

/** A machine identity that a store of ours logs in as, and where its role would be. */
interface Case {
  readonly identity: Identity | undefined;
  readonly ours: boolean;
  readonly name: string;
  readonly roleSlug: string;
  readonly projects: readonly Project[];
  /** A store that stays and logs in as it. */
  readonly user: string | undefined;
}

/** With `--infisical`: role, membership (or privilege) and machine identity. Before the identity Secret, which names it. */
export const removeIdentities: Step<RemovalContext> = {
  id: STEP,
  title: "nothing of ours is left at Infisical",
  async look(context) {
    if (!context.removal.infisical) return [];
    // The steps of the objects in the cluster ask for it, too.
    return context.survey.once("identities", () => lookAtIdentities(context));
  },
};

async function lookAtIdentities(context: RemovalContext): Promise<Action[]> {
  const { described } = context.scope;
  const look = (name: string, cases: () => Promise<readonly Case[]>) =>
    ifSeen({ step: STEP, target: targetOf(name), summary: "" }, async () => {
      const actions = (await cases()).map((one) => lookAtCase(context, one));
      return (await Promise.all(actions)).flat();
    });
  const ofStores = described
    ? described.map((store) => look(store.identityName, () => describedCase(context, store)))
    : [look("*", () => foundCases(context))];
  const rotator = look(rotatorName(context), () => rotatorCase(context));
  return permitted(context, (await Promise.all([...ofStores, rotator])).flat());
}

/** What the file describes: by id, by mark or by name, as the road finds it. */
async function describedCase(context: RemovalContext, store: DesiredStore): Promise<Case[]> {
  const { facts } = context;
  const [users, { identity, ours }, project] = await Promise.all([
    remainingUsers(context),
    facts.identity(store),
    facts.project(store.project),
  ]);
  const { identityName: name, roleSlug } = store;
  const projects = project ? [project] : [];
  return [{ identity, ours, name, roleSlug, projects, user: identity && users.get(identity.id) }];
}

/** What identity Secrets name, where no file says more; with -A also what carries this cluster's mark. The role is looked for in every project that we see. */
async function foundCases(context: RemovalContext): Promise<Case[]> {
  const { survey, scope, infisical, facts } = context;
  const marked = await survey.markedSecrets();
  const ids = new Set(
    marked.flatMap(({ identityId, isTarget, ref }) =>
      identityId !== undefined && !isTarget && scope.hasNamespace(ref.namespace ?? "") ? [identityId] : [],
    ),
  );
  if (ids.size === 0 && scope.kind !== "all") return [];
  const [uid, projects, users, others] = await Promise.all([
    facts.clusterUid(),
    infisical.listProjects(),
    remainingUsers(context),
    scope.kind === "all" ? withKubernetesAuth(context) : [],
  ]);
  const found = await Promise.all([...new Set([...ids, ...others])].map((id) => infisical.findIdentity(id)));
  return found.flatMap((identity) => {
    if (!identity) return [];
    const { name, metadata } = identity;
    const ours = metadata["managed-by"] === MANAGER && metadata["cluster"] === uid;
    // Whom no Secret of this cluster names is none of its business, but for the mark; the rotator is judged for itself.
    if (!ids.has(identity.id) && (!ours || metadata["store"] === undefined)) return [];
    return [{ identity, ours, name, roleSlug: roleSlugOf(name), projects, user: users.get(identity.id) }];
  });
}

/** Ids of all identities that might be a store's: a first `uninstall` has taken the Secrets that named them. */
async function withKubernetesAuth({ infisical, emit }: RemovalContext): Promise<string[]> {
  const { identities, unlisted } = await infisical.listIdentities();
  const hidden = [...(unlisted.organization ? ["the organization"] : []), ...unlisted.projects];
  if (hidden.length > 0)
    emit({
      type: "warning",
      text: `Identities of ${hidden.join(", ")} may not be listed: some of ours may be left.`,
    });
  return identities.flatMap(({ id, authMethods }) => (authMethods.includes("kubernetes-auth") ? [id] : []));
}

/** The operator that rotates the reviewer's tokens is needed as long as a store of ours is there. */
async function rotatorCase(context: RemovalContext): Promise<Case[]> {
  const { remaining } = await context.survey.judged();
  if (context.scope.kind === "namespace" || remaining.stores.some(({ ours }) => ours)) return [];
  const identity = await rotatorUnlessNone(context);
  if (!identity) return [];
  return [{ identity, ours: true, name: identity.name, roleSlug: "", projects: [], user: undefined }];
}

/** Who may not look into the organization knows from the cluster that it was never registered: its ServiceAccount comes first. */
async function rotatorUnlessNone(context: RemovalContext): Promise<Identity | undefined> {
  try {
    return await findRotator(context);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const account = await context.cluster.get(refOf(rotationServiceAccountManifest(context.desired)));
    if (account === undefined) return undefined;
    throw error;
  }
}

/** Identity ids of the stores that stay, each with one of them. */
async function remainingUsers({ survey, cluster }: RemovalContext): Promise<Map<string, string>> {
  const { remaining, stores } = await survey.judged();
  const stay = [...remaining.stores, ...stores.filter((verdict) => !goes(verdict)).map(({ item }) => item)];
  const entries = await Promise.all(
    stay.map(async (store): Promise<[string, string]> => {
      const id = await identityIdOf(cluster, store);
      return [id ?? "", `${store.ref.kind} ${store.ref.name}`];
    }),
  );
  return new Map(entries.filter(([id]) => id !== ""));
}

/** The id that a store's identity Secret holds. */
export async function identityIdOf(
  cluster: RemovalContext["cluster"],
  { view }: LiveStore,
): Promise<string | undefined> {
  const { name, key = "", namespace = view.namespace } = view.identityRef ?? {};
  if (name === undefined || namespace === undefined) return undefined;
  const secret = await cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name });
  const data = secret?.["data"] as Record<string, string> | undefined;
  return Buffer.from(data?.[key] ?? "", "base64")
    .toString("utf8")
    .trim();
}

async function lookAtCase(context: RemovalContext, one: Case): Promise<Action[]> {
  const { identity, ours, user } = one;
  const roles = await rolesOf(context, one);
  if (user !== undefined && identity) return [stays(identityTarget(one), `${user} logs in as it`)];
  if (identity && !ours)
    return [
      stays(
        identityTarget(one),
        "somebody else made it; to remove it: Infisical, Access Control, Identities",
      ),
    ];
  return [
    ...roles.map(({ project, role }) => removeRole(context, one, project, role)),
    ...(identity ? [removeIdentity(context, one, identity)] : []),
  ];
}

/** Roles by our slug that carry our mark; a foreign one of that slug is nobody's business. */
async function rolesOf(
  { infisical }: RemovalContext,
  { projects, roleSlug }: Case,
): Promise<{ project: Project; role: Role }[]> {
  const found = await Promise.all(
    projects.map(async (project) => ({ project, role: await infisical.findRole(project, roleSlug) })),
  );
  return found.flatMap(({ project, role }) =>
    role?.description.includes(ROLE_MARK) ? [{ project, role }] : [],
  );
}

const targetOf = (name: string): Target => ({ system: "infisical", kind: "MachineIdentity", name });
const identityTarget = ({ name }: Case): Target => targetOf(name);

function stays(target: Target, reason: string): Action {
  return { change: { step: STEP, action: "unchanged", target, summary: "", reason } };
}

const ROLE_RIGHTS: InfisicalRight[] = [
  { scope: "project", action: "delete", subject: "role" },
  { scope: "project", action: "edit", subject: "identity" },
];

/** A role that is assigned cannot be deleted (infisical-api.md 1.6): our identity is given `no-access` first. */
function removeRole(
  context: RemovalContext,
  { identity, roleSlug }: Case,
  project: Project,
  role: Role,
): Action {
  const { infisical } = context;
  return {
    change: {
      step: STEP,
      action: "delete",
      target: { system: "infisical", kind: "Role", name: roleSlug },
      summary: `in project ${project.slug}`,
    },
    needs: { infisical: ROLE_RIGHTS },
    apply: async () => {
      const membership = identity && (await infisical.findMembership(project, identity.id));
      if (identity && membership?.roles.includes(roleSlug))
        await infisical.setMembership(project, identity, "no-access");
      await infisical.deleteRole(project, role);
    },
  };
}

/** Membership, privileges and Kubernetes Auth go with it. */
function removeIdentity(context: RemovalContext, one: Case, identity: Identity): Action {
  const scope = identity.projectId === undefined ? "org" : "project";
  return {
    change: {
      step: STEP,
      action: "delete",
      target: identityTarget(one),
      summary: "with its membership and Kubernetes Auth",
    },
    needs: { infisical: [{ scope, action: "delete", subject: "identity" }] },
    apply: async () => {
      await context.infisical.deleteIdentity(identity);
      await unlessForbidden(forgetEnd(context, identity.id));
    },
  };
}
