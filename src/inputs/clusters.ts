import { BootstrapError } from "../errors.ts";
import type { ConfigFile } from "./config-file.ts";
import { entries } from "./config-rules.ts";
import { FIELDS } from "./fields.ts";
import { fromFlag, fromVariable, type Given, type ResolveOptions } from "./given.ts";
import { shown, splitList } from "./value.ts";

/** One cluster to work on: the options and the file as they are for it alone. */
export interface ClusterTarget {
  readonly options: ResolveOptions;
  readonly config: ConfigFile | undefined;
}

/** The clusters that `clusters:` or a list in `--context` name; otherwise one. */
export function clusterTargets(options: ResolveOptions, config: ConfigFile | undefined): ClusterTarget[] {
  const chosen = fromFlag(FIELDS.cluster.context, options) ?? fromVariable(FIELDS.cluster.context, options);
  const contexts = chosen === undefined ? [] : [...new Set(splitList(String(chosen.value)))];
  const listed = config ? entries(config.values, "clusters") : [];
  const targets =
    config && listed.length > 0
      ? listedTargets(options, config, contexts)
      : contexts.length > 1 && chosen
        ? contexts.map((context) => contextTarget(options, config, context, chosen))
        : [{ options, config }];
  if (targets.length > 1) refuseClusterFlags(options, targets.length);
  return targets;
}

function listedTargets(
  options: ResolveOptions,
  config: ConfigFile,
  contexts: readonly string[],
): ClusterTarget[] {
  const listed = entries(config.values, "clusters");
  const known = listed.map(({ context }) => String(context));
  const stranger = contexts.find((context) => !known.includes(context));
  if (stranger !== undefined)
    throw new BootstrapError("ESOB-C104", {
      message: `${config.path} has no cluster with the context ${shown(stranger)}.`,
      reason: `it lists ${known.join(", ")}`,
      fix: { summary: "Choose among them with --context, or add it under clusters." },
    });
  return listed.flatMap((cluster, index) => {
    const isWanted = contexts.length === 0 || contexts.includes(String(cluster["context"]));
    return isWanted
      ? [{ options: withContext(options, undefined), config: narrowed(config, cluster, index) }]
      : [];
  });
}

/** The file as if `clusters[index]` were its `cluster`. */
function narrowed(config: ConfigFile, cluster: Record<string, unknown>, index: number): ConfigFile {
  const prefix = `clusters[${index}]`;
  const moved = [...config.positions].flatMap(([key, position]) =>
    key === prefix || key.startsWith(`${prefix}.`)
      ? [[key.replace(prefix, "cluster"), position] as const]
      : [],
  );
  return {
    ...config,
    values: { ...config.values, cluster },
    positions: new Map([...config.positions, ...moved]),
  };
}

/** What the file says of one cluster (name, address, identities) holds for that one only, when several are meant. */
function contextTarget(
  options: ResolveOptions,
  config: ConfigFile | undefined,
  context: string,
  chosen: Given,
): ClusterTarget {
  const one = withContext(options, context, chosen.source === "flag");
  const described = config?.values["cluster"];
  const isDescribed =
    typeof described === "object" &&
    described !== null &&
    "context" in described &&
    described.context === context;
  return { options: one, config: config && !isDescribed ? withoutCluster(config) : config };
}

function withoutCluster(config: ConfigFile): ConfigFile {
  const { cluster: _cluster, ...values } = config.values;
  const stores = entries(values, "stores").map(({ identityId: _identityId, ...store }) => store);
  return { ...config, values: stores.length === 0 ? values : { ...values, stores } };
}

function withContext(options: ResolveOptions, context: string | undefined, isFlag = true): ResolveOptions {
  const variable = FIELDS.cluster.context.variable ?? "";
  return {
    ...options,
    flags: { ...options.flags, context: isFlag ? context : undefined },
    env: { ...options.env, [variable]: isFlag ? undefined : context },
  };
}

function refuseClusterFlags(options: ResolveOptions, count: number): void {
  for (const field of [FIELDS.cluster.name, FIELDS.cluster.apiServer, FIELDS.cluster.caFile]) {
    const given = fromFlag(field, options) ?? fromVariable(field, options);
    if (!given) continue;
    throw new BootstrapError("ESOB-C108", {
      message: `${given.from} describes one cluster, but ${count} are meant.`,
      reason: "each cluster has a name, an address and a CA of its own",
      fix: {
        summary: "Set it in the file, in the entry under clusters, or choose one cluster with --context.",
      },
    });
  }
}
