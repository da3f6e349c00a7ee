import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { settings, startWorld } from "../test/e2e/world.ts";
import { esoHelmValues } from "../test/e2e/stack/eso.ts";
import { compareAtScale } from "./at-scale.ts";
import { chunkCosts } from "./chunks.ts";
import { sideBySide, timeOnce, type Timed } from "./measure.ts";

/**
 * `npm run bench`: both sides of each comparison in one run, in turn; prints medians and ratios. Nothing here fails on a time.
 * The by-hand road runs on a stack of its own (same binaries, same moment), because its `helm upgrade` would change our release.
 */
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const BIN = path("../bin/eso-bootstrap.js");
const say = (line: string) => void process.stdout.write(`${line}\n`);
const row = (what: string, { ours, theirs, ratio }: { ours: number; theirs: number; ratio: number }) =>
  say(
    `${what.padEnd(58)} ${ours.toFixed(0).padStart(7)} ms ${theirs.toFixed(0).padStart(7)} ms   ${ratio.toFixed(2)} ×`,
  );

const node = (...args: string[]): Timed => ({ name: args.join(" "), program: process.execPath, args });

say(`${"".padEnd(58)} ${"ours".padStart(10)} ${"other".padStart(10)}   ratio`);
row("--help / node -e 0", await sideBySide(node(BIN, "--help"), node("-e", "0"), 51));
row("--version / node -e 0", await sideBySide(node(BIN, "--version"), node("-e", "0"), 51));
await compareRoads();
for (const secrets of [100, 10_000]) await compareAtScale(secrets, say);
say("\nimport cost of each lazy chunk (median of 7, above node -e 0)");
for (const { name, ms, kilobytes } of await chunkCosts())
  say(`  ${name.padEnd(40)} ${ms.toFixed(0).padStart(5)} ms ${kilobytes.toFixed(0).padStart(6)} kB`);

async function compareRoads(): Promise<void> {
  const [mine, hand] = await Promise.all([startWorld(), startWorld()]);
  try {
    await mine.config(settings(mine));
    const init: Timed = {
      name: "init",
      program: process.execPath,
      args: [BIN, "init", "-f", "eso-bootstrap.yaml", "--yes"],
      cwd: mine.dir,
      env: { ...mine.env, KUBECONFIG: mine.stack.kubeconfig },
    };
    const byHand = byHandInit(hand);
    await timeOnce(init);
    await timeOnce(byHand);
    row("second init / by-hand.sh init again", await sideBySide(init, byHand, 5));
  } finally {
    await Promise.all([mine.stop(), hand.stop()]);
  }
}

function byHandInit({ stack, infisical, dir, env }: Awaited<ReturnType<typeof startWorld>>): Timed {
  const values = join(dir, "values.json");
  writeFileSync(values, JSON.stringify(esoHelmValues));
  return {
    name: "by-hand.sh init",
    program: "bash",
    args: [path("./by-hand.sh"), "init"],
    cwd: dir,
    env: {
      ...env,
      KUBECONFIG: stack.kubeconfig,
      INFISICAL: infisical.url,
      CLIENT_ID: infisical.operator.clientId,
      CLIENT_SECRET: infisical.operator.clientSecret,
      ORG: infisical.organization.id,
      API_SERVER: stack.apiServer,
      CHART: stack.chart.dir,
      HELM_ARGS: `-f ${values}`,
    },
  };
}
