import { MANAGED_BY_LABEL, MANAGER } from "../kubernetes/cluster.ts";
import type { Run, RunResult } from "../system/system.ts";
import { isLocalChart } from "./chart.ts";
import { helmError, helmMissing, helmTooOld } from "./errors.ts";
import type { Helm, InstallOptions, Release } from "./helm.ts";

/** `helm upgrade --labels`, our mark, came with 3.13; older than 3.14 is not tried (product.md, ESOB-H102). */
const MINIMUM = [3, 14] as const;
const NOT_FOUND = 127;
const MARK = `${MANAGED_BY_LABEL}=${MANAGER}`;
/** Time limit of one request to the API server, as our own have it; reading takes helm two, and well under a second. */
const CALL_TIMEOUT_MS = 30_000;
/** On top of helm's own --timeout, so that helm can say itself what it waited for. */
const GRACE_MS = 30_000;

/**
 * One release, whatever its status, in one call of helm. `helm list` would unpack all revisions of all releases, shows no
 * labels, and takes other flags in Helm 3 and 4; `helm get metadata` shows no labels before 4.
 */
const FACTS = [
  ".Version",
  ".Info.Status",
  ".Chart.Metadata.Name",
  ".Chart.Metadata.Version",
  '.Info.LastDeployed.UTC.Format "2006-01-02T15:04:05Z07:00"',
  `index .Release.Labels "${MANAGED_BY_LABEL}"`,
]
  .map((field) => `{{${field.startsWith(".") ? `.Release${field}` : field}}}`)
  .join("\t");

export interface HelmOptions {
  readonly run: Run;
  /** Variables for helm beyond those that every child gets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Hears of every helm that was started to write. */
  readonly onWrite?: () => void;
}

/** The helm program of this machine, 3.14 or newer, 4.x too: only flags that both know are used. */
export function createHelm(options: HelmOptions): Helm {
  const { kubeconfig, context, onWrite } = options;
  const readTimeoutMs = 2 * (options.timeoutMs ?? CALL_TIMEOUT_MS);
  const where = [
    ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
    ...(context === undefined ? [] : ["--kube-context", context]),
  ];
  const call = async (args: readonly string[], input?: string, timeoutMs = readTimeoutMs) => {
    const result = await options.run("helm", args, {
      timeoutMs,
      ...(input !== undefined && { input }),
      ...(options.env && { env: options.env }),
      ...(options.signal && { signal: options.signal }),
    });
    if (result.exitCode === NOT_FOUND) throw helmMissing();
    return result;
  };
  let known: Promise<string> | undefined;
  const version = () => (known ??= readVersion(call));
  /** An old helm stumbles over our flags: say that it is old, not which flag it was. */
  const read = async (args: readonly string[], doing: string): Promise<string | undefined> => {
    const [, result] = await Promise.all([version(), call([...args, ...where])]);
    return isAbsent(result) ? undefined : succeeded(result, doing).stdout;
  };
  const write = async (args: readonly string[], doing: string, timeoutMs: number, input?: string) => {
    await version();
    onWrite?.();
    const result = await call([...args, ...where], input, timeoutMs);
    if (!isAbsent(result)) succeeded(result, doing);
  };

  return {
    version,
    async release(name, namespace) {
      const get = (...args: string[]) =>
        read(["get", ...args, `--namespace=${namespace}`], `read release ${name}`);
      const [facts, values] = await Promise.all([
        get("all", name, `--template=${FACTS}`),
        get("values", name, "--output=json"),
      ]);
      return facts === undefined ? undefined : releaseOf(name, namespace, facts, values);
    },
    async localChartVersion(chart) {
      if (!isLocalChart(chart)) return undefined;
      const shown = succeeded(await call(["show", "chart", chart]), `read the chart ${chart}`).stdout;
      return /^version:\s*["']?([^"'\s]+)/m.exec(shown)?.[1];
    },
    upgradeInstall: (install) =>
      write(
        upgradeArgs(install),
        `install ${install.release}`,
        install.timeoutMs + GRACE_MS,
        JSON.stringify(install.values),
      ),
    uninstall: (name, namespace) =>
      write(["uninstall", name, `--namespace=${namespace}`], `uninstall ${name}`, readTimeoutMs + GRACE_MS),
  };
}

/**
 * Values come on stdin (`--values -`), never in argv. No `--wait`: we wait ourselves and say for what. `--reset-values`
 * because helm would otherwise reuse the old ones when ours are empty. The namespace must be there already.
 */
function upgradeArgs({ release, namespace, chart, repo, version, timeoutMs }: InstallOptions): string[] {
  const remote = !isLocalChart(chart);
  return [
    "upgrade",
    "--install",
    release,
    chart,
    ...(remote && repo !== undefined ? ["--repo", repo] : []),
    ...(remote && version !== undefined ? ["--version", version] : []),
    `--namespace=${namespace}`,
    `--timeout=${Math.ceil(timeoutMs / 1000)}s`,
    `--labels=${MARK}`,
    "--values=-",
    "--reset-values",
  ];
}

async function readVersion(call: (args: readonly string[]) => Promise<RunResult>): Promise<string> {
  const result = succeeded(await call(["version", "--short"]), "tell its version");
  const [, major, minor, patch] = /v?(\d+)\.(\d+)\.(\d+)/.exec(result.stdout) ?? [];
  if (major === undefined) throw helmError({ ...result, stderr: result.stdout }, "tell its version");
  const found = `${major}.${minor}.${patch}`;
  const [leastMajor, leastMinor] = MINIMUM;
  const old = Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor);
  if (old) throw helmTooOld(found, MINIMUM.join("."));
  return found;
}

function succeeded(result: RunResult, doing: string): RunResult {
  if (result.exitCode !== 0) throw helmError(result, doing);
  return result;
}

function isAbsent({ exitCode, stderr }: RunResult): boolean {
  return exitCode !== 0 && /\brelease: not found\b/.test(stderr);
}

function releaseOf(name: string, namespace: string, facts: string, values: string | undefined): Release {
  const [revision, status = "", chart = "", chartVersion = "", updated = "", manager] = facts
    .trim()
    .split("\t");
  return {
    name,
    namespace,
    revision: Number(revision),
    status,
    chart,
    chartVersion,
    updated: new Date(updated),
    ours: manager === MANAGER,
    // `null` where the user gave none
    values: (JSON.parse(values ?? "null") as Record<string, unknown> | null) ?? {},
  };
}
