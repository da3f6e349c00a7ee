import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { Identity, Infisical, Project } from "./infisical.ts";
import { fieldsOf, itemsOf, needItems, needText, textOf, type Json } from "./json.ts";
import { isUuid } from "./organization.ts";
import { isAbsent, pages, type Session } from "./session.ts";

type Operations = Pick<
  Infisical,
  "findIdentity" | "findIdentitiesByName" | "createIdentity" | "updateIdentity" | "deleteIdentity"
>;
type Metadata = Readonly<Record<string, string>>;

/** Largest page of the search, and of a project's identities (infisical-api.md section 6). */
export const SEARCH_PAGE = 100;
export const PROJECT_PAGE = 1000;

/** The search takes only these characters (section 3); other names are found in the whole list. */
const SEARCHABLE = /^[A-Za-z0-9 _/-]{1,255}$/;

/** Machine identities (1.3). Names are not unique; our mark is in the metadata, which lists leave out on servers of 2024. */
export function identityOperations(session: Session, organizationId: () => Promise<string>): Operations {
  async function findIdentity(id: string): Promise<Identity | undefined> {
    if (!isUuid(id)) return undefined;
    const { traits } = await session.era();
    try {
      const found = await readInOrganization(id);
      if (found || !traits.projectIdentities) return found;
      return await findInProjects(id);
    } catch (error) {
      // Who may not look into the organization may still look into the project that the identity lives in.
      const inProject = isForbidden(error) && traits.projectIdentities ? await findInProjects(id) : undefined;
      if (inProject) return inProject;
      throw error;
    }
  }

  async function readInOrganization(id: string): Promise<Identity | undefined> {
    const body = await session.read("identity", {
      doing: `read the machine identity ${id}`,
      params: { identityId: id },
    });
    return body === undefined ? undefined : parseIdentity(fieldsOf(body)["identity"]);
  }

  async function findInProjects(id: string): Promise<Identity | undefined> {
    for (const project of session.seen.projects.values()) {
      const found = await readInProject(id, project.id);
      if (found) return found;
    }
    return undefined;
  }

  async function readInProject(id: string, projectId: string): Promise<Identity | undefined> {
    const body = await session.read("projectIdentity", {
      doing: `read the machine identity ${id}`,
      params: { projectId, identityId: id },
      // A project that is not the identity's, or into which we may not look, does not have it for us.
      absent: (answer) => isAbsent(answer) || answer.status === 403,
      isOptional: true,
    });
    return body === undefined ? undefined : parseIdentity(fieldsOf(body)["identity"]);
  }

  async function findIdentitiesByName(
    name: string,
    project: Project | undefined,
  ): Promise<readonly Identity[]> {
    const { traits } = await session.era();
    const isModern = traits.projectIdentities;
    const [inProject, inOrganization] = await Promise.all([
      project && isModern ? listOfProject(name, project) : [],
      // Whoever may look into the project only finds there what one may make there; refused in both is an error, not a "none".
      listOfOrganization(name, isModern).catch((error: unknown) => {
        if (isForbidden(error) && project && isModern) return [];
        throw error;
      }),
    ]);
    const byId = new Map([...inOrganization, ...inProject].map((identity) => [identity.id, identity]));
    return [...byId.values()];
  }

  /** Lists hold names only; the rest of each that fits is read by its id. */
  async function listOfOrganization(name: string, canSearch: boolean): Promise<Identity[]> {
    const rows =
      canSearch && SEARCHABLE.test(name) ? await searchRows(name) : await allRows(await organizationId());
    const fitting = rows.map(parseIdentity).filter((identity) => identity.name === name);
    const full = await Promise.all(fitting.map(async ({ id }) => findIdentity(id)));
    return full.filter((identity) => identity !== undefined);
  }

  const searchRows = (name: string) =>
    pages(SEARCH_PAGE, async ({ offset, limit }) => {
      const body = await session.read("searchIdentities", {
        doing: `look for the machine identity ${name}`,
        body: { offset: Number(offset), limit: Number(limit), search: { name: { $eq: name } } },
      });
      return needItems(fieldsOf(body)["identities"], "identities");
    });

  async function allRows(organization: string): Promise<readonly unknown[]> {
    const body = await session.read("identitiesOfOrganization", {
      doing: "list the machine identities of the organization",
      params: { organizationId: organization },
    });
    return needItems(fieldsOf(body)["identities"], "identities");
  }

  async function listOfProject(name: string, project: Project): Promise<Identity[]> {
    const rows = await pages(PROJECT_PAGE, async (page) => {
      const body = await session.read("projectIdentities", {
        doing: `list the machine identities of project ${project.slug}`,
        params: { ...page, projectId: project.id, name },
        isOptional: true,
      });
      return body === undefined ? [] : needItems(fieldsOf(body)["identities"], "identities");
    });
    return rows.map(parseIdentity).filter((identity) => identity.name === name);
  }

  async function createIdentity({
    name,
    metadata,
    project,
    orgRole = "no-access",
  }: Parameters<Infisical["createIdentity"]>[0]): Promise<Identity> {
    const { traits } = await session.era();
    const home = traits.projectIdentities ? project : undefined;
    const before = new Set((await findIdentitiesByName(name, home)).map(({ id }) => id));
    let found: Identity | undefined;
    const isThere = async () => {
      const now = await findIdentitiesByName(name, home);
      found = now.find(({ id, metadata: stored }) => !before.has(id) && holds(stored, metadata));
      return found !== undefined;
    };
    const common = {
      doing: `create the machine identity ${name}`,
      landed: isThere,
    };
    const pairs = toPairs(metadata);
    const written = home
      ? await session.write("createProjectIdentity", {
          ...common,
          params: { projectId: home.id },
          body: { name, metadata: pairs },
        })
      : await session.write("createIdentity", {
          ...common,
          body: { name, organizationId: await organizationId(), role: orgRole, metadata: pairs },
        });
    if (found) return found;
    const id = needText(fieldsOf(fieldsOf(written?.body)["identity"])["id"], "identity id");
    const created = home ? await readInProject(id, home.id) : await readInOrganization(id);
    if (created) return created;
    throw new BootstrapError("ESOB-I111", { message: `Infisical made ${name}, but does not find it again.` });
  }

  async function updateIdentity(
    id: string,
    { metadata, project }: Parameters<Infisical["updateIdentity"]>[1],
  ): Promise<void> {
    if (project) session.seen.projects.set(project.id, project);
    const home = (await findIdentity(id))?.projectId;
    await session.write(home ? "updateProjectIdentity" : "updateIdentity", {
      doing: `update the machine identity ${id}`,
      params: { identityId: id, ...(home ? { projectId: home } : {}) },
      body: { metadata: toPairs(metadata) },
      landed: async () => holds((await findIdentity(id))?.metadata ?? {}, metadata),
    });
  }

  async function deleteIdentity({ id, name, projectId }: Identity): Promise<void> {
    await session.write(projectId ? "deleteProjectIdentity" : "deleteIdentity", {
      doing: `delete the machine identity ${name}`,
      params: { identityId: id, ...(projectId ? { projectId } : {}) },
      landed: async () => (await findIdentity(id)) === undefined,
      already: isAbsent,
    });
  }

  return { findIdentity, findIdentitiesByName, createIdentity, updateIdentity, deleteIdentity };
}

const isForbidden = (error: unknown) => isBootstrapError(error) && error.code === "ESOB-I109";

const toPairs = (metadata: Metadata) => Object.entries(metadata).map(([key, value]) => ({ key, value }));

const holds = (stored: Metadata, wanted: Metadata) =>
  Object.entries(wanted).every(([key, value]) => stored[key] === value);

/**
 * Two forms: a row of the organization's membership with the identity inside (its own `id` is the membership's), or the
 * identity itself, as project routes and creation answer it.
 */
export function parseIdentity(value: unknown): Identity {
  const row = fieldsOf(value);
  const own = row["identity"] === undefined ? row : fieldsOf(row["identity"]);
  const customRole = textOf(fieldsOf(row["customRole"])["slug"]);
  return {
    id: needText(own["id"], "identity id"),
    name: textOf(own["name"]) ?? "",
    orgRole: customRole ?? textOf(row["role"]),
    projectId: textOf(own["projectId"]) ?? textOf(row["projectId"]),
    metadata: { ...metadataOf(own["metadata"]), ...metadataOf(row["metadata"]) },
    authMethods: methodsOf(own),
  };
}

function metadataOf(value: unknown): Metadata {
  const pairs = itemsOf(value).map(fieldsOf);
  return Object.fromEntries(pairs.map(({ key, value: text }) => [textOf(key) ?? "", textOf(text) ?? ""]));
}

/** One method (`authMethod`) in 2024, a list later. */
function methodsOf({ authMethods, authMethod }: Json): string[] {
  const single = textOf(authMethod);
  const list = itemsOf(authMethods).filter((method): method is string => typeof method === "string");
  return single === undefined ? list : [single, ...list];
}
