import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * A file of `../shared/contracts`, which stands beside the repository and is no part of it; undefined where it is not there:
 * tests that need it are then shown as skipped, under a name that says what they need.
 */
export function contract(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../shared/contracts/${name}`, import.meta.url));
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
