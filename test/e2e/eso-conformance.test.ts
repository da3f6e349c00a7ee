import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCEPTED } from "../conformance/cases.ts";
import { ESO_ACCEPTED, ESO_CASES } from "../conformance/eso-cases.ts";
import { runPair, type Pair } from "../conformance/eso-run.ts";
import { identityIdOf, init } from "./driving.ts";
import { existingCluster } from "./stack/existing.ts";
import { settings, startWorld, type World } from "./world.ts";

/** The simulated ESO on the simulated cluster against the real ones: what each says of the same objects, and what it leaves behind. */
describe.skipIf(existingCluster() !== undefined)("the simulator's ESO says what the real one says", () => {
  const worlds: World[] = [];
  let pairs: readonly (readonly Pair[])[];

  const prepared = async (stack: "real" | "sandbox") => {
    process.env["ESO_BOOTSTRAP_E2E_STACK"] = stack;
    const world = await startWorld();
    worlds.push(world);
    world.infisical.setSecret("shop", "prod", "/shop", "SETTINGS", '{"port":5432,"host":"db"}');
    await world.config(settings(world));
    const { code, stderr } = await init(world);
    if (code !== 0) throw new Error(stderr);
    return { world, identityId: await identityIdOf(world, "shop") };
  };

  beforeAll(async () => {
    const before = process.env["ESO_BOOTSTRAP_E2E_STACK"];
    try {
      const sides = [await prepared("sandbox"), await prepared("real")] as const;
      pairs = await Promise.all(ESO_CASES.map((one, index) => runPair(sides, one, `case-${index}`)));
    } finally {
      if (before === undefined) delete process.env["ESO_BOOTSTRAP_E2E_STACK"];
      else process.env["ESO_BOOTSTRAP_E2E_STACK"] = before;
    }
  });
  afterAll(async () => {
    for (const world of worlds) await world.stop();
  });

  test("what is known to differ stands in docs/sandbox.md, and nothing else", () => {
    const page = readFileSync(new URL("../../docs/sandbox.md", import.meta.url), "utf8").replaceAll("`", "");
    const known = Object.entries({ ...ACCEPTED, ...ESO_ACCEPTED });
    expect(known.filter(([name, how]) => !page.includes(`| ${name} | ${how} |`))).toEqual([]);
  });

  test.each(ESO_CASES.map(({ name }, index) => [name, index] as const))("%s", (name, index) => {
    const said = pairs[index] ?? [];
    expect(said.length).toBeGreaterThan(0);
    for (const [simulated, real] of said) if (!(name in ESO_ACCEPTED)) expect(simulated).toEqual(real);
  });
});
