import { wordsOf, type Answer } from "./answers.ts";
import type { Identity, Infisical, Membership, Project } from "./infisical.ts";
import { fieldsOf, itemsOf, needItems, textOf } from "./json.ts";
import { isAbsent, pages, type Session } from "./session.ts";

type Operations = Pick<Infisical, "findMembership" | "setMembership" | "removeMembership">;

const PAGE = 1000;

/** Membership of an identity in a project, and its roles there (infisical-api.md 1.7). */
export function membershipOperations(session: Session): Operations {
  async function findMembership(project: Project, identityId: string): Promise<Membership | undefined> {
    const { membershipRowsDouble } = await session.era();
    const rows = membershipRowsDouble
      ? await rowsInList(project, identityId)
      : await singleRow(project, identityId);
    if (rows.length === 0) return undefined;
    return { roles: [...new Set(rows.flatMap(rolesOf))], rows: rows.length };
  }

  async function singleRow(project: Project, identityId: string): Promise<readonly unknown[]> {
    const body = await session.read("membership", {
      doing: `read the membership of identity ${identityId} in project ${project.slug}`,
      params: { projectId: project.id, identityId },
      absent: isNoMember,
    });
    return body === undefined ? [] : [fieldsOf(body)["identityMembership"]];
  }

  async function rowsInList(project: Project, identityId: string): Promise<readonly unknown[]> {
    const rows = await pages(PAGE, async (page) => {
      const body = await session.read("listMemberships", {
        doing: `list the identities of project ${project.slug}`,
        params: { ...page, projectId: project.id },
      });
      return needItems(fieldsOf(body)["identityMemberships"], "identityMemberships");
    });
    return rows.filter((row) => identityOf(row) === identityId);
  }

  async function setMembership(project: Project, identity: Identity, role: string): Promise<void> {
    const found = await findMembership(project, identity.id);
    if (found && found.rows === 1 && isExactly(found, role)) return;
    // PATCH changes one of doubled rows, DELETE takes them all away (10.6).
    if (found && found.rows > 1) await removeMembership(project, identity.id);
    const isMember = found !== undefined && found.rows === 1;
    // An identity that lives in the project is its member from the start; POST is refused for it.
    if (isMember || identity.projectId === project.id) return changeRoles(project, identity.id, role);
    await addMember(project, identity.id, role);
  }

  async function addMember(project: Project, identityId: string, role: string): Promise<void> {
    let isThere = false;
    await session.write("createMembership", {
      doing: `add identity ${identityId} to project ${project.slug}`,
      params: { projectId: project.id, identityId },
      body: { roles: [{ role, isTemporary: false }] },
      landed: async () => hasRole(project, identityId, role),
      already: (answer) => (isThere = isMemberAlready(answer)),
    });
    if (isThere) await changeRoles(project, identityId, role);
  }

  async function changeRoles(project: Project, identityId: string, role: string): Promise<void> {
    await session.write("updateMembership", {
      doing: `give identity ${identityId} the role ${role} in project ${project.slug}`,
      params: { projectId: project.id, identityId },
      body: { roles: [{ role, isTemporary: false }] },
      landed: async () => hasRole(project, identityId, role),
    });
  }

  async function removeMembership(project: Project, identityId: string): Promise<void> {
    await session.write("deleteMembership", {
      doing: `remove identity ${identityId} from project ${project.slug}`,
      params: { projectId: project.id, identityId },
      landed: async () => (await findMembership(project, identityId)) === undefined,
      already: isNoMember,
    });
  }

  const hasRole = async (project: Project, identityId: string, role: string) => {
    const membership = await findMembership(project, identityId);
    return membership !== undefined && isExactly(membership, role);
  };

  return { findMembership, setMembership, removeMembership };
}

const isExactly = ({ roles }: Membership, role: string) => roles.length === 1 && roles[0] === role;

/** Duplicates: 400 `Identity is already a member`, in 2024 `Identity with id X already exists in project with id Y`. */
function isMemberAlready(answer: Answer): boolean {
  return answer.status === 400 && /already (a member|exists in project)/i.test(wordsOf(answer).message);
}

/** 404 in 2024, 400 `Identity doesn't have membership` later. */
function isNoMember(answer: Answer): boolean {
  return isAbsent(answer) || /doesn't have membership/i.test(wordsOf(answer).message);
}

function identityOf(row: unknown): string | undefined {
  const { identityId, identity } = fieldsOf(row);
  return textOf(identityId) ?? textOf(fieldsOf(identity)["id"]);
}

/** A custom role's slug is beside the word `custom`. */
function rolesOf(row: unknown): string[] {
  return itemsOf(fieldsOf(row)["roles"]).flatMap((item) => {
    const { role, customRoleSlug } = fieldsOf(item);
    return textOf(customRoleSlug) ?? textOf(role) ?? [];
  });
}
