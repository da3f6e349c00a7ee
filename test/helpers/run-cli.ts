import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a command line left behind. */
export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRun {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly input?: string;
  /** Hears of the process, to kill it. */
  readonly onStart?: (child: { pid: number; kill(): void }) => void;
}

const BIN = fileURLToPath(new URL("../../bin/eso-bootstrap.js", import.meta.url));

/** Runs the built package as a user does: its own process, only the given environment. */
export function runCli({ args, cwd, env, input, onStart }: CliRun): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd,
      env,
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    if (input !== undefined) child.stdin?.end(input);
    onStart?.({ pid: child.pid ?? 0, kill: () => child.kill("SIGKILL") });
  });
}
