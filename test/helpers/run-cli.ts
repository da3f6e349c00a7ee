import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a command line left behind. */
export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
export interface Running {
  readonly pid: number;
  /** SIGKILL: to the process alone, or with its children where it has a group. */
  kill(): void;
  killGroup(): void;
}

export interface CliRun {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly input?: string;
  /** Hears of the process, to kill it. */
  readonly onStart?: (child: Running) => void;
  /** Hears what it writes to stderr, as it comes. */
  readonly onStderr?: (text: string) => void;
  /** Gives it a process group of its own, so that its children can be killed with it. */
  readonly group?: boolean;
}

const BIN = fileURLToPath(new URL("../../bin/eso-bootstrap.js", import.meta.url));

/** Runs the built package as a user does: its own process, only the given environment. */
export function runCli({
  args,
  cwd,
  env,
  input,
  onStart,
  onStderr,
  group = false,
}: CliRun): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd,
      env,
      detached: group,
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("utf8");
      onStderr?.(chunk.toString("utf8"));
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    if (input !== undefined) child.stdin?.end(input);
    const pid = child.pid ?? 0;
    onStart?.({
      pid,
      kill: () => child.kill("SIGKILL"),
      killGroup: () => {
        if (!group || pid === 0) throw new Error("it has no process group of its own");
        process.kill(-pid, "SIGKILL");
      },
    });
  });
}
