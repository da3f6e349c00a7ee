import { describe, expect, it } from "vitest";
import { checkLines, proofLines } from "../../../src/ui/human-checks.ts";
import { createStyle } from "../../../src/ui/style.ts";
import { width } from "../../../src/ui/text.ts";
import { BROKEN, LONG } from "./outcomes.ts";
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

describe("a check that passed", () => {
  it("wraps what it saw below its title, and names a subject once", () => {
    expect(screen(checkLines(LONG, at80, "    "))).toMatchInlineSnapshot(`
      "
          ✔ ESO's own token can be had        SecretStore shop/infisical
              external-secrets/external-secrets, audience as the API server's
          ✔ https://infisical.example can be reached
              at 198.51.100.7, from this machine
          ✔ an ExternalSecret with a title that alone is already longer than a line of
            eighty columns
      "
    `);
  });

  it.each([60, 80, 200])("stays within %i columns", (columns) => {
    const lines = checkLines(LONG, createStyle({ columns, colour: false, unicode: true }), "    ");
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(columns);
  });
});

describe("a check that failed", () => {
  const mendedBy = (command: string) =>
    checkLines([check("x", { status: "fail", fix: { summary: "Restore it.", command } })], at80, "  ").join(
      "\n",
    );

  it.each(["eso-bootstrap apply", "eso-bootstrap reviewer"])("says that --fix does %s, too", (command) => {
    expect(mendedBy(command)).toContain(`${command}   (or: doctor --fix)`);
  });

  it.each(["eso-bootstrap apply --force-conflicts", "eso-bootstrap install", "kubectl edit secretstore x"])(
    "does not say it of %s",
    (command) => {
      expect(mendedBy(command)).toContain(command);
      expect(mendedBy(command)).not.toContain("--fix");
    },
  );
});
