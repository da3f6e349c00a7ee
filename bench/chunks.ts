import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, timeOnce } from "./measure.ts";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));

/** Start-up cost and size of every chunk that is loaded lazily (the shared ones are part of those that import them). */
export async function chunkCosts(): Promise<{ name: string; ms: number; kilobytes: number }[]> {
  const chunks = readdirSync(DIST).filter((name) => /^(?!chunk-|main\.).*\.c?js$/.test(name));
  const times = async (script: string) => {
    const all: number[] = [];
    for (let round = 0; round < 7; round += 1)
      all.push(await timeOnce({ name: script, program: process.execPath, args: ["-e", script] }));
    return median(all);
  };
  const bare = await times("0");
  const costs = [];
  for (const name of chunks) {
    const file = join(DIST, name);
    const ms = (await times(`import(${JSON.stringify(file)})`)) - bare;
    costs.push({ name, ms, kilobytes: statSync(file).size / 1024 });
  }
  return costs.toSorted((a, b) => b.ms - a.ms);
}
