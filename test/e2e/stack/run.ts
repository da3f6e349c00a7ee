import { execFile } from "node:child_process";

/** Options of `run`. `env` is added to the process's own environment. */
export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
}

/** Runs a program to its end and gives its stdout. A failure throws with the end of stderr in the message. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        maxBuffer: 256 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        if (error.code === "ENOENT") return reject(error);
        const shown = [command.split("/").at(-1), ...args].join(" ").slice(0, 200);
        reject(new Error(`${shown}: exit ${error.code ?? error.signal}\n${stderr.slice(-4000).trim()}`));
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input ?? "");
  });
}
