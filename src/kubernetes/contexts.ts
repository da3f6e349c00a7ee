import { BootstrapError } from "../errors.ts";
import {
  type Kubeconfig,
  type KubeconfigCluster,
  type KubeconfigContext,
  type KubeconfigUser,
  loadKubeconfig,
  type KubeconfigOptions,
  unusable,
} from "./kubeconfig.ts";

/** One line of the wizard's question which cluster is meant. */
export interface ContextInfo {
  readonly name: string;
  readonly server: string;
  readonly current: boolean;
  /** Where it works by default; undefined where it names none. */
  readonly namespace: string | undefined;
}

/** A context with the cluster and the user that it names. */
export interface ChosenContext {
  readonly context: KubeconfigContext;
  readonly cluster: KubeconfigCluster;
  /** Without a user the request is anonymous, as with kubectl. */
  readonly user: KubeconfigUser;
  readonly source: string;
}

/** The contexts of the kubeconfig, in its order; those whose cluster is missing are left out. Contacts nothing. */
export async function listContexts(options: KubeconfigOptions): Promise<ContextInfo[]> {
  const config = loadKubeconfig(options);
  return config.contexts.flatMap(({ name, cluster, namespace }) => {
    const server = config.clusters.find((candidate) => candidate.name === cluster)?.server;
    return server === undefined ? [] : [{ name, server, current: name === config.currentContext, namespace }];
  });
}

/** `--context`, else the current one. ESOB-L102 names those that exist; L103: its cluster or user is missing. */
export function chooseContext(config: Kubeconfig, wanted: string | undefined): ChosenContext {
  const name = wanted ?? config.currentContext;
  const context = config.contexts.find((candidate) => candidate.name === name);
  if (!context) throw unknownContext(config, name);
  const cluster = config.clusters.find((candidate) => candidate.name === context.cluster);
  if (!cluster)
    throw unusable(
      config.source,
      `context ${context.name} names the cluster "${context.cluster}", which is not there`,
    );
  const user = config.users.find((candidate) => candidate.name === context.user);
  if (!user && context.user !== "")
    throw unusable(
      config.source,
      `context ${context.name} names the user "${context.user}", which is not there`,
    );
  return { context, cluster, user: user ?? { name: "anonymous" }, source: config.source };
}

function unknownContext(config: Kubeconfig, name: string | undefined): BootstrapError {
  const names = config.contexts.map((context) => context.name);
  const exist = names.length === 0 ? "none" : names.join(", ");
  return new BootstrapError("ESOB-L102", {
    message:
      name === undefined
        ? "The kubeconfig has no current context."
        : `The kubeconfig has no context "${name}".`,
    reason: `${config.source} has: ${exist}`,
    facts: { Exists: exist },
    fix: {
      summary: "Choose one that exists.",
      command:
        names[0] === undefined ? "kubectl config get-contexts" : `eso-bootstrap … --context ${names[0]}`,
    },
  });
}
