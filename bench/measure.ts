import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";

/** A command that is timed. */
export interface Timed {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** Runs it once and gives the milliseconds; throws with what it wrote when it fails. */
export function timeOnce({ name, program, args, env, cwd }: Timed): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(program, args, { env: env ?? process.env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0
        ? resolve(performance.now() - began)
        : reject(new Error(`${name} ended with ${code}:\n${said}`)),
    );
  });
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
