import type { Infisical, OperatorCredential, Project, SecretScope } from "../infisical/infisical.ts";
import { CLOUD_HOSTS } from "../inputs/host.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { knownProject } from "./projects.ts";
import type { WizardDeps } from "./question.ts";

/** The live systems as the answers so far name them; asked only when a question needs them, and once. */
export interface Live {
  readonly host: string;
  cluster(): Promise<Cluster>;
  infisical(): Promise<Infisical>;
  /** undefined: it will be created. Throws ESOB-I201 / I204 for one that is given, does not exist and may not be created. */
  project(): Promise<Project | undefined>;
  /** undefined: project or environment will be created, so that nothing is in it. */
  scope(): Promise<SecretScope | undefined>;
  /** Names of the secrets there; [] where nothing is yet. */
  names(): Promise<readonly string[]>;
}

interface LiveOptions {
  readonly deps: Pick<WizardDeps, "cluster" | "infisical">;
  readonly value: (key: string) => unknown;
  readonly credential: () => OperatorCredential | undefined;
}

export function createLive({ deps, value, credential }: LiveOptions): Live {
  const memory = {
    cluster: createMemory<Cluster>(),
    infisical: createMemory<Infisical>(),
    project: createMemory<Project | undefined>(),
    names: createMemory<readonly string[]>(),
  };
  const text = (key: string) => {
    const found = value(key);
    return typeof found === "string" ? found : undefined;
  };

  const live: Live = {
    get host() {
      return text("infisical.host") ?? CLOUD_HOSTS["us"] ?? "";
    },
    cluster: () => {
      const context = text("cluster.context");
      return memory.cluster([context], () => deps.cluster(context));
    },
    infisical: () => {
      const login = credential();
      return memory.infisical([live.host, login], () => deps.infisical(live.host, login));
    },
    project: async () => {
      const slug = text("stores[].project") ?? text("infisical.project");
      if (slug === undefined) return undefined;
      const infisical = await live.infisical();
      const mayCreate = value("infisical.create") === true;
      return memory.project([infisical, slug, mayCreate], () => knownProject(infisical, slug, mayCreate));
    },
    scope: async () => {
      const project = await live.project();
      const environment = text("stores[].environment");
      const known = project?.environments.some(({ slug }) => slug === environment);
      if (!project || environment === undefined || !known) return undefined;
      return { project, environment, path: text("stores[].path") ?? "/" };
    },
    names: async () => {
      const scope = await live.scope();
      if (!scope) return [];
      const infisical = await live.infisical();
      const key = [infisical, scope.project.id, scope.environment, scope.path];
      return memory.names(key, () => infisical.listSecretNames(scope));
    },
  };
  return live;
}

/** Remembers the last answer while the key is the same; a failure is not remembered. */
function createMemory<T>(): (key: readonly unknown[], load: () => Promise<T>) => Promise<T> {
  let last: { key: readonly unknown[]; promise: Promise<T> } | undefined;
  return async (key, load) => {
    if (!last?.key.every((part, index) => part === key[index])) last = { key, promise: load() };
    const { promise } = last;
    try {
      return await promise;
    } catch (error) {
      if (last?.promise === promise) last = undefined;
      throw error;
    }
  };
}
