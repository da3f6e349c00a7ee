import { readdirSync } from "node:fs";
import type { Breakage } from "./breakages/breakage.ts";

const folder = new URL("./breakages/", import.meta.url);

/** Every list of breakages that a file of the folder exports. */
export async function allBreakages(): Promise<readonly Breakage[]> {
  const files = readdirSync(folder).toSorted();
  const modules = files.map(
    (file) => import(new URL(file, folder).href) as Promise<Record<string, readonly Breakage[]>>,
  );
  return (await Promise.all(modules)).flatMap((module) => Object.values(module).flat());
}
