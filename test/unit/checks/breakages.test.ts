import { describe, expect, test } from "vitest";
import { CODES } from "../../../src/codes.ts";
import { reportOf } from "../../../src/commands/doctor.ts";
import type { CheckResult } from "../../../src/engine/check.ts";
import { hasChanges } from "../../../src/engine/plan.ts";
import { OUTPUTS, type Output } from "../../../src/invocation.ts";
import type { RoadCommand } from "../../../src/steps/index.ts";
import { createReporter } from "../../../src/ui/create-reporter.ts";
import { doctorWorld, type DoctorWorld } from "../../helpers/doctor-world.ts";
import { createScreen } from "../ui/screen.ts";
import { allBreakages } from "./all-breakages.ts";

const ALL = await allBreakages();

/** All that a format says of the results, to stdout, to stderr and in the step summary. */
async function toldAs(output: Output, results: readonly CheckResult[]): Promise<string> {
  const { terminal, stdout, stderr } = createScreen();
  let summary = "";
  const reporter = createReporter({ output, quiet: false, verbose: true, debug: true }, terminal, {
    appendSummary: async (text) => void (summary += text),
  });
  reporter.end({ kind: "DoctorReport", report: reportOf(results), exitCode: 3 });
  await reporter.flush?.();
  return stdout() + stderr() + summary;
}

describe("a healthy world", () => {
  test.each(["2024-10", "2026"] as const)("of an Infisical of %s has no trouble", async (generation) => {
    const world = await doctorWorld({ generation });
    const results = await world.examine();
    expect(results.filter(({ status }) => status === "fail" || status === "warn")).toEqual([]);
    expect(results.filter(({ status }) => status === "pass").length).toBeGreaterThan(3);
  });

  test("has none without the file and without a credential", async () => {
    const world = await doctorWorld();
    const results = await world.examine({ withoutFile: true, withoutCredential: true });
    expect(results.filter(({ status }) => status === "fail" || status === "warn")).toEqual([]);
  });
});

/** One thing is broken, and yet two are to be told. */
const TWO_CAUSES: Readonly<Record<string, string>> = {
  "two ExternalSecrets with one target": "each of the two ExternalSecrets has its own line",
  "a clock that is minutes off":
    "the API server's clock is off, against this machine's and against Infisical's",
};

/** Printed, and yet the plan is empty. */
const NOTHING_PLANNED: Readonly<Record<string, string>> = {
  "an ESO from before Kubernetes Auth": "the fake Helm has the file's version, whatever the Deployment says",
  "an old ESO": "the fake Helm has the file's version, whatever the Deployment says",
  "an Infisical that fails in the middle of ESO's login": "its proof says what is broken",
  "an ExternalSecret that is ready, because: secret will not be created due to CreationPolicy=Merge":
    "only the status is broken here",
  "a hidden value": "only the Secret is broken here",
  "a refreshInterval of 0": "the file says so, and is changed first",
  "a whole environment": "the file says so, and is changed first",
};

/** What a command of ours would do. Flags change the file first: undefined, as for what is no command of ours. */
async function plannedBy(world: DoctorWorld, command = ""): Promise<"something" | "nothing" | undefined> {
  const [, name] =
    /^eso-bootstrap (apply|install|reviewer|identity|store)( --force-conflicts)?$/.exec(command) ?? [];
  if (name === undefined) return undefined;
  const forceConflicts = command.includes("--force");
  const plan = await world.plan(name as RoadCommand, { forceConflicts });
  return hasChanges(plan) ? "something" : "nothing";
}

describe("broken, doctor names first", () => {
  test.each(ALL.map((breakage) => [breakage.code, breakage.what, breakage] as const))(
    "%s: %s",
    async (code, what, breakage) => {
      const world = await doctorWorld(breakage.world);
      await breakage.break(world);
      const results = await world.examine(breakage.look);
      const troubles = results.filter(({ status }) => status === "fail");
      const [first] = breakage.as === "warn" ? results.filter(({ status }) => status === "warn") : troubles;
      expect(first && { code: first.code, message: first.message, cause: first.cause }).toMatchObject({
        code,
      });
      if (breakage.as === "warn") expect(troubles).toEqual([]);
      const causes = results.filter(({ status, follows }) => status === (breakage.as ?? "fail") && !follows);
      expect(
        causes.map(({ id }) => id),
        TWO_CAUSES[what],
      ).toHaveLength(what in TWO_CAUSES ? 2 : 1);
      expect(first?.fix?.summary).toBeTruthy();
      if (breakage.fix) expect(first?.fix?.command).toMatch(breakage.fix);
      const planned = await plannedBy(world, first?.fix?.command);
      if (planned !== undefined)
        expect(planned, NOTHING_PLANNED[what]).toBe(what in NOTHING_PLANNED ? "nothing" : "something");
      expect(first?.docs).toContain(code.toLowerCase());
      expect(code in CODES).toBe(true);
      const { clientSecret } = world.infisical.operator;
      for (const output of OUTPUTS) {
        const text = await toldAs(output, results);
        expect(text, output).toContain(code);
        // Values of the seeded secrets, JWTs, and the operator's own secret: in no format, with every detail asked for.
        expect(text, output).not.toMatch(/value-of-|eyJ[\w-]{10}/);
        expect(text.includes(clientSecret), output).toBe(false);
      }
    },
  );
});
