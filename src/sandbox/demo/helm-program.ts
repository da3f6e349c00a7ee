import { parseArgs } from "node:util";
import { jsonOf, recordOf } from "../../data.ts";
import type { Deps } from "../../deps.ts";
import { isBootstrapError } from "../../errors.ts";
import type { Release } from "../../helm/helm.ts";
import { MANAGED_BY_LABEL, MANAGER, type Cluster } from "../../kubernetes/cluster.ts";
import { createStandInHelm, releasesIn, type StandInHelm } from "../helm.ts";

/** What a command line of helm came to. */
export interface HelmRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What it is run with: a cluster by its kubeconfig, and stdin. */
type Machine = Pick<Deps, "openCluster" | "readStdin">;

const FLAGS = {
  kubeconfig: { type: "string" },
  "kube-context": { type: "string" },
  namespace: { type: "string", short: "n" },
  template: { type: "string" },
  output: { type: "string", short: "o" },
  repo: { type: "string" },
  version: { type: "string" },
  timeout: { type: "string" },
  labels: { type: "string" },
  values: { type: "string", short: "f" },
  install: { type: "boolean", short: "i" },
  short: { type: "boolean" },
  "reset-values": { type: "boolean" },
  "all-namespaces": { type: "boolean", short: "A" },
} as const;

type Flags = Readonly<Partial<Record<keyof typeof FLAGS, string | boolean>>>;

/** A command line that is under way. */
interface Call {
  readonly helm: StandInHelm;
  readonly cluster: Cluster;
  readonly flags: Flags;
  /** What stands after the name of the command. */
  readonly args: readonly string[];
  readonly readStdin: () => Promise<string>;
}

/** What is said on stdout. */
type Command = (call: Call) => Promise<string>;

/** As helm says it of a release that is not there. */
class NotFound extends Error {
  constructor() {
    super("release: not found");
  }
}

const textOf = (flags: Flags, name: keyof Flags): string | undefined => {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
};
const namespaceOf = ({ flags, cluster }: Call) => textOf(flags, "namespace") ?? cluster.info.namespace;

async function releaseOf(call: Call, name = ""): Promise<Release> {
  const found = await call.helm.release(name, namespaceOf(call));
  if (!found) throw new NotFound();
  return found;
}

/** The fields of a release that a template may ask for: those of `helm/client.ts`. */
const FIELDS: Readonly<Record<string, (release: Release) => string>> = {
  ".Release.Version": ({ revision }) => String(revision),
  ".Release.Info.Status": ({ status }) => status,
  ".Release.Chart.Metadata.Name": ({ chart }) => chart,
  ".Release.Chart.Metadata.Version": ({ chartVersion }) => chartVersion,
  '.Release.Info.LastDeployed.UTC.Format "2006-01-02T15:04:05Z07:00"': ({ updated }) => updated.toISOString(),
  [`index .Release.Labels "${MANAGED_BY_LABEL}"`]: ({ ours }) => (ours ? MANAGER : ""),
};

const filled = (template: string, release: Release): string =>
  template.replaceAll(/\{\{(.*?)\}\}/g, (_whole, field: string) => {
    const value = FIELDS[field.trim()];
    if (!value) throw new Error(`the stand-in for helm knows no field ${field}`);
    return value(release);
  });

const COLUMNS = ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART"];
const rowOf = (one: Release): readonly string[] => [
  one.name,
  one.namespace,
  String(one.revision),
  one.updated.toISOString(),
  one.status,
  `${one.chart}-${one.chartVersion}`,
];

function table(rows: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

/** The command lines that the tool runs, and `list` for a person who looks around. */
const COMMANDS: Readonly<Record<string, Command>> = {
  version: async ({ helm }) =>
    `v${await helm.version()} (no helm: a stand-in of eso-bootstrap demo, for ESO's chart alone)\n`,
  "get all": async (call) => {
    const release = await releaseOf(call, call.args[0]);
    const template = textOf(call.flags, "template");
    return template === undefined ? table([COLUMNS, rowOf(release)]) : filled(template, release);
  },
  "get values": async (call) => `${JSON.stringify((await releaseOf(call, call.args[0])).values)}\n`,
  list: async (call) => {
    const everywhere = call.flags["all-namespaces"] === true;
    const found = await releasesIn(call.cluster, everywhere ? undefined : namespaceOf(call));
    return table([COLUMNS, ...found.map(rowOf)]);
  },
  "show chart": async ({ helm, args: [chart = ""] }) =>
    `name: external-secrets\nversion: ${(await helm.localChartVersion(chart)) ?? ""}\n`,
  upgrade: async (call) => {
    const [release = "", chart = ""] = call.args;
    const version = textOf(call.flags, "version");
    const values = call.flags["values"] === "-" ? recordOf(jsonOf(await call.readStdin())) : {};
    const install = { release, chart, namespace: namespaceOf(call), values, timeoutMs: 0 };
    await call.helm.upgradeInstall({ ...install, ...(version !== undefined && { version }) });
    return `Release "${release}" has been upgraded by the stand-in for helm.\n`;
  },
  uninstall: async (call) => {
    const { name, namespace } = await releaseOf(call, call.args[0]);
    await call.helm.uninstall(name, namespace);
    return `release "${name}" uninstalled\n`;
  },
};

/**
 * The program `helm` of the demo's folder, for a machine that has none. It answers the command lines that the tool runs, says that it
 * is a stand-in, and works on the demo's cluster alone: its shell may meanwhile have turned to another one.
 */
export async function runHelm(server: string, argv: readonly string[], machine: Machine): Promise<HelmRun> {
  try {
    const { values: flags, positionals } = parseArgs({
      args: [...argv],
      options: FLAGS,
      allowPositionals: true,
    });
    const words = [positionals.slice(0, 2).join(" "), positionals[0] ?? ""];
    const name = words.find((one) => Object.hasOwn(COMMANDS, one)) ?? "";
    const command = COMMANDS[name];
    if (!command)
      throw new Error(
        `this is no helm, but a stand-in of eso-bootstrap demo: it knows ${Object.keys(COMMANDS).join(", ")}`,
      );
    const cluster = await open(server, flags, machine);
    const call: Call = {
      helm: createStandInHelm(cluster),
      cluster,
      flags,
      args: positionals.slice(name.split(" ").length),
      readStdin: machine.readStdin,
    };
    return { code: 0, stdout: await command(call), stderr: "" };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const reason = isBootstrapError(error) && error.reason !== undefined ? `: ${error.reason}` : "";
    return { code: 1, stdout: "", stderr: `Error: ${error.message}${reason}\n` };
  }
}

async function open(server: string, flags: Flags, { openCluster }: Machine): Promise<Cluster> {
  const [kubeconfig, context] = [textOf(flags, "kubeconfig"), textOf(flags, "kube-context")];
  const cluster = await openCluster({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
  });
  if (cluster.info.server !== server)
    throw new Error(`the stand-in for helm works on the demo's cluster alone, not on ${cluster.info.server}`);
  return cluster;
}
