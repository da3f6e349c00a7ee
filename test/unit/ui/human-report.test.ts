import { describe, expect, it } from "vitest";
import { reportLines } from "../../../src/ui/human-report.ts";
import { createStyle } from "../../../src/ui/style.ts";
import { width } from "../../../src/ui/text.ts";
import { BROKEN, CONSEQUENCE, HOSTILE, LONG } from "./outcomes.ts";
import { check, steers } from "./screen.ts";

const at80 = createStyle({ columns: 80, colour: false, unicode: true });
const ascii = createStyle({ columns: 80, colour: false, unicode: false });
const screen = (lines: readonly string[]) => `\n${lines.join("\n")}\n`;
const CHECKS = [...BROKEN.slice(0, 7), CONSEQUENCE, ...BROKEN.slice(7)];

describe("the report of doctor on the screen", () => {
  it("folds what is well and tells the rest", () => {
    expect(screen(reportLines(CHECKS, at80, { exitCode: 3 }))).toMatchInlineSnapshot(`
      "
        ✔ this machine · cluster · ESO 2.9.0   (3 checks)
        Login as ESO does
          ✔ ESO's own token                   external-secrets/external-secrets
          ✖ reviewer may review                                              ESOB-R103
              Infisical's reviewer token belongs to a ServiceAccount that may not
              review tokens.
              The ClusterRoleBinding infisical-token-reviewer is gone.
              Fix    Restore it.
                     eso-bootstrap apply -f eso-bootstrap.yaml
              More   eso-bootstrap explain ESOB-R103
          ↷ login · list names   blocked by ESOB-R103
        Stores
          ✖ shop/infisical           not ready for 12m: follows from ESOB-R103
        Secrets
          ⚠ ExternalSecret shop/shop-db: synced lately                       ESOB-E102
              last synced 14m ago, should be every 60s
              More   eso-bootstrap explain ESOB-E102
          ✔ 3 others

      1 cause, 1 consequence, 1 warning, 2 skipped · exit 3
      "
    `);
  });

  it("is two lines when all is well", () => {
    const checks = [check("a"), check("b", { category: "Stores" })];
    expect(screen(reportLines(checks, at80, { exitCode: 0 }))).toMatchInlineSnapshot(`
      "
        ✔ Login as ESO does · Stores   (2 checks)

      2 passed · exit 0
      "
    `);
  });

  it("has an ASCII twin of the same content", () => {
    const lines = reportLines(CHECKS, ascii);
    expect(lines.join("")).toMatch(/^[ -~]*$/);
    expect(lines).toHaveLength(reportLines(CHECKS, at80).length);
  });

  it("lists everything when asked for more", () => {
    const text = reportLines(CHECKS, at80, { all: true }).join("\n");
    const passed = CHECKS.filter(({ status }) => status === "pass");
    expect(passed.filter(({ title }) => !text.includes(title))).toEqual([]);
  });

  it("tells only problems when asked to be quiet", () => {
    const lines = reportLines(CHECKS, at80, { quiet: true, exitCode: 3 }).join("\n");
    expect(lines).toContain("ESOB-R103");
    expect(lines).toContain("ESOB-E102");
    expect(lines).toMatch(/1 cause, 1 consequence, 1 warning, 2 skipped · exit 3$/);
    expect(lines).not.toMatch(/✔|↷/);
  });

  it("says a cause once: what follows from it has no fix of its own", () => {
    const lines = reportLines([CONSEQUENCE], at80).join("\n");
    expect(lines).toContain("✖ shop/infisical           not ready for 12m: follows from ESOB-R103");
    expect(lines).not.toContain("Fix");
  });

  it("breaks no line of a consequence for the sake of a column", () => {
    const long = { ...CONSEQUENCE, message: "The reviewer may not review tokens." };
    const lines = reportLines([long], at80).join("\n");
    expect(lines).toContain("✖ shop/infisical  The reviewer may not review tokens: follows from ESOB-R103");
  });

  it("counts what is too much for a screen", () => {
    const many = (amount: number, more: Parameters<typeof check>[1]) =>
      Array.from({ length: amount }, (_, index) =>
        check("x", { status: "fail", message: `message ${index}`, ...more }),
      );
    const follows = screen(reportLines(many(400, { follows: "ESOB-R103", code: "ESOB-S101" }), at80));
    expect(follows).toContain("397 others: follow from ESOB-R103");
    expect(follows.split("\n").length).toBeLessThan(12);
    const causes = screen(reportLines(many(400, { code: "ESOB-E101" }), at80));
    expect(causes).toContain("✖ 390 others with ESOB-E101  (-v shows all)");
    expect(reportLines(many(400, {}), at80, { all: true }).join("\n")).toContain("message 399");
    expect(screen(reportLines(many(11, {}), at80))).toContain("message 10");
    const skipped = many(400, { status: "skip", skippedBecause: "blocked by ESOB-R103" });
    expect(screen(reportLines(skipped, at80))).toContain("x · x · x · 397 others   blocked by ESOB-R103");
  });

  it.each([
    [80, false],
    [80, true],
    [200, true],
  ])("stays within %i columns, with everything told: %s", (columns, all) => {
    const style = createStyle({ columns, colour: false, unicode: true });
    const lines = reportLines([...LONG, ...CHECKS], style, { all });
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(columns);
  });

  it("obeys no text of others", () => {
    const lines = reportLines([HOSTILE, { ...HOSTILE, follows: "ESOB-R103" }], at80, { all: true });
    expect(steers(lines.join("\n"))).toBe(false);
  });
});
