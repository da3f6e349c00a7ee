import { BootstrapError } from "../errors.ts";
import type { Infisical, Project, ReadGrant, Role, Rule } from "./infisical.ts";
import { fieldsOf, needText, textOf } from "./json.ts";
import { compareRules } from "./permissions.ts";
import { rulesFor, rulesFromWire, rulesToWire } from "./rules.ts";
import { isAbsent, type Session } from "./session.ts";

type Operations = Pick<Infisical, "rulesFor" | "findRole" | "createRole" | "updateRole" | "deleteRole">;

/**
 * Project roles (infisical-api.md 1.6). Servers drop permission keys that they do not know without a word, which can make a
 * role wider (10.1): so each role is read back, and one that allows more than was asked does not stay.
 */
export function roleOperations(session: Session): Operations {
  const paramsOf = ({ id, slug }: Project) => ({ projectId: id, projectSlug: slug });

  async function findRole(project: Project, slug: string): Promise<Role | undefined> {
    const body = await session.read("role", {
      doing: `read the role ${slug} of project ${project.slug}`,
      params: { ...paramsOf(project), slug },
    });
    return body === undefined ? undefined : parseRole(fieldsOf(body)["role"]);
  }

  async function mustFindRole(project: Project, slug: string): Promise<Role> {
    const role = await findRole(project, slug);
    if (role) return role;
    throw new BootstrapError("ESOB-I111", { message: `Infisical does not find the role ${slug} again.` });
  }

  async function createRole(
    project: Project,
    { slug, name, description, grant }: Parameters<Infisical["createRole"]>[1],
  ): Promise<Role> {
    const asked = rulesFor(await session.era(), grant);
    await session.write("createRole", {
      doing: `create the role ${slug} in project ${project.slug}`,
      params: paramsOf(project),
      body: { slug, name, description, permissions: rulesToWire(asked) },
      landed: async () => (await findRole(project, slug)) !== undefined,
    });
    const role = await mustFindRole(project, slug);
    await assertAsAsked(asked, role.rules, `the role ${slug}`, () => deleteRole(project, role));
    return role;
  }

  async function updateRole(project: Project, role: Role, grant: ReadGrant): Promise<Role> {
    const asked = rulesFor(await session.era(), grant);
    await storeRules(project, role, asked);
    const now = await mustFindRole(project, role.slug);
    await assertAsAsked(asked, now.rules, `the role ${role.slug}`, () =>
      storeRules(project, role, role.rules),
    );
    return now;
  }

  async function storeRules(project: Project, { id, slug }: Role, rules: readonly Rule[]): Promise<void> {
    await session.write("updateRole", {
      doing: `update the role ${slug} of project ${project.slug}`,
      params: { ...paramsOf(project), roleId: id },
      body: { permissions: rulesToWire(rules) },
      landed: async () => {
        const stored = await findRole(project, slug);
        return stored !== undefined && compareRules(rules, stored.rules) === "same";
      },
    });
  }

  async function deleteRole(project: Project, { id, slug }: Role): Promise<void> {
    await session.write("deleteRole", {
      doing: `delete the role ${slug} of project ${project.slug}`,
      params: { ...paramsOf(project), roleId: id },
      landed: async () => (await findRole(project, slug)) === undefined,
      already: isAbsent,
    });
  }

  return {
    rulesFor: async (grant) => rulesFor(await session.era(), grant),
    findRole,
    createRole,
    updateRole,
    deleteRole,
  };
}

/** Takes back what came out otherwise than asked: ESOB-I206 when it allows more, ESOB-I112 when it allows less. */
export async function assertAsAsked(
  asked: readonly Rule[],
  stored: readonly Rule[],
  what: string,
  takeBack: () => Promise<void>,
): Promise<void> {
  const outcome = compareRules(asked, stored);
  if (outcome === "same") return;
  await takeBack();
  if (outcome === "narrower")
    throw new BootstrapError("ESOB-I112", {
      message: `Infisical stored ${what} with less than was asked; it was taken away again.`,
      reason: "this server does not know one of the actions or conditions",
    });
  throw new BootstrapError("ESOB-I206", {
    message: `Infisical stored ${what} wider than asked; it was taken away again.`,
    reason: "this server dropped a condition that it does not know",
  });
}

function parseRole(value: unknown): Role {
  const { id, slug, name, description, permissions } = fieldsOf(value);
  return {
    id: needText(id, "role id"),
    slug: needText(slug, "role slug"),
    name: textOf(name) ?? "",
    description: textOf(description) ?? "",
    rules: rulesFromWire(permissions),
  };
}
