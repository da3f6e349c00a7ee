import { BootstrapError } from "../errors.ts";
import { wordsOf, type Answer } from "./answers.ts";
import type { Environment, Infisical, Project } from "./infisical.ts";
import { fieldsOf, itemsOf, needItems, needText, textOf } from "./json.ts";
import { findOrganizationId, isUuid } from "./organization.ts";
import { isAbsent, type Session } from "./session.ts";

type Operations = Pick<
  Infisical,
  "organizationId" | "listProjects" | "findProject" | "createProject" | "createEnvironment"
>;

/** Projects and their environments (infisical-api.md 1.2). */
export function projectOperations(session: Session): Operations {
  let organization: Promise<string> | undefined;

  const organizationId = () => {
    organization ??= findOrganizationId(session).catch((error: unknown) => {
      organization = undefined;
      throw error;
    });
    return organization;
  };

  async function listProjects(): Promise<readonly Project[]> {
    const { traits } = await session.era();
    const params = traits.era === "2024" ? { organizationId: await organizationId() } : {};
    const { projects, workspaces } = fieldsOf(
      await session.read("listProjects", { doing: "list the projects", params }),
    );
    return needItems(projects ?? workspaces, "projects").map((item) => note(session, item));
  }

  /** By the list, which holds what we are a member of; by slug where a server of 2024 cannot list for want of an id. */
  async function findProject(slug: string): Promise<Project | undefined> {
    const found = (await canList())
      ? (await listProjects()).find((project) => project.slug === slug)
      : await readBySlug(slug);
    if (found) session.seen.projects.set(found.id, found);
    return found;
  }

  async function readBySlug(slug: string): Promise<Project | undefined> {
    const body = await session.read("projectBySlug", {
      doing: `find the project ${slug}`,
      params: { projectSlug: slug },
      absent: isNoProject,
    });
    return body === undefined ? undefined : note(session, body);
  }

  async function canList(): Promise<boolean> {
    if ((await session.era()).traits.era !== "2024") return true;
    if (session.seen.organizations.size > 0 || isUuid(session.organization ?? "")) return true;
    return (await session.claims()).kind === "user";
  }

  async function createProject({ name, slug }: { name: string; slug: string }): Promise<Project> {
    const doing = `create the project ${slug}`;
    const isThere = async () => (await findProject(slug)) !== undefined;
    const written = await session.write("createProject", {
      doing,
      body: { projectName: name, slug },
      landed: isThere,
    });
    const created = fieldsOf(written?.body)["project"];
    if (created !== undefined) return note(session, created);
    const project = await findProject(slug);
    if (project) return project;
    throw new BootstrapError("ESOB-I111", { message: `Infisical did not ${doing}, and said no reason.` });
  }

  async function createEnvironment(
    project: Project,
    { name, slug }: { name: string; slug: string },
  ): Promise<void> {
    const isThere = async () => {
      const now = await findProject(project.slug);
      return now?.environments.some((environment) => environment.slug === slug) ?? false;
    };
    await session.write("createEnvironment", {
      doing: `create the environment ${slug} in project ${project.slug}`,
      params: { projectId: project.id },
      body: { name, slug },
      landed: isThere,
      already: (answer) => /environment with slug already exist/i.test(wordsOf(answer).message),
    });
  }

  return { organizationId, listProjects, findProject, createProject, createEnvironment };
}

/** A server of 2024 answers an unknown slug with 500 (recorded: "project by slug missing"). */
function isNoProject(answer: Answer): boolean {
  return isAbsent(answer) || /find project by slug/i.test(wordsOf(answer).error);
}

function note({ seen }: Session, value: unknown): Project {
  const { id, name, slug, environments, orgId, organization } = fieldsOf(value);
  const project: Project = {
    id: needText(id, "project id"),
    name: textOf(name) ?? "",
    slug: needText(slug, "project slug"),
    environments: itemsOf(environments).map(parseEnvironment),
  };
  const owner = textOf(orgId) ?? textOf(organization);
  if (owner !== undefined) seen.organizations.add(owner);
  return project;
}

/** The list of 2024 leaves the environments' ids out. */
function parseEnvironment(value: unknown): Environment {
  const { id, name, slug } = fieldsOf(value);
  return { id: textOf(id), name: textOf(name) ?? "", slug: needText(slug, "environment slug") };
}
