import { BootstrapError } from "../../../src/errors.ts";
import type { Event } from "../../../src/engine/events.ts";
import type {
  Infisical,
  OperatorCredential,
  Project,
  SecretScope,
  ServerTraits,
} from "../../../src/infisical/infisical.ts";
import type { Cluster, KubeObject, ObjectRef } from "../../../src/kubernetes/cluster.ts";
import { Secret } from "../../../src/secret.ts";
import type { Files } from "../../../src/system/system.ts";
import { runWizard } from "../../../src/wizard/wizard.ts";
import type { Answers, WizardDeps, WizardOptions } from "../../../src/wizard/question.ts";
import { createFakePrompt, type FakePrompt, type Script } from "../../fakes/prompt.ts";

export const DRAFT = "/home/me/.local/state/eso-bootstrap/answers.json";
export const LOGIN: OperatorCredential = {
  kind: "universal-auth",
  clientId: "3f61",
  clientSecret: new Secret("right"),
};

/** Everything that the wizard can look at, as plain data. */
export interface World {
  readonly contexts: { name: string; server: string; current: boolean }[];
  readonly unreachable: string[];
  readonly namespaces: string[] | "forbidden";
  readonly objects: KubeObject[];
  readonly projects: Project[];
  /** Some operators may find a project by slug, but list none. */
  readonly mayListProjects: boolean;
  /** Names of secrets by `project environment path`; a folder exists when it is here or above one. */
  readonly secrets: Record<string, string[]>;
  readonly files: Map<string, string>;
  readonly selfReview: boolean;
}

export const SHOP: Project = {
  id: "p1",
  name: "Shop",
  slug: "shop-x7k2",
  environments: ["dev", "staging", "prod"].map((slug) => ({ id: slug, slug, name: slug })),
};

export function createWorld(change: Partial<World> = {}): World {
  return {
    contexts: [
      { name: "dev", server: "https://dev:6443", current: false },
      { name: "prod-eu", server: "https://k8s.example:6443", current: true },
    ],
    unreachable: [],
    namespaces: ["default", "external-secrets", "kube-system", "cart"],
    objects: [],
    projects: [SHOP, { ...SHOP, id: "p2", name: "infra", slug: "infra" }],
    mayListProjects: true,
    secrets: {
      "shop-x7k2 prod /": ["ROOT"],
      "shop-x7k2 prod /shop": ["DB_USER", "DB_HOST", "SMTP", "DB_PASSWORD"],
      "shop-x7k2 prod /shop/api": [],
      "shop-x7k2 dev /": [],
    },
    files: new Map(),
    selfReview: true,
    ...change,
  };
}

export interface Outcome {
  readonly answers: Answers | undefined;
  readonly error: unknown;
  readonly prompt: FakePrompt;
  readonly events: Event[];
}

/** Runs the wizard in a world with a scripted person. */
export async function ask(
  script: Script,
  world: World = createWorld(),
  options: Partial<Pick<WizardOptions, "given" | "credential" | "ask">> = {},
): Promise<Outcome> {
  const prompt = createFakePrompt(script);
  const events: Event[] = [];
  const deps: WizardDeps = {
    prompt,
    files: filesOf(world),
    draftFile: DRAFT,
    emit: (event) => events.push(event),
    now: () => Date.parse("2026-11-23T20:15:00Z"),
    contexts: async () => world.contexts,
    cluster: async (context) => clusterOf(world, context ?? "prod-eu"),
    infisical: async (host, credential) => infisicalOf(world, host, credential),
  };
  try {
    const answers = await runWizard({ given: {}, ...options, deps });
    return { answers, error: undefined, prompt, events };
  } catch (error) {
    return { answers: undefined, error, prompt, events };
  }
}

function filesOf({ files }: World): Files {
  return {
    read: async (path) => files.get(path),
    write: async (path, text) => void files.set(path, text),
    append: async (path, text) => void files.set(path, (files.get(path) ?? "") + text),
  };
}

type UsedCluster = Pick<Cluster, "info" | "version" | "list" | "get">;

function clusterOf(world: World, context: string): Cluster {
  const used: UsedCluster = {
    info: { context, server: "https://k8s.example:6443", ca: undefined, namespace: "default" },
    version: async () => {
      if (!world.unreachable.includes(context)) return "v1.36.3";
      throw new BootstrapError("ESOB-K101", { message: `${context} does not answer.`, reason: "refused" });
    },
    async *list() {
      if (world.namespaces === "forbidden")
        throw new BootstrapError("ESOB-K104", { message: "May not list namespaces." });
      for (const name of world.namespaces)
        yield { apiVersion: "v1", kind: "Namespace", metadata: { name } } satisfies KubeObject;
    },
    get: async ({ kind, namespace, name }: ObjectRef) =>
      world.objects.find(
        (object) =>
          object.kind === kind && object.metadata.namespace === namespace && object.metadata.name === name,
      ),
  };
  return partly<Cluster>(used);
}

type UsedInfisical = Pick<
  Infisical,
  | "host"
  | "status"
  | "whoAmI"
  | "traits"
  | "listProjects"
  | "findProject"
  | "listFolders"
  | "folderExists"
  | "listSecretNames"
>;

function infisicalOf(world: World, host: string, credential: OperatorCredential | undefined): Infisical {
  const key = ({ project, environment, path }: SecretScope) => `${project.slug} ${environment} ${path}`;
  const below = (scope: SecretScope) => (scope.path === "/" ? key(scope) : `${key(scope)}/`);
  const used: UsedInfisical = {
    host,
    status: async () => {
      if (!world.unreachable.includes(host)) return { date: undefined };
      throw new BootstrapError("ESOB-I101", { message: `${host} cannot be reached.` });
    },
    whoAmI: async () => {
      const secret =
        credential?.kind === "universal-auth"
          ? credential.clientSecret
          : credential?.kind === "token"
            ? credential.token
            : undefined;
      if (secret?.reveal() === "locked")
        throw new BootstrapError("ESOB-I106", { message: "The identity is locked out." });
      if (secret?.reveal() !== "right")
        throw new BootstrapError("ESOB-I105", {
          message: "Infisical refused the login.",
          reason: "the client secret is wrong",
        });
      return { identityId: "me", kind: "identity" };
    },
    traits: async () => ({ selfReview: world.selfReview }) satisfies Partial<ServerTraits> as ServerTraits,
    listProjects: async () => {
      if (world.mayListProjects) return world.projects;
      throw new BootstrapError("ESOB-I109", { message: "May not list projects." });
    },
    findProject: async (slug) => world.projects.find((project) => project.slug === slug),
    listFolders: async (scope) =>
      Object.keys(world.secrets)
        .filter((place) => place.startsWith(below(scope)) && place !== key(scope))
        .map((place) => place.slice(below(scope).length))
        .filter((name) => !name.includes("/")),
    folderExists: async (scope) => Object.keys(world.secrets).some((place) => place.startsWith(key(scope))),
    listSecretNames: async (scope) => world.secrets[key(scope)] ?? [],
  };
  return partly<Infisical>(used);
}

/** A port of which a test uses a part; what is missing fails by name. */
function partly<Port extends object>(used: Partial<Port>): Port {
  return new Proxy(used as Port, {
    get(target, name) {
      // Awaited ports are asked for `then`.
      if (name in target || name === "then") return Reflect.get(target, name) as unknown;
      throw new Error(`the wizard is not expected to use ${String(name)}`);
    },
  });
}
