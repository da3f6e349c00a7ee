import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckResult } from "../../src/engine/check.ts";
import { init, runJson, troubleOf } from "./driving.ts";
import { settings, startWorld, type World } from "./world.ts";

interface Report {
  summary: { passed: number; failed: number; warnings: number; skipped: number };
  checks: CheckResult[];
}

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.config(settings(world));
  expect(troubleOf(await init(world))).toBe("");
});
afterAll(() => world?.stop());

const troubles = ({ checks }: Report) =>
  checks
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ code, id, message, cause }) => `${code} ${id}: ${message} (${cause})`);

/** What this stack cannot show, by the check's id; nothing else may be skipped. */
const SKIPS: readonly string[] = [];

const skips = ({ checks }: Report) =>
  checks
    .filter(({ status, id }) => status === "skip" && !SKIPS.includes(id.split(" ")[0] ?? ""))
    .map(({ id, skippedBecause }) => `${id}: ${skippedBecause}`);

describe("doctor on a healthy stack", () => {
  test("with the file and the operator's credential", async () => {
    const run = await runJson<Report>(world, "doctor", "-f", "eso-bootstrap.yaml");
    expect(troubles(run.json)).toEqual([]);
    expect(skips(run.json)).toEqual([]);
    expect(run.code).toBe(0);
    expect(run.json.summary.passed).toBeGreaterThan(2);
  });

  test("with a kubeconfig only", async () => {
    const run = await world.cli(["doctor", "-A", "-o", "json"], {
      env: { INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "", INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "" },
    });
    const json = JSON.parse(run.stdout) as Report;
    expect(troubles(json)).toEqual([]);
    expect(skips(json)).toEqual([]);
    expect(run.code).toBe(0);
  });

  test("one namespace, one name", async () => {
    const run = await runJson<Report>(world, "doctor", "shop-db", "-n", "shop");
    expect(troubles(run.json)).toEqual([]);
    expect(skips(run.json)).toEqual([]);
    expect(run.code).toBe(0);
  });
});
