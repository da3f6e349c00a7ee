import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

/** A command that is timed. */
export interface Timed {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** What one run cost. */
export interface Cost {
  readonly ms: number;
  /** Until it said its first word, on either stream. */
  readonly firstWordMs: number;
  /** Peak of resident memory (VmHWM of Linux, looked at every 5 ms); 0 where it cannot be read. */
  readonly megabytes: number;
  /** What it wrote to stdout: the last of it where that is much. */
  readonly output: string;
}

/** Characters that are kept of what a command wrote. */
const MOST = 200_000;

/** Runs it once and gives the milliseconds; throws with what it wrote when it fails. */
export async function timeOnce(command: Timed): Promise<number> {
  return (await costOnce(command)).ms;
}

/** Runs it once; exit codes besides 0 that are fine with this command are listed in `allowed`. */
export function costOnce(
  { name, program, args, env, cwd }: Timed,
  allowed: readonly number[] = [],
): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(program, args, { env: env ?? process.env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    let megabytes = 0;
    let firstWordMs = 0;
    const looking = setInterval(() => (megabytes = Math.max(megabytes, peakOf(child.pid))), 5);
    const said = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].on("data", (chunk: Buffer) => {
        firstWordMs ||= performance.now() - began;
        said[stream] = `${said[stream]}${chunk.toString("utf8")}`.slice(-MOST);
      });
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(looking);
      if (code === 0 || allowed.includes(code ?? -1)) {
        resolve({ ms: performance.now() - began, firstWordMs, megabytes, output: said.stdout });
      } else reject(new Error(`${name} ended with ${code}:\n${said.stderr}${said.stdout.slice(-2000)}`));
    });
  });
}

function peakOf(pid: number | undefined): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Both sides in turn, so that whatever else the machine does hits both; medians and their ratio. */
export async function sideBySide(
  ours: Timed,
  theirs: Timed,
  rounds: number,
): Promise<{ ours: number; theirs: number; ratio: number }> {
  const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round += 1) {
    times.ours.push(await timeOnce(ours));
    times.theirs.push(await timeOnce(theirs));
  }
  const [a, b] = [median(times.ours), median(times.theirs)];
  return { ours: a, theirs: b, ratio: a / b };
}
