import type { DesiredStore } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Action, InfisicalRight, Step } from "../engine/plan.ts";
import type { Project } from "../infisical/infisical.ts";
import type { RoadContext } from "./context.ts";
import { lookAtValue } from "./value.ts";

const STEP = "project";

/** Step 3: project, environment and folder exist. Created only when asked; else what exists is listed. */
export const projectStep: Step<RoadContext> = {
  id: STEP,
  title: "project, environment and folder exist",
  async look(context) {
    const places = distinct(context.desired.stores);
    const perPlace = await Promise.all(places.map((store) => lookAtPlace(context, store)));
    const values = await Promise.all(
      context.desired.firstValues.map((value) => lookAtValue(context, value, warnHeldBack)),
    );
    return mergeActions([...perPlace.flat(), ...values.flat()]);
  },
};

/** The others may go through: what is missing then is told by the ExternalSecret. */
function warnHeldBack({ emit }: RoadContext, name: string): void {
  emit({ type: "warning", text: `${name} waits for an approval at Infisical; it is not there yet` });
}

/** Two stores may share a project or an environment: one line each. */
function mergeActions(actions: readonly Action[]): Action[] {
  const byName = new Map<string, Action>();
  for (const action of actions) {
    const key = `${action.change.target.kind} ${action.change.target.name}`;
    if (!byName.has(key)) byName.set(key, action);
  }
  return [...byName.values()];
}

function distinct(stores: readonly DesiredStore[]): DesiredStore[] {
  return [
    ...new Map(
      stores.map((store) => [[store.project, store.environment, store.path].join(" "), store]),
    ).values(),
  ];
}

async function lookAtPlace(context: RoadContext, store: DesiredStore): Promise<Action[]> {
  const { infisical, facts, desired } = context;
  const found = await facts.project(store.project);
  if (!found) {
    await assertMayCreateProject(context, store);
    return [createProject(context, store), ...createInside(context, store, undefined)];
  }
  const environment = found.environments.find(({ slug }) => slug === store.environment);
  const project = unchanged("Project", found.slug, found.name);
  if (!environment) {
    assertMayCreateEnvironment(desired.infisical.create, found, store);
    return [project, ...createInside(context, store, found)];
  }
  const same = [project, unchanged("Environment", environmentName(store), environment.name)];
  if (store.path === "/") return same;
  const scope = { project: found, environment: store.environment, path: store.path };
  if (await infisical.folderExists(scope)) return [...same, unchanged("Folder", folderName(store), "")];
  if (!desired.infisical.create) throw await noFolder(context, found, store);
  return [...same, createFolder(context, store)];
}

function unchanged(kind: string, name: string, summary: string): Action {
  return {
    change: { step: STEP, action: "unchanged", target: { system: "infisical", kind, name }, summary },
  };
}

function create(
  kind: string,
  name: string,
  summary: string,
  right: InfisicalRight,
  apply: () => Promise<void>,
): Action {
  return {
    change: { step: STEP, action: "create", target: { system: "infisical", kind, name }, summary },
    needs: { infisical: [right] },
    apply,
  };
}

const environmentName = ({ project, environment }: DesiredStore) => `${project}/${environment}`;
const folderName = (store: DesiredStore) => `${environmentName(store)}:${store.path}`;

/** New projects bring these along (infisical-api.md 1.2). */
const DEFAULT_ENVIRONMENTS = new Set(["dev", "staging", "prod"]);

function createProject({ infisical }: RoadContext, store: DesiredStore): Action {
  const right: InfisicalRight = { scope: "org", action: "create", subject: "workspace" };
  return create("Project", store.project, "new", right, async () => {
    await infisical.createProject({ name: store.project, slug: store.project });
  });
}

function createInside(context: RoadContext, store: DesiredStore, project: Project | undefined): Action[] {
  const isNew = !project && DEFAULT_ENVIRONMENTS.has(store.environment);
  const right: InfisicalRight = { scope: "project", action: "create", subject: "environments" };
  const environment = create("Environment", environmentName(store), "new", right, async () => {
    const current = await mustHaveProject(context, store);
    if (current.environments.some(({ slug }) => slug === store.environment)) return;
    await context.infisical.createEnvironment(current, { name: store.environment, slug: store.environment });
  });
  return [...(isNew ? [] : [environment]), ...(store.path === "/" ? [] : [createFolder(context, store)])];
}

function createFolder(context: RoadContext, store: DesiredStore): Action {
  const right: InfisicalRight = { scope: "project", action: "create", subject: "secret-folders" };
  return create("Folder", folderName(store), "new", right, async () => {
    const project = await mustHaveProject(context, store);
    await context.infisical.createFolder({ project, environment: store.environment, path: store.path });
  });
}

/** The project, which an earlier action has made if it was not there. */
export async function mustHaveProject({ facts }: RoadContext, store: DesiredStore): Promise<Project> {
  const project = await facts.project(store.project);
  if (project) return project;
  throw new BootstrapError("ESOB-I201", {
    message: `Infisical does not know a project with the slug "${store.project}".`,
  });
}

async function assertMayCreateProject(
  { infisical, desired }: RoadContext,
  store: DesiredStore,
): Promise<void> {
  const projects = await infisical.listProjects();
  const exists = projects.map(({ slug }) => slug).toSorted();
  const named = projects.find(({ name }) => name.toLowerCase() === store.project.toLowerCase());
  const message = `Infisical does not know a project with the slug "${store.project}".`;
  const facts = { Exists: exists.join(", ") || "no project that this identity is a member of" };
  if (named)
    throw new BootstrapError("ESOB-I204", {
      message,
      reason: `"${named.name}" is the name of project ${named.slug} (the slug is generated and may differ)`,
      fix: {
        summary: `Use the slug: project: ${named.slug}`,
        command: `eso-bootstrap init --project ${named.slug}`,
      },
      facts,
    });
  if (desired.infisical.create) return;
  throw new BootstrapError("ESOB-I201", {
    message,
    fix: {
      summary: "Choose one that exists, or let it be created.",
      command: `eso-bootstrap init --project ${store.project} --create`,
    },
    facts,
  });
}

function assertMayCreateEnvironment(mayCreate: boolean, project: Project, store: DesiredStore): void {
  const message = `Project ${project.slug} has no environment with the slug "${store.environment}".`;
  const facts = { Exists: project.environments.map(({ slug }) => slug).join(", ") };
  const named = project.environments.find(
    ({ name }) => name.toLowerCase() === store.environment.toLowerCase(),
  );
  if (named)
    throw new BootstrapError("ESOB-I204", {
      message,
      reason: `"${named.name}" is the name of environment ${named.slug}`,
      fix: {
        summary: `Use the slug: environment: ${named.slug}`,
        command: `eso-bootstrap init --environment ${named.slug}`,
      },
      facts,
    });
  if (mayCreate) return;
  throw new BootstrapError("ESOB-I202", {
    message,
    fix: {
      summary: "Choose one that exists, or let it be created with --create.",
      command: "eso-bootstrap init --create",
    },
    facts,
  });
}

async function noFolder(
  { infisical }: RoadContext,
  project: Project,
  store: DesiredStore,
): Promise<BootstrapError> {
  const parent = store.path.slice(0, store.path.lastIndexOf("/")) || "/";
  const siblings = await infisical.listFolders({ project, environment: store.environment, path: parent });
  const prefix = parent === "/" ? "/" : `${parent}/`;
  return new BootstrapError("ESOB-I203", {
    message: `Environment ${store.environment} of project ${project.slug} has no folder ${store.path}.`,
    fix: {
      summary: "Choose one that exists, or let it be created with --create.",
      command: "eso-bootstrap init --create",
    },
    facts: { Exists: siblings.map((name) => `${prefix}${name}`).join(", ") || `nothing below ${parent}` },
  });
}
