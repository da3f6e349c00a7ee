import type { Code } from "../codes.ts";
import { isBootstrapError } from "../errors.ts";
import type {
  Identity,
  Infisical,
  Membership,
  OperatorRights,
  Privilege,
  Project,
  Role,
  Rule,
} from "./infisical.ts";
import { fieldsOf } from "./json.ts";
import { findOrganizationId } from "./organization.ts";
import { allows } from "./permissions.ts";
import { rulesFromWire } from "./rules.ts";
import type { Session } from "./session.ts";

/** What is known of the rules of one side: undefined where they could not be read. */
type Known = readonly Rule[] | undefined;

const EVERYTHING: readonly Rule[] = [{ subject: "all", action: ["manage"], inverted: false, conditions: {} }];

/** Built-in roles that say all by their slug, the same in every era. */
const BUILT_IN: Readonly<Record<string, readonly Rule[]>> = { admin: EVERYTHING, "no-access": [] };

/** The reads that rights are judged by: the operator's own memberships, roles and privileges. */
export interface RightsReader {
  findIdentity(id: string): Promise<Identity | undefined>;
  findMembership(project: Project, identityId: string): Promise<Membership | undefined>;
  findRole(project: Project, slug: string): Promise<Role | undefined>;
  listPrivileges(project: Project, identityId: string): Promise<readonly Privilege[]>;
}

/** The operator's own rights, as far as the server lets us read them (an identity may often not read itself, 10.1). */
export function rightsOperations(session: Session, reader: RightsReader): Pick<Infisical, "operatorRights"> {
  async function operatorRights(project: Project | undefined): Promise<OperatorRights> {
    const { kind, identityId } = await session.claims();
    const [{ role, rules: inOrg }, inProject] = await Promise.all([
      kind === "identity" && identityId ? orgOfIdentity(identityId) : orgOfUser(),
      project && (identityId ? projectOfIdentity(project, identityId) : projectOfUser(project)),
    ]);
    return {
      orgRole: role,
      mayInOrg: (action, subject) => inOrg && allows(inOrg, action, subject),
      mayInProject: (action, subject) => inProject && allows(inProject, action, subject),
    };
  }

  async function orgOfIdentity(identityId: string): Promise<{ role: string | undefined; rules: Known }> {
    const own = await ifAllowed(() => reader.findIdentity(identityId));
    return { role: own?.orgRole, rules: own?.orgRole === undefined ? undefined : BUILT_IN[own.orgRole] };
  }

  async function orgOfUser(): Promise<{ role: string | undefined; rules: Known }> {
    const body = await ifAllowed(async () =>
      session.read("organizationPermissionsOfUser", {
        doing: "read our rights in the organization",
        params: { organizationId: await findOrganizationId(session) },
      }),
    );
    return { role: undefined, rules: rulesIn(body, "permissions") };
  }

  async function projectOfUser(project: Project): Promise<Known> {
    const body = await ifAllowed(() =>
      session.read("permissionsOfUser", {
        doing: `read our rights in project ${project.slug}`,
        params: { projectId: project.id },
      }),
    );
    return rulesIn(fieldsOf(body)["data"], "permissions");
  }

  /** All roles and additional privileges together; one that cannot be read leaves the whole unjudged. */
  async function projectOfIdentity(project: Project, identityId: string): Promise<Known> {
    const membership = await ifAllowed(() => reader.findMembership(project, identityId));
    if (!membership) return undefined;
    if (membership.roles.includes("admin")) return EVERYTHING;
    const parts = await Promise.all([
      ...membership.roles.map((slug) => rulesOfRole(project, slug)),
      ifAllowed(() => reader.listPrivileges(project, identityId)).then((list) =>
        list?.flatMap(({ rules }) => rules),
      ),
    ]);
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  }

  async function rulesOfRole(project: Project, slug: string): Promise<Known> {
    const builtIn = BUILT_IN[slug];
    if (builtIn) return builtIn;
    const role = await ifAllowed(() => reader.findRole(project, slug));
    // A built-in role may be answered without its rules: then nothing is known of it.
    return role && role.rules.length > 0 ? role.rules : undefined;
  }

  return { operatorRights };
}

/** undefined where reading is refused: that is no answer about the right itself. */
async function ifAllowed<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isBootstrapError(error) && UNKNOWN.has(error.code)) return undefined;
    throw error;
  }
}

const UNKNOWN = new Set<Code>(["ESOB-I109", "ESOB-I111", "ESOB-I112", "ESOB-I116", "ESOB-I118"]);

/** CASL packs rules into tuples on some routes: what is not a list of objects is not judged. */
function rulesIn(body: unknown, key: string): Known {
  const rules = rulesFromWire(fieldsOf(body)[key]);
  return rules.length > 0 && rules.every(({ action }) => action.length > 0) ? rules : undefined;
}
