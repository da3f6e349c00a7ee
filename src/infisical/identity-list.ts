import { isBootstrapError } from "../errors.ts";
import type { Identity, Infisical, Project } from "./infisical.ts";
import { parseIdentity, PROJECT_PAGE, SEARCH_PAGE } from "./identities.ts";
import { fieldsOf, needItems } from "./json.ts";
import { pages, type Session } from "./session.ts";

/** Which lists there are of machine identities, and which of them this operator may read (infisical-api.md 1.3). */
export function identityListing(
  session: Session,
  { organizationId, listProjects }: Pick<Infisical, "organizationId" | "listProjects">,
): Pick<Infisical, "listIdentities"> {
  async function listIdentities(): ReturnType<Infisical["listIdentities"]> {
    const { projectIdentities } = (await session.era()).traits;
    const ofOrganization = await unlessForbidden(projectIdentities ? searchAll() : listAll());
    const projects = projectIdentities ? await listProjects() : [];
    const perProject = await Promise.all(
      projects.map(async (project) => ({ project, rows: await unlessForbidden(listOf(project)) })),
    );
    const rows = [...(ofOrganization ?? []), ...perProject.flatMap((one) => one.rows ?? [])];
    return {
      identities: [...new Map(rows.map((row) => [row.id, row])).values()],
      unlisted: {
        organization: ofOrganization === undefined,
        projects: perProject.filter((one) => one.rows === undefined).map(({ project }) => project.slug),
      },
    };
  }

  async function searchAll(): Promise<Identity[]> {
    const rows = await pages(SEARCH_PAGE, async ({ offset, limit }) => {
      const body = await session.read("searchIdentities", {
        doing: "list the machine identities of the organization",
        body: { offset: Number(offset), limit: Number(limit), search: {} },
      });
      return needItems(fieldsOf(body)["identities"], "identities");
    });
    return rows.map(parseIdentity);
  }

  async function listAll(): Promise<Identity[]> {
    const body = await session.read("identitiesOfOrganization", {
      doing: "list the machine identities of the organization",
      params: { organizationId: await organizationId() },
    });
    return needItems(fieldsOf(body)["identities"], "identities").map(parseIdentity);
  }

  async function listOf(project: Project): Promise<Identity[]> {
    const rows = await pages(PROJECT_PAGE, async (page) => {
      const body = await session.read("projectIdentities", {
        doing: `list the machine identities of project ${project.slug}`,
        params: { ...page, projectId: project.id, name: "" },
        isOptional: true,
      });
      return body === undefined ? [] : needItems(fieldsOf(body)["identities"], "identities");
    });
    return rows.map(parseIdentity);
  }

  return { listIdentities };
}

/** undefined where reading is refused: that is no empty list. */
async function unlessForbidden(list: Promise<Identity[]>): Promise<Identity[] | undefined> {
  try {
    return await list;
  } catch (error) {
    if (isBootstrapError(error) && error.code === "ESOB-I109") return undefined;
    throw error;
  }
}
