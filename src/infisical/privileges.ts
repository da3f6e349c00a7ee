import { BootstrapError } from "../errors.ts";
import type { Infisical, Privilege, Project } from "./infisical.ts";
import { fieldsOf, needItems, needText } from "./json.ts";
import { assertAsAsked } from "./roles.ts";
import { narrowRules, rulesFor, rulesFromWire, rulesToWire } from "./rules.ts";
import { isAbsent, type Session } from "./session.ts";

type Operations = Pick<Infisical, "findPrivilege" | "listPrivileges" | "createPrivilege" | "deletePrivilege">;

/** Additional privileges of an identity in a project: what is left where the plan has no custom roles (2.4, 10.2). */
export function privilegeOperations(session: Session): Operations {
  const paramsOf = ({ id, slug }: Project, identityId: string) => ({
    projectId: id,
    projectSlug: slug,
    identityId,
  });

  async function findPrivilege(
    project: Project,
    identityId: string,
    slug: string,
  ): Promise<Privilege | undefined> {
    const body = await session.read("privilege", {
      doing: `read the privilege ${slug}`,
      params: { ...paramsOf(project, identityId), slug },
    });
    return body === undefined ? undefined : parsePrivilege(fieldsOf(body)["privilege"]);
  }

  /** An identity that is no member has none: 404 (10.2). */
  async function listPrivileges(project: Project, identityId: string): Promise<readonly Privilege[]> {
    const body = await session.read("listPrivileges", {
      doing: `list the privileges of identity ${identityId}`,
      params: paramsOf(project, identityId),
    });
    return body === undefined
      ? []
      : needItems(fieldsOf(body)["privileges"], "privileges").map(parsePrivilege);
  }

  async function createPrivilege(
    project: Project,
    identityId: string,
    { slug, grant }: Parameters<Infisical["createPrivilege"]>[2],
  ): Promise<Privilege> {
    const era = await session.era();
    const asked = rulesFor(era, grant);
    const isNarrow = era.privilegeRules === "narrow";
    await session.write("createPrivilege", {
      doing: `create the privilege ${slug} of identity ${identityId}`,
      body: {
        ...paramsOf(project, identityId),
        slug,
        permissions: isNarrow ? narrowRules(asked) : rulesToWire(asked),
        ...(isNarrow ? {} : { type: { isTemporary: false } }),
      },
      landed: async () => (await findPrivilege(project, identityId, slug)) !== undefined,
    });
    const privilege = await findPrivilege(project, identityId, slug);
    if (!privilege)
      throw new BootstrapError("ESOB-I111", {
        message: `Infisical does not find the privilege ${slug} again.`,
      });
    const takeBack = () => deletePrivilege(project, identityId, privilege);
    await assertAsAsked(asked, privilege.rules, `the privilege ${slug}`, takeBack);
    return privilege;
  }

  async function deletePrivilege(
    project: Project,
    identityId: string,
    { id, slug }: Privilege,
  ): Promise<void> {
    await session.write("deletePrivilege", {
      doing: `delete the privilege ${slug} of identity ${identityId}`,
      params: { privilegeId: id },
      body: { privilegeSlug: slug, identityId, projectSlug: project.slug },
      landed: async () => (await findPrivilege(project, identityId, slug)) === undefined,
      already: isAbsent,
    });
  }

  return { findPrivilege, listPrivileges, createPrivilege, deletePrivilege };
}

function parsePrivilege(value: unknown): Privilege {
  const { id, slug, permissions } = fieldsOf(value);
  return {
    id: needText(id, "privilege id"),
    slug: needText(slug, "privilege slug"),
    rules: rulesFromWire(permissions),
  };
}
