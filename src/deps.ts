import type { Cluster } from "./kubernetes/cluster.ts";
import type { Helm } from "./helm/helm.ts";
import type { Infisical, OperatorCredential } from "./infisical/infisical.ts";
import type { Clock, Files, Net, Prompt } from "./system/system.ts";
import { detectTerminal, type Terminal } from "./ui/terminal.ts";

/** Which cluster, and who hears of writes. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly onWrite?: () => void;
}

export interface InfisicalOptions {
  readonly host: string;
  readonly credential: OperatorCredential | undefined;
  readonly organization?: string;
  /** PEM of a self-signed server's CA. */
  readonly ca?: string;
  readonly onWrite?: () => void;
  /** How long one call waits in all for a rate limit to clear. */
  readonly waitBudgetMs?: number;
  /** Hears why a call waits, as a rate limit. */
  readonly onWait?: (text: string, seconds: number) => void;
  /** Time limit of one request, where the environment sets none. */
  readonly timeoutMs?: number;
}

/** A context of the kubeconfig. */
export interface ContextInfo {
  readonly name: string;
  readonly server: string;
  readonly current: boolean;
  readonly namespace: string | undefined;
}

/** Everything outside, as a command receives it. Adapters are loaded when they are first needed. */
export interface Deps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly terminal: (options: { noColour: boolean }) => Terminal;
  readonly clock: () => Promise<Clock>;
  readonly files: () => Promise<Files>;
  readonly net: () => Promise<Net>;
  readonly prompt: () => Promise<Prompt>;
  /** True when a person can be asked. */
  readonly interactive: boolean;
  readonly openCluster: (options: ClusterOptions) => Promise<Cluster>;
  readonly listContexts: (options: Pick<ClusterOptions, "kubeconfig">) => Promise<readonly ContextInfo[]>;
  readonly openInfisical: (options: InfisicalOptions) => Promise<Infisical>;
  readonly openHelm: (options: ClusterOptions) => Promise<Helm>;
  /** Text on stdin until it ends, for `--value-stdin`. */
  readonly readStdin: () => Promise<string>;
  /** The same terminal with nothing else of this one's environment: what `demo` runs commands with. */
  readonly elsewhere: (place: Pick<Deps, "env" | "cwd">) => Deps;
}

type Process = Pick<NodeJS.Process, "env" | "stdin" | "stdout" | "stderr" | "cwd">;

/**
 * The real ones. Only our own modules are imported lazily, never a package (aesthetics.md 3.4, rule 10). Node builds each of
 * its streams when it is first touched, some milliseconds each: `--help` needs no stdin.
 */
export function createDeps({ process, signal }: { process: Process; signal: AbortSignal }): Deps {
  const { env } = process;
  const canAsk = () => process.stdin.isTTY && process.stderr.isTTY && env["CI"] === undefined;
  const terminal: Deps["terminal"] = ({ noColour }) => {
    const { stdout, stderr } = process;
    return detectTerminal({ stdout, stderr, env, noColour });
  };
  return {
    env,
    cwd: process.cwd(),
    signal,
    get interactive() {
      return canAsk();
    },
    terminal,
    clock: async () => (await import("./system/clock.ts")).createClock(),
    files: async () => (await import("./system/files.ts")).createFiles(process.cwd()),
    net: async () => (await import("./system/net.ts")).createNet(),
    prompt: async () =>
      (await import("./ui/prompt.ts")).createPrompt({
        stdin: process.stdin,
        stderr: process.stderr,
        isTTY: canAsk(),
        unicode: terminal({ noColour: false }).unicode,
      }),
    openCluster: async (options) =>
      (await import("./kubernetes/client.ts")).createCluster({
        ...options,
        ...(await callLimit(env)),
        env,
        signal,
      }),
    listContexts: async (options) =>
      (await import("./kubernetes/client.ts")).listContexts({ ...options, env }),
    openInfisical: async (options) =>
      (await import("./infisical/client.ts")).createInfisical({
        ...options,
        ...(await callLimit(env)),
        env,
        signal,
        readText: async (path) => (await import("./system/files.ts")).createFiles(process.cwd()).read(path),
      }),
    openHelm: async (options) => {
      const [{ createHelm }, { createRun }] = await Promise.all([
        import("./helm/client.ts"),
        import("./system/run.ts"),
      ]);
      return createHelm({ ...options, ...(await callLimit(env)), run: createRun(env), signal });
    },
    readStdin: async () => {
      let text = "";
      for await (const chunk of process.stdin) text += String(chunk);
      return text;
    },
    elsewhere: ({ env: there, cwd }) => ({
      ...createDeps({ process: placed(process, there, cwd), signal }),
      terminal,
      interactive: canAsk(),
    }),
  };
}

/** The streams stay lazy. */
const placed = (process: Process, env: Deps["env"], cwd: string): Process => ({
  env,
  cwd: () => cwd,
  get stdin() {
    return process.stdin;
  },
  get stdout() {
    return process.stdout;
  },
  get stderr() {
    return process.stderr;
  },
});

/** Time limit of one request, where the environment sets it. */
async function callLimit(env: Deps["env"]): Promise<{ timeoutMs?: number }> {
  const timeoutMs = (await import("./system/call-timeout.ts")).callTimeoutOf(env);
  return timeoutMs === undefined ? {} : { timeoutMs };
}
