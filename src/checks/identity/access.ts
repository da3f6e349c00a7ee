import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { Identity, Membership, Project, ReadGrant, Rule } from "../../infisical/infisical.ts";
import { compareRules } from "../../infisical/permissions.ts";
import type { CheckContext } from "../context.ts";
import { pass, skip, warning } from "../finding.ts";
import { projectOf } from "../login/beyond.ts";
import { restoreAtInfisical } from "../mending.ts";
import type { StoreView } from "../view/store.ts";
import { identityOf, type Bearer } from "./bearer.ts";
import { membershipAt, operatorOf, privilegesAt, rolesAt, universalAuthAt } from "./seen.ts";

/** Ways in and rights beyond what a store needs: Universal Auth, a role in the organization. */
export async function judgeWays(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const { id, orgRole } = await identityOf(context, bearer);
  if (await universalAuthAt(context, id))
    return warning("ESOB-I330", {
      message: `The ${bearer.label} can still log in by Universal Auth.`,
      reason: "who has its client secret reads what ESO reads, from anywhere",
      fix: restoreAtInfisical(context, "ESOB-I330"),
    });
  if (orgRole !== undefined && orgRole !== "no-access")
    return warning("ESOB-I331", {
      message: `The ${bearer.label} has the role ${orgRole} in the organization.`,
    });
  return pass();
}

/** Member of the project, once. */
export async function judgeMembership(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const seen = await look(context, bearer);
  if ("because" in seen) return skip(seen.because);
  const { project, membership } = seen;
  if (!membership)
    throw new BootstrapError("ESOB-I332", {
      message: `The ${bearer.label} is not a member of project ${project.slug}.`,
      fix: restoreAtInfisical(context, "ESOB-I332"),
    });
  if (membership.rows > 1)
    return warning("ESOB-I333", {
      message: `The ${bearer.label} is a member of project ${project.slug} ${membership.rows} times.`,
      reason: "changing its role changes only one of them",
      fix: restoreAtInfisical(context, "ESOB-I333"),
    });
  return pass(membership.roles.join(", "));
}

/** Its roles and privileges give what its stores need, and no more. */
export async function judgeRights(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const seen = await look(context, bearer);
  if ("because" in seen) return skip(seen.because);
  const { project, identity } = seen;
  const [roles, privileges, asked] = await Promise.all([
    rolesAt(context, project, identity.id),
    privilegesAt(context, project, identity.id),
    operatorOf(context).rulesFor(grantOf(bearer)),
  ]);
  const names = roles.map(({ slug }) => slug);
  const builtIn = roles.find(({ slug, role }) => role === undefined && slug !== "no-access");
  const rules: Rule[] = [
    ...roles.flatMap(({ role }) => role?.rules ?? []),
    ...privileges.flatMap((one) => one.rules),
  ];
  const comparison = compareRules(asked, rules);
  if (builtIn === undefined && (comparison === "narrower" || comparison === "different"))
    throw new BootstrapError("ESOB-R119", {
      message: `The ${bearer.label} may not read all that ${placeText(bearer)} asks for.`,
      reason: `its rights in project ${project.slug} come from ${sources(names, privileges)}`,
      fix: restoreAtInfisical(context, "ESOB-R119"),
    });
  if (builtIn !== undefined || comparison === "wider")
    return warning("ESOB-R118", {
      message: `The ${bearer.label} may read more than ${placeText(bearer)}.`,
      reason: `its rights in project ${project.slug} come from ${sources(names, privileges)}`,
      fix: restoreAtInfisical(context, "ESOB-R118"),
    });
  const foreign = privileges.find(({ slug }) => bearer.wanted && slug !== bearer.wanted.roleSlug);
  if (!foreign) return pass(sources(names, privileges));
  return warning("ESOB-I335", {
    message: `The ${bearer.label} has the additional privilege ${foreign.slug} in project ${project.slug}.`,
    reason: "it is not ours",
  });
}

const sources = (roles: readonly string[], privileges: readonly { readonly slug: string }[]) =>
  [...roles.map((slug) => `role ${slug}`), ...privileges.map(({ slug }) => `privilege ${slug}`)].join(", ") ||
  "nothing";

const placeText = ({ chain }: Bearer) =>
  chain.stores
    .map(({ live }) => `${live.environmentSlug}:${live.path}`)
    .filter(isFirst)
    .join(", ");

const isFirst = (text: string, index: number, all: readonly string[]) => all.indexOf(text) === index;

/** What the file grants, else what the stores read. */
function grantOf({ wanted, chain }: Bearer): ReadGrant {
  return wanted?.grant ?? { scopes: chain.stores.map(({ live }) => scopeOf(live)), imports: false };
}

const scopeOf = ({ environmentSlug, path, recursive }: StoreView) => ({
  environment: environmentSlug,
  path,
  subtree: recursive,
});

type Seen =
  | { project: Project; identity: Identity; membership: Membership | undefined }
  | { because: string };

async function look(context: CheckContext, bearer: Bearer): Promise<Seen> {
  const { projectSlug } = bearer.chain.store.live;
  const [identity, project] = await Promise.all([
    identityOf(context, bearer),
    projectOf(context, projectSlug),
  ]);
  if (!project) return { because: `project ${projectSlug} is not seen with this credential` };
  const membership = await membershipAt(context, project, identity.id);
  return { project, identity, membership };
}
