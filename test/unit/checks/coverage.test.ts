import { describe, expect, test } from "vitest";
import type { CheckContext } from "../../../src/checks/context.ts";
import { restore, restoreAtInfisical } from "../../../src/checks/mending.ts";
import { CODES, type Code } from "../../../src/codes.ts";
import { REAL_BREAKAGES } from "../../e2e/breakages.ts";
import { doctorWorld } from "../../helpers/doctor-world.ts";
import { allBreakages } from "./all-breakages.ts";

const broken = await allBreakages();
const codes = new Set<Code>(broken.map(({ code }) => code));

/** Codes of checks that no breakage here can give, and why. */
const NOT_HERE: Readonly<Partial<Record<Code, string>>> = {
  "ESOB-K101": "a cluster that does not answer ends doctor before its report: test/cli/outputs.test.ts",
  "ESOB-K104": "a right that is missing skips and fails nothing: not-judged.test.ts, nothing-seen.test.ts",
};

describe("what is broken in tests, and named", () => {
  test("are at least 80 codes, each by something that breaks", () => {
    expect(codes.size).toBeGreaterThanOrEqual(80);
    expect([...codes].filter((code) => !(code in CODES))).toEqual([]);
  });

  test("are at least 35 things on the real stack", () => {
    const names = new Set(REAL_BREAKAGES.map(({ what }) => what));
    expect(names.size).toBe(REAL_BREAKAGES.length);
    expect(names.size).toBeGreaterThanOrEqual(35);
  });

  test("are the codes of every check of a healthy world", async () => {
    const results = await (await doctorWorld()).examine();
    const own = new Set(results.map(({ code }) => code));
    expect([...own].filter((code) => !codes.has(code)).toSorted()).toEqual(Object.keys(NOT_HERE));
  });
});

test("a command that stands on a line of its own is not said before it, too", () => {
  const context = { desired: {} } as unknown as CheckContext;
  const said = (Object.keys(CODES) as Code[]).flatMap((code) =>
    [restoreAtInfisical(context, code), restore(context, code, { kind: "Secret", name: "x" })].filter(
      ({ summary, command }) =>
        command !== undefined && CODES[code].mend.endsWith("`.") && summary.includes(command),
    ),
  );
  expect(said).toEqual([]);
  expect(restoreAtInfisical(context, "ESOB-R119").summary).toBe("Restore the role.");
});

test("apply is printed where it mends, or where the file has to be changed before", () => {
  const commandFor = (code: Code) =>
    restoreAtInfisical({ desired: {} } as unknown as CheckContext, code).command;
  expect((["ESOB-I328", "ESOB-R104", "ESOB-R118", "ESOB-R210"] as const).map(commandFor)).toEqual(
    Array.from({ length: 4 }, () => "eso-bootstrap apply"),
  );
  expect((["ESOB-I329", "ESOB-R105", "ESOB-R109", "ESOB-R223"] as const).map(commandFor)).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
});
