import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckResult } from "../../src/engine/check.ts";
import { OUTPUTS } from "../../src/invocation.ts";
import { createAuthority } from "../../src/sandbox/kubernetes/certificates.ts";
import { createCanaries, type Canaries } from "../helpers/canaries.ts";
import { handIn, REAL_BREAKAGES, type Hand, type RealBreakage } from "./breakages.ts";
import { doorTo, type Door } from "./door.ts";
import { init, troubleOf } from "./driving.ts";
import type { Restore } from "./stack/checkpoint.ts";
import { run } from "./stack/run.ts";
import { settings, SHOP_VALUES, startWorld, type World } from "./world.ts";

interface Report {
  readonly checks?: readonly CheckResult[];
}

const BIN = fileURLToPath(new URL("../../bin/eso-bootstrap.js", import.meta.url));
let world: World;
let door: Door;
let hand: Hand;
let healthy: Restore;
let canaries: Canaries;
beforeAll(async () => {
  const known = createAuthority("e2e public");
  world = await startWorld({ infisical: { plan: { rbac: true } }, knownCa: known.caPem });
  door = await doorTo(world.infisical.url, known);
  await world.config(settings(world, { infisical: { host: door.url, hostFromCluster: door.url } }));
  expect(troubleOf(await init(world))).toBe("");
  canaries = createCanaries();
  canaries.plant("secret value", SHOP_VALUES.DB_PASSWORD);
  canaries.plant("client secret", world.infisical.operator.clientSecret);
  // How the tokens of Kubernetes and of Infisical begin.
  for (const alg of ["RS256", "HS256"])
    canaries.plant(`${alg} token`, Buffer.from(`{"alg":"${alg}`).toString("base64url").slice(0, 16));
  hand = await handIn(world, door);
  healthy = await world.stack.checkpoint();
  // The printed commands are run as a person would: by name, in a shell.
  await mkdir(join(world.dir, "bin"));
  await writeFile(
    join(world.dir, "bin", "eso-bootstrap"),
    `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`,
  );
  await chmod(join(world.dir, "bin", "eso-bootstrap"), 0o755);
});
afterAll(async () => {
  await door?.shut();
  await world?.stop();
});

const brief = ({ checks = [] }: Report) =>
  checks
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(
      ({ status, code, id, message, cause, follows }) =>
        `${status} ${code} ${id} ${follows ?? ""}: ${message} (${cause})`,
    );

async function look({ look: args = [], env = {} }: Pick<RealBreakage, "look" | "env">, ...more: string[]) {
  const { code, stdout } = await world.cli(["doctor", ...args, ...more, "-o", "json"], { env });
  return { code, report: JSON.parse(stdout) as Report };
}

/** Failures that follow from no other one; warnings where nothing fails. */
function causesIn({ checks = [] }: Report, as: "fail" | "warn"): readonly CheckResult[] {
  const failed = checks.filter(({ status }) => status === "fail");
  if (as === "warn" && failed.length > 0) return [];
  return (as === "fail" ? failed : checks.filter(({ status }) => status === "warn")).filter(
    ({ follows }) => follows === undefined,
  );
}

/** Looks until doctor names the code, as the first failure and the only cause; what it said last is in the failure. */
async function untilNamed(breakage: RealBreakage): Promise<CheckResult> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { report } = await look(breakage);
    const [result, ...others] = causesIn(report, breakage.as ?? "fail");
    if (result?.code === breakage.code && others.length === 0) return result;
    if (Date.now() > deadline)
      throw new Error(`expected ${breakage.code} first and alone; doctor says\n${brief(report).join("\n")}`);
  }
}

/** What each format says of it, with all details, and the names of the secrets in it. */
async function leaksOf({ look: args = [], env = {} }: RealBreakage): Promise<string[]> {
  const told = await Promise.all(
    OUTPUTS.map(async (output) => {
      const { stdout, stderr } = await world.cli(["doctor", ...args, "-v", "-o", output], { env });
      return canaries.sightings(`${stdout}${stderr}`).map((what) => `${what} in -o ${output}`);
    }),
  );
  return told.flat();
}

async function mendedBy(breakage: RealBreakage) {
  await breakage.mend?.(hand);
  return look(breakage, "--wait=90s");
}

/** Does what doctor prints; what comes to light behind the first cause has a command of its own. */
async function followed(breakage: RealBreakage, named: CheckResult) {
  let next: CheckResult | undefined = named;
  for (let round = 0; ; round += 1) {
    if (next?.fix?.command !== undefined) await obey(next.fix.command);
    const seen = await look(breakage, `--wait=${round === 2 ? 60 : 20}s`);
    [next] = causesIn(seen.report, "fail");
    if (round === 2 || next?.fix?.command === undefined) return seen;
  }
}

/** The printed command, in a shell; nobody is there to confirm a plan. */
async function obey(command: string): Promise<void> {
  const line = command.replaceAll(/\beso-bootstrap [^&]+/g, (ours) => `${ours.trim()} --yes `);
  const PATH = `${join(world.dir, "bin")}:${world.env["PATH"]}:/usr/bin:/bin`;
  await run("bash", ["-c", line], { env: { ...world.env, PATH }, cwd: world.dir });
}

describe("each thing that breaks on the real stack is named first, and what doctor prints mends it", () => {
  test.each(REAL_BREAKAGES.map((breakage) => [breakage.code, breakage.what, breakage] as const))(
    "%s: %s",
    { timeout: 240_000, retry: 0 },
    async (_code, _what, breakage) => {
      try {
        await breakage.break(hand);
        const result = await untilNamed(breakage);
        expect(result.message).toBeTruthy();
        expect(result.fix?.summary).toBeTruthy();
        expect(await leaksOf(breakage)).toEqual([]);
        const healed = breakage.mend ? await mendedBy(breakage) : await followed(breakage, result);
        expect({ code: healed.code, left: brief(healed.report) }).toEqual({ code: 0, left: [] });
      } finally {
        await breakage.tidy?.(hand);
        await restore(breakage);
        await renew();
        hand = await handIn(world, door);
      }
    },
  );
});

/** A breakage that was not mended must not spoil the next. */
async function restore(breakage: RealBreakage): Promise<void> {
  const { code, report } = await look({});
  if (code === 0 && brief(report).length === 0) return;
  await breakage.mend?.(hand);
  await healthy();
}

/** client-go tells 25 events of one object and then few: each breakage gets an ExternalSecret of its own. */
async function renew(): Promise<void> {
  await hand.kubectl("delete", "externalsecret", "shop-db", "-n", "shop", "--ignore-not-found");
  await hand.kubectl("delete", "events", "--all", "-n", "shop");
  await world.cli(["apply", "--yes", "--force-conflicts"]);
  await look({}, "--wait=60s");
}
