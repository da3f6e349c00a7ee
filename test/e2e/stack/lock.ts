import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { isRunning } from "./children.ts";

/** Runs `work` while holding a lock file; a lock whose holder is dead is taken over. */
export async function withLock<T>(
  file: string,
  log: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  for (let said = false; !take(file); said = true) {
    if (!said) log(`stack: waiting for another build (${file})`);
    await delay(500);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (!held(file)) rmSync(file, { force: true });
    return false;
  }
}

function held(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    // Empty for the moment between making the file and writing it.
    return pid === 0 || isRunning(pid);
  } catch {
    return false;
  }
}
