import type { Subjects } from "../checks/collect.ts";
import type { Deps } from "../deps.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Line } from "./line.ts";
import type { NameKind } from "./names.ts";

/** A name, and what it is. */
export interface Candidate {
  readonly name: string;
  readonly about?: string;
}

/** What names are looked up with. `deps` end when the time is up. */
export interface Asked {
  readonly line: Line;
  readonly deps: Deps;
}

type Source = (asked: Asked) => Promise<readonly (string | Candidate)[]>;

/** Where names of each kind come from. The cluster is asked for lists only; Infisical, which would take a credential, never. */
export const SOURCES: Readonly<Record<Exclude<NameKind, "files" | "folders">, Source>> = {
  contexts: async ({ line, deps }) => {
    const kubeconfig = textOf(line, "kubeconfig");
    const contexts = await deps.listContexts(kubeconfig === undefined ? {} : { kubeconfig });
    return contexts.map(({ name, current }) => ({ name, ...(current && { about: "current" }) }));
  },
  namespaces: (asked) => inTime(asked, () => namespaces(asked)),
  stores: async (asked) => [...(await declared(asked)).stores, ...(await live(asked)).stores],
  secrets: async (asked) => [...(await declared(asked)).secrets, ...(await live(asked)).secrets],
  synced: async (asked) => (await whatIsMeant(asked)).secrets,
  judged: async (asked) => {
    const { stores, secrets } = await whatIsMeant(asked);
    return [...secrets, ...stores];
  },
  keys: async (asked) => {
    const { secrets } = await settingsOf(asked);
    const has = secrets.find(({ name }) => name === textOf(asked.line, "to")?.split("/").at(-1));
    return secrets
      .filter((secret) => secret !== has)
      .flatMap(keysOf)
      .filter(not(has ? keysOf(has) : []));
  },
  codes: async () => {
    const { CODES } = await import("../codes.ts");
    return Object.entries(CODES).map(([name, { title }]) => ({ name, about: title }));
  },
  checks: async (asked) => {
    const { CATEGORIES } = await import("../checks/index.ts");
    return [
      ...CATEGORIES.map(({ id, title }) => ({ name: id, about: title })),
      ...(await SOURCES.codes(asked)),
    ];
  },
  breakages: async () => {
    const { breakages } = await import("../commands/demo.ts");
    return [{ name: "list", about: "what there is" }, ...(await breakages())];
  },
};

const textOf = ({ given }: Line, attribute: string) => {
  const value = given.get(attribute);
  return typeof value === "string" ? value : undefined;
};

const not = (others: readonly string[]) => (name: string) => !others.includes(name);

interface Places {
  readonly stores: readonly string[];
  readonly secrets: readonly string[];
}

const NOTHING: Places = { stores: [], secrets: [] };

/** As sync and doctor go by it: what the file names; without one, or with -A, what is there. */
async function whatIsMeant(asked: Asked): Promise<Places> {
  const all = asked.line.given.has("allNamespaces");
  const named = all ? NOTHING : await declared(asked);
  return named.secrets.length > 0 ? named : live(asked);
}

async function declared(asked: Asked): Promise<Places> {
  const { stores, secrets } = await settingsOf(asked);
  return { stores: stores.map(({ name }) => name), secrets: secrets.map(({ name }) => name) };
}

const keysOf = ({ keys }: Inputs["secrets"][number]) => (keys === "all" ? [] : keys.map(({ key }) => key));

/** What flags, environment and file say; nothing where they cannot be read: the command itself will tell. */
async function settingsOf({ line, deps }: Asked): Promise<Pick<Inputs, "stores" | "secrets" | "cluster">> {
  const { readInputs } = await import("../commands/read-inputs.ts");
  const [file, context, kubeconfig, namespace] = ["file", "context", "kubeconfig", "namespace"].map((name) =>
    textOf(line, name),
  );
  const voice = {
    output: "human",
    timeoutMs: 0,
    color: false,
    quiet: true,
    verbose: false,
    debug: false,
  } as const;
  const invocation = {
    command: "completion",
    args: [],
    flags: Object.fromEntries(line.given),
    global: { file, context, kubeconfig, namespace, ...voice },
    version: "",
    typed: [],
  };
  const [inputs] = await readInputs(invocation, deps).catch(() => []);
  const cluster = {
    name: undefined,
    context: context?.split(",")[0],
    apiServer: undefined,
    caFile: undefined,
  };
  return inputs ?? { stores: [], secrets: [], cluster };
}

async function openCluster(asked: Asked) {
  const kubeconfig = textOf(asked.line, "kubeconfig");
  const { context } = (await settingsOf(asked)).cluster;
  return asked.deps.openCluster({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
  });
}

async function namespaces(asked: Asked): Promise<string[]> {
  const cluster = await openCluster(asked);
  const names: string[] = [];
  for await (const { metadata } of cluster.list({ apiVersion: "v1", kind: "Namespace" }))
    names.push(metadata.name);
  return names;
}

/** Those in the cluster that have to do with Infisical; with their namespace where that is typed, or all are meant. */
async function live(asked: Asked): Promise<Places> {
  const { given, word } = asked.line;
  const [typed, isTyped] = [word.split("/")[0], word.includes("/")];
  const all = given.has("allNamespaces");
  const found = await inTime(asked, async () => {
    const [{ collect }, { scopeOf }] = await Promise.all([
      import("../checks/collect.ts"),
      import("../checks/scope.ts"),
    ]);
    const cluster = await openCluster(asked);
    const namespace = (isTyped ? typed : textOf(asked.line, "namespace")) ?? cluster.info.namespace;
    return [await collect(cluster, scopeOf({ all: all && !isTyped, namespace, names: [] }, undefined))];
  });
  return placesOf(found, all || isTyped);
}

function placesOf(found: readonly Subjects[], withNamespace: boolean): Places {
  const nameOf = ({ namespace, name }: { readonly namespace: string | undefined; readonly name: string }) =>
    withNamespace && namespace !== undefined ? `${namespace}/${name}` : name;
  return {
    stores: found.flatMap(({ stores }) => stores.map(nameOf)),
    secrets: found.flatMap(({ secrets }) => secrets.map(nameOf)),
  };
}

/** Nothing where it fails, or the time is up first: whoever types must not wait, nor read an error in the prompt. */
async function inTime<T>(
  { deps: { signal } }: Asked,
  look: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const late = new Promise<[]>((resolve) => {
    if (signal.aborted) resolve([]);
    signal.addEventListener("abort", () => resolve([]), { once: true });
  });
  return Promise.race([look().catch(() => []), late]);
}
