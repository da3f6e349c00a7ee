import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { costOnce, median, type Timed } from "./measure.ts";
import type { Weight } from "./results.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BIN = join(ROOT, "bin/eso-bootstrap.js");
const ROUNDS = 5;

/** What the package weighs, and what the demo costs on a machine with nothing but Node. */
export async function weigh(): Promise<Weight> {
  const folder = mkdtempSync(join(tmpdir(), "eso-bench-"));
  try {
    const [packed] = JSON.parse(
      execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
        cwd: ROOT,
        encoding: "utf8",
      }),
    ) as { size: number; unpackedSize: number }[];
    const demo: Timed = { name: "demo", program: process.execPath, args: [BIN, "demo"], cwd: folder };
    const costs = [];
    for (let round = 0; round < ROUNDS; round += 1) costs.push(await costOnce(demo));
    return {
      tarballKilobytes: (packed?.size ?? 0) / 1000,
      unpackedKilobytes: (packed?.unpackedSize ?? 0) / 1000,
      demoMs: median(costs.map(({ ms }) => ms)),
      demoMegabytes: median(costs.map(({ megabytes }) => megabytes)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
