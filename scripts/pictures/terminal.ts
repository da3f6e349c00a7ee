import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

export const COLUMNS = 80;

/**
 * Runs a program of Node's in a real pseudo-terminal of 80 columns, made by `script` of util-linux: Debian marks its package
 * (bsdutils) essential, so that a stranger has it.
 */
export function spawnOnTerminal(
  args: readonly string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): ChildProcessByStdio<Writable, Readable, null> {
  const line = [process.execPath, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const command = `stty cols ${COLUMNS} rows 50; exec ${line}`;
  return spawn("script", ["-qfec", command, "/dev/null"], {
    cwd,
    env: { ...env, TERM: "xterm-256color", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "inherit"],
  });
}
