import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");
const NOT_OURS = new Set(["node_modules", "dist", ".cache", ".git", "coverage"]);
/** Made by a run or an editor, never committed. */
const LEFT_BEHIND = /\.(tgz|log|tmp(\.\w+)?)$/;

/** Our files below a folder, as `src/cli.ts`; `ext` is how their names end. */
export function filesBelow(folder: string, ext = ""): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !NOT_OURS.has(entry.name)) found.push(...filesBelow(path, ext));
    else if (entry.isFile() && entry.name.endsWith(ext) && !LEFT_BEHIND.test(entry.name)) found.push(path);
  }
  return found.map((path) => relative(".", path).split(sep).join("/")).toSorted();
}

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** `file:line: text` of every line that matches. */
export function linesThat(match: RegExp, files: readonly string[]): string[] {
  return files.flatMap((file) =>
    textOf(file)
      .split("\n")
      .flatMap((line, index) => (match.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}
