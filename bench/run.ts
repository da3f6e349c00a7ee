import { writeFileSync } from "node:fs";
import { availableParallelism, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { settings, startWorld } from "../test/e2e/world.ts";
import { byHandEnv, compareDoctor } from "./against-by-hand.ts";
import { compareAtScale } from "./at-scale.ts";
import { chunkCosts } from "./chunks.ts";
import { median, sideBySide, timeOnce, type Timed } from "./measure.ts";
import type { Pair, Results } from "./results.ts";
import { weigh } from "./weight.ts";

/**
 * `npm run bench`: both sides of each comparison in one run, in turn; prints medians and ratios, and writes them to
 * bench/results.json, of which `npm run generate` makes tables and plots. Nothing here fails on a time. The by-hand road runs
 * on a stack of its own (same binaries, same moment), because its `helm upgrade` would change our release.
 */
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const BIN = path("../bin/eso-bootstrap.js");
const SIZES = [100, 1_000, 10_000];
/** Clean stacks on which the whole road is timed. */
const FIRST_ROUNDS = 3;
const say = (line: string) => void process.stdout.write(`${line}\n`);

const node = (...args: string[]): Timed => ({ name: args.join(" "), program: process.execPath, args });

const load = [loadavg()[0] ?? 0];
const pairs: Pair[] = [];
const compare = (what: string, against: string, { ours, theirs }: { ours: number; theirs: number }) => {
  pairs.push({ what, against, ours, theirs });
  const times = `${ours.toFixed(0).padStart(7)} ms ${theirs.toFixed(0).padStart(7)} ms`;
  say(`${`${what} / ${against}`.padEnd(64)} ${times}   ${(ours / theirs).toFixed(2)} ×`);
};

for (const flag of ["--help", "--version"])
  compare(flag, "node -e 0", await sideBySide(node(BIN, flag), node("-e", "0"), 51));
const firsts = { ours: [] as number[], theirs: [] as number[] };
for (let round = 0; round < FIRST_ROUNDS; round += 1) await compareRoads(round === FIRST_ROUNDS - 1);
const doctor = await compareDoctor();
for (const [what, near, far] of [
  ["doctor", doctor.near, doctor.far],
  ["doctor, with an operator's credential", doctor.nearAsOperator, doctor.farAsOperator],
] as const) {
  compare(what, "by-hand.sh check", near);
  compare(`${what}, ${doctor.farMs} ms a round trip`, "by-hand.sh check", far);
}
const { facts, firstWordMs } = doctor;
say(`doctor's first word: ${firstWordMs.toFixed(0)} ms`);
const weight = await weigh();
say(`tarball ${weight.tarballKilobytes.toFixed(0)} kB, unpacked ${weight.unpackedKilobytes.toFixed(0)} kB`);
say(`demo ${weight.demoMs.toFixed(0)} ms, ${weight.demoMegabytes.toFixed(0)} MB`);
say(`facts: ${facts.ours}, with an operator's credential ${facts.asOperator}; by hand ${facts.theirs}`);

const scale = [];
for (const secrets of SIZES) {
  const figures = await compareAtScale(secrets);
  scale.push(figures);
  say(`\n${secrets} ExternalSecrets in ${figures.namespaces} namespaces`);
  for (const { name, against, ms, megabytes } of figures.rows) {
    const base = figures.rows.find((row) => row.name === against);
    const ratio = base ? `${(ms / base.ms).toFixed(2)} ×` : "";
    say(
      `  ${name.padEnd(78)} ${ms.toFixed(0).padStart(7)} ms ${megabytes.toFixed(0).padStart(5)} MB  ${ratio}`,
    );
  }
  say(`  ${figures.syncedPerSecond.toFixed(0)} synced in a second`);
}
load.push(loadavg()[0] ?? 0);

const machine = {
  cores: availableParallelism(),
  gigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  load,
};
const results: Results = { machine, pairs, facts, firstWordMs, weight, scale };
writeFileSync(path("./results.json"), `${JSON.stringify(results, undefined, 2)}\n`);

say("\nimport cost of each lazy chunk (median of 7, above node -e 0)");
for (const { name, ms, kilobytes } of await chunkCosts())
  say(`  ${name.padEnd(40)} ${ms.toFixed(0).padStart(5)} ms ${kilobytes.toFixed(0).padStart(6)} kB`);

/** A first `init` on clean stacks; after the last one also what a second run costs. */
async function compareRoads(isLast: boolean): Promise<void> {
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
    const byHand: Timed = {
      name: "by-hand.sh init",
      program: "bash",
      args: [path("./by-hand.sh"), "init"],
      cwd: hand.dir,
      env: byHandEnv(hand),
    };
    firsts.ours.push(await timeOnce(init));
    firsts.theirs.push(await timeOnce(byHand));
    if (!isLast) return;
    compare("first init", "by-hand.sh init", { ours: median(firsts.ours), theirs: median(firsts.theirs) });
    compare("second init", "by-hand.sh init again", await sideBySide(init, byHand, 5));
  } finally {
    await Promise.all([mine.stop(), hand.stop()]);
  }
}
