import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { Infisical, Project } from "../infisical/infisical.ts";

type Projects = Pick<Infisical, "findProject" | "listProjects">;

/** A project by slug or, as people type it, by name. */
export async function findByAnyName(infisical: Projects, typed: string): Promise<Project | undefined> {
  const found = await infisical.findProject(typed);
  if (found) return found;
  const named = (await visibleProjects(infisical)).filter((project) => isSameName(project.name, typed));
  return named.length === 1 ? named[0] : undefined;
}

/** The projects that the operator sees; none where it may not list them. */
export async function visibleProjects(infisical: Projects): Promise<readonly Project[]> {
  try {
    return await infisical.listProjects();
  } catch (error) {
    if (isBootstrapError(error) && error.code === "ESOB-I109") return [];
    throw error;
  }
}

/** The project of a slug that flags or the file gave: it exists, or it may be created, or that is said at once. */
export async function knownProject(
  infisical: Projects,
  slug: string,
  mayCreate: boolean,
): Promise<Project | undefined> {
  const found = await infisical.findProject(slug);
  if (found) return found;
  const projects = await visibleProjects(infisical);
  const named = projects.find((project) => isSameName(project.name, slug));
  if (named) throw nameForSlug(slug, named, projects);
  if (mayCreate) return undefined;
  throw new BootstrapError("ESOB-I201", {
    message: `Infisical has no project with the slug "${slug}", or you may not see it.`,
    fix: { summary: "Choose one that exists, or let it be created.", command: "eso-bootstrap init --create" },
    facts: factsOf(projects),
  });
}

function nameForSlug(slug: string, named: Project, projects: readonly Project[]): BootstrapError {
  return new BootstrapError("ESOB-I204", {
    message: `Infisical does not know a project with the slug "${slug}".`,
    reason: `"${slug}" is the name of project ${named.slug} (the slug is generated and may differ).`,
    fix: { summary: `Use the slug ${named.slug}.`, command: `eso-bootstrap init --project ${named.slug}` },
    facts: factsOf(projects),
  });
}

function factsOf(projects: readonly Project[]): Record<string, string> {
  return projects.length === 0
    ? {}
    : {
        Exists: projects
          .map(({ slug }) => slug)
          .toSorted()
          .join(", "),
      };
}

function isSameName(name: string, typed: string): boolean {
  return name.trim().toLowerCase() === typed.trim().toLowerCase();
}
