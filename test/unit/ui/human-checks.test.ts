import { describe, expect, it } from "vitest";
import { proofLines } from "../../../src/ui/human-checks.ts";
import { createStyle } from "../../../src/ui/style.ts";
import { BROKEN } from "./outcomes.ts";
import { check } from "./screen.ts";

const at80 = createStyle({ columns: 80, colour: false, unicode: true });
const screen = (lines: readonly string[]) => `\n${lines.join("\n")}\n`;

describe("the proof on the screen", () => {
  it("is one line when all is well", () => {
    const checks = Array.from({ length: 14 }, (_, index) => check(`check ${index}`));
    expect(screen(proofLines(checks, at80, { durationMs: 812 }))).toMatchInlineSnapshot(`
      "
        ✔ proof: 14 checks passed                                             0.8s
      "
    `);
  });

  it("says what was not judged", () => {
    const checks = [check("a"), check("b", { status: "skip", skippedBecause: "Infisical was not asked" })];
    expect(screen(proofLines(checks, at80))).toMatchInlineSnapshot(`
      "
        ✔ proof: 1 check passed, 1 skipped
          ↷ b   Infisical was not asked
      "
    `);
  });

  it("tells each failure with its code, cause and way out", () => {
    expect(screen(proofLines(BROKEN, at80))).toMatchInlineSnapshot(`
      "
        ✖ proof: 1 of 11 checks failed
          ✖ reviewer may review                                              ESOB-R103
              Infisical's reviewer token belongs to a ServiceAccount that may not
              review tokens.
              The ClusterRoleBinding infisical-token-reviewer is gone.
              Fix    Restore it.
                     eso-bootstrap apply -f eso-bootstrap.yaml
              More   eso-bootstrap explain ESOB-R103
          ⚠ ExternalSecret shop/shop-db: synced lately                       ESOB-E102
              last synced 14m ago, should be every 60s
              More   eso-bootstrap explain ESOB-E102
          ↷ login · list names   blocked by ESOB-R103
      "
    `);
  });

  it("is silent when nothing was checked", () => {
    expect(proofLines([], at80)).toEqual([]);
  });
});
