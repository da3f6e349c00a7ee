import type { DesiredStore } from "../desired/desired.ts";
import { isBootstrapError } from "../errors.ts";
import type { Action, FieldDiff, InfisicalRight, Step } from "../engine/plan.ts";
import { compareRules } from "../infisical/permissions.ts";
import type { Identity, Membership, Privilege, Project, Role, Rule } from "../infisical/infisical.ts";
import type { RoadContext } from "./context.ts";
import { markOf } from "./identity-fact.ts";
import { mustHaveProject } from "./project.ts";

const STEP = "identity";

/** Step 4: a machine identity per store that may read one environment and path, and nothing else. */
export const identityStep: Step<RoadContext> = {
  id: STEP,
  title: "the identity may read its scope and nothing else",
  async look(context) {
    const perStore = await Promise.all(context.desired.stores.map((store) => lookAtStore(context, store)));
    return perStore.flat();
  },
};

/** The same rights, in whatever order and spelling the server stores them. */
const sameRules = (asked: readonly Rule[], got: readonly Rule[]) => compareRules(asked, got) === "same";

async function lookAtStore(context: RoadContext, store: DesiredStore): Promise<Action[]> {
  const [{ identity, ours }, role] = await Promise.all([
    context.facts.identity(store),
    findRole(context, store),
  ]);
  if (role && !role.description.includes(ROLE_MARK) && !context.options.adopt) return [foreignRole(store)];
  if (!identity) return [createIdentity(context, store), grantAction(context, store, "create", [])];
  if (identity.id === (await context.infisical.whoAmI()).identityId) return [ourselves(store)];
  if (!ours && !context.options.adopt) return [foreign(store)];
  const access = await readAccess(context, store, identity);
  const diff = differences(access, store);
  const identityAction = ours ? same(store) : adopt(context, store, identity);
  if (diff.length === 0) return [identityAction, { change: accessChange(store, "unchanged") }];
  return [identityAction, grantAction(context, store, access?.membership ? "update" : "create", diff)];
}

/** Roles have no metadata: the mark is in the description (product.md section 1). */
export const ROLE_MARK = "managed-by=eso-bootstrap";

async function findRole({ infisical, facts }: RoadContext, store: DesiredStore): Promise<Role | undefined> {
  const project = await facts.project(store.project);
  return project && infisical.findRole(project, store.roleSlug);
}

function foreignRole(store: DesiredStore): Action {
  const reason = "a role of that slug was made by somebody else; --adopt takes it over";
  return { change: { ...accessChange(store, "unchanged"), action: "blocked", reason } };
}

const identityTarget = (store: DesiredStore) =>
  ({ system: "infisical", kind: "MachineIdentity", name: store.identityName }) as const;

function same(store: DesiredStore): Action {
  return {
    change: {
      step: STEP,
      action: "unchanged",
      target: identityTarget(store),
      summary: `for ${store.kind} ${store.id}`,
    },
  };
}

/** It would lose the rights that we work with, half-way. */
function ourselves(store: DesiredStore): Action {
  return {
    change: {
      step: STEP,
      action: "blocked",
      target: identityTarget(store),
      summary: `for ${store.kind} ${store.id}`,
      reason: "it is the identity that we are logged in as; `identity:` chooses another name (ESOB-I208)",
    },
  };
}

function foreign(store: DesiredStore): Action {
  return {
    change: {
      step: STEP,
      action: "blocked",
      target: identityTarget(store),
      summary: `for ${store.kind} ${store.id}`,
      reason:
        "an identity of that name does not carry our mark; --adopt takes it over, `identity:` chooses another name (ESOB-I208)",
    },
  };
}

function adopt({ infisical, facts }: RoadContext, store: DesiredStore, identity: Identity): Action {
  return {
    change: {
      step: STEP,
      action: "update",
      target: identityTarget(store),
      summary: "taken over: gets our mark",
    },
    needs: { infisical: [{ scope: "org", action: "edit", subject: "identity" }] },
    apply: async () => {
      const metadata = markOf(store, await facts.clusterUid());
      await infisical.updateIdentity(identity.id, { metadata, project: undefined });
    },
  };
}

/** In the organization, or in the project where we may not create identities in the organization (product.md 1, step 4). */
function createIdentity(context: RoadContext, store: DesiredStore): Action {
  const { infisical, facts } = context;
  return {
    change: {
      step: STEP,
      action: "create",
      target: identityTarget(store),
      summary: `for ${store.kind} ${store.id}`,
    },
    needs: { infisical: [{ scope: "org", action: "create", subject: "identity" }] },
    apply: async () => {
      const project = await mustHaveProject(context, store);
      const metadata = markOf(store, await facts.clusterUid());
      const inProject = await mustLiveInProject(context, project);
      try {
        await infisical.createIdentity({
          name: store.identityName,
          metadata,
          project: inProject ? project : undefined,
        });
      } catch (error) {
        const { projectIdentities } = await facts.traits();
        if (inProject || !projectIdentities || !isBootstrapError(error) || error.code !== "ESOB-I109")
          throw error;
        await infisical.createIdentity({ name: store.identityName, metadata, project });
      }
    },
  };
}

async function mustLiveInProject({ infisical, facts }: RoadContext, project: Project): Promise<boolean> {
  const { projectIdentities } = await facts.traits();
  const rights = await infisical.operatorRights(project);
  return projectIdentities && rights.mayInOrg("create", "identity") === false;
}

/** How the identity may read: by a role of ours, or by `no-access` and an additional privilege where the plan has no roles. */
interface Access {
  readonly asked: readonly Rule[];
  readonly role: Role | undefined;
  readonly membership: Membership | undefined;
  readonly privilege: Privilege | undefined;
}

async function readAccess(
  { infisical, facts }: RoadContext,
  store: DesiredStore,
  identity: Identity,
): Promise<Access | undefined> {
  const project = await facts.project(store.project);
  if (!project) return undefined;
  const [asked, role, membership] = await Promise.all([
    infisical.rulesFor(store.grant),
    infisical.findRole(project, store.roleSlug),
    infisical.findMembership(project, identity.id),
  ]);
  const privilege = membership && (await infisical.findPrivilege(project, identity.id, store.roleSlug));
  return { asked, role, membership, privilege };
}

/** What differs from exactly one row of membership with exactly our role (or the privilege). */
function differences(access: Access | undefined, store: DesiredStore): FieldDiff[] {
  const { role, membership, privilege, asked } = access ?? {};
  const byPrivilege = !role && privilege !== undefined;
  const wanted = byPrivilege ? "no-access" : store.roleSlug;
  const diff: FieldDiff[] = [];
  const rules = byPrivilege ? privilege.rules : role?.rules;
  if (!rules || !asked || !sameRules(asked, rules))
    diff.push({ path: "rules", from: describeRules(rules), to: describe(store) });
  if (!membership || membership.roles.join() !== wanted || membership.rows > 1)
    diff.push({ path: "membership", from: membership?.roles.join(", ") ?? "none", to: wanted });
  return diff;
}

const describeRules = (rules: readonly Rule[] | undefined) => (rules ? "other rules" : "none");

/** `read /shop in prod, nothing else`: the grant in words. */
function describe({ grant }: DesiredStore): string {
  const scopes = grant.scopes.map(
    ({ environment, path, subtree }) => `${path}${subtree ? " and below" : ""} in ${environment}`,
  );
  return `read ${scopes.join(" and ")}${grant.imports ? ", with imports" : ""}, nothing else`;
}

function accessChange(store: DesiredStore, action: "create" | "update" | "unchanged", diff?: FieldDiff[]) {
  const target = { system: "infisical", kind: "Role", name: store.roleSlug } as const;
  return { step: STEP, action, target, summary: describe(store), ...(diff?.length && { diff }) };
}

const GRANT_RIGHTS: InfisicalRight[] = [
  { scope: "project", action: "create", subject: "role" },
  { scope: "project", action: "create", subject: "identity" },
];

/**
 * Role, membership and, where the plan refuses custom roles, the additional privilege: one change, because which of them
 * it takes is known only when the server has answered (no route tells the plan, infisical-api.md 1.6).
 */
function grantAction(
  context: RoadContext,
  store: DesiredStore,
  action: "create" | "update",
  diff: FieldDiff[],
): Action {
  return {
    change: accessChange(store, action, diff),
    needs: { infisical: GRANT_RIGHTS },
    apply: async () => {
      const { identity } = await context.facts.identity(store);
      const project = await mustHaveProject(context, store);
      if (!identity) return;
      const access = await readAccess(context, store, identity);
      if (!access || differences(access, store).length === 0) return;
      if (access.membership && access.membership.rows > 1)
        await context.infisical.removeMembership(project, identity.id);
      const hasRole = await ensureRole(context, store, project, access);
      if (hasRole) await grantByRole(context, store, project, identity, access);
      else await grantByPrivilege(context, store, project, identity, access);
    },
  };
}

/** True when our role holds exactly the rules; false where the plan has no custom roles (ESOB-I115). */
async function ensureRole(
  { infisical }: RoadContext,
  store: DesiredStore,
  project: Project,
  access: Access,
): Promise<boolean> {
  const { roleSlug: slug, grant } = store;
  try {
    if (!access.role)
      await infisical.createRole(project, {
        slug,
        name: slug,
        description: `${ROLE_MARK} store=${store.id}`,
        grant,
      });
    else if (!sameRules(access.asked, access.role.rules))
      await infisical.updateRole(project, access.role, grant);
    return true;
  } catch (error) {
    if (isBootstrapError(error) && error.code === "ESOB-I115") return false;
    throw error;
  }
}

async function grantByRole(
  { infisical }: RoadContext,
  store: DesiredStore,
  project: Project,
  identity: Identity,
  access: Access,
): Promise<void> {
  await infisical.setMembership(project, identity, store.roleSlug);
  if (access.privilege) await infisical.deletePrivilege(project, identity.id, access.privilege);
}

async function grantByPrivilege(
  { infisical }: RoadContext,
  store: DesiredStore,
  project: Project,
  identity: Identity,
  access: Access,
): Promise<void> {
  if (access.membership?.roles.join() !== "no-access" || access.membership.rows > 1)
    await infisical.setMembership(project, identity, "no-access");
  const current = await infisical.findPrivilege(project, identity.id, store.roleSlug);
  if (current && sameRules(access.asked, current.rules)) return;
  if (current) await infisical.deletePrivilege(project, identity.id, current);
  await infisical.createPrivilege(project, identity.id, { slug: store.roleSlug, grant: store.grant });
}
