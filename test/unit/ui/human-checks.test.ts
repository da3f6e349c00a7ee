import { describe, expect, it } from "vitest";
import type { CheckResult } from "../../../src/engine/check.ts";
import { proofLines, reportLines } from "../../../src/ui/human-checks.ts";
import { createStyle } from "../../../src/ui/style.ts";
import { width } from "../../../src/ui/text.ts";
import { check } from "./screen.ts";

const at80 = createStyle({ columns: 80, colour: false, unicode: true });
const ascii = createStyle({ columns: 80, colour: false, unicode: false });
const screen = (lines: readonly string[]) => `\n${lines.join("\n")}\n`;

const REVIEWER_GONE: CheckResult = check("reviewer may review", {
  status: "fail",
  code: "ESOB-R103",
  message: "Infisical's reviewer token belongs to a ServiceAccount that may not review tokens.",
  cause: "The ClusterRoleBinding infisical-token-reviewer is gone.",
  fix: { summary: "Restore it.", command: "eso-bootstrap apply -f eso-bootstrap.yaml" },
});
const STALE: CheckResult = check("synced lately", {
  status: "warn",
  category: "Secrets",
  code: "ESOB-E102",
  message: "last synced 14m ago, should be every 60s",
  subject: { kind: "ExternalSecret", namespace: "shop", name: "shop-db" },
});
const BROKEN: readonly CheckResult[] = [
  check("kubeconfig", { category: "this machine" }),
  check("API server answers", { category: "cluster" }),
  check("ESO runs", { category: "ESO 2.9.0" }),
  check("ESO's own token", { evidence: "external-secrets/external-secrets" }),
  REVIEWER_GONE,
  check("login", { status: "skip", skippedBecause: "blocked by ESOB-R103" }),
  check("list names", { status: "skip", skippedBecause: "blocked by ESOB-R103" }),
  STALE,
  ...["a", "b", "c"].map((name) =>
    check("Secret is complete", {
      category: "Secrets",
      subject: { kind: "ExternalSecret", namespace: "shop", name },
    }),
  ),
];
const SUMMARY = { passed: 7, failed: 1, warnings: 1, skipped: 2 };

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

describe("the report of doctor on the screen", () => {
  it("folds what is well and tells the rest", () => {
    expect(screen(reportLines({ summary: SUMMARY, checks: BROKEN }, at80))).toMatchInlineSnapshot(`
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
        Secrets
          ⚠ ExternalSecret shop/shop-db: synced lately                       ESOB-E102
              last synced 14m ago, should be every 60s
              More   eso-bootstrap explain ESOB-E102
          ✔ 3 others

      1 failed · 1 warning · 2 skipped · 7 passed
      "
    `);
  });

  it("has an ASCII twin of the same content", () => {
    const lines = reportLines({ summary: SUMMARY, checks: BROKEN }, ascii);
    expect(lines.join("")).toMatch(/^[ -~]*$/);
    expect(lines).toHaveLength(reportLines({ summary: SUMMARY, checks: BROKEN }, at80).length);
  });

  it("lists everything when asked for more", () => {
    const lines = reportLines({ summary: SUMMARY, checks: BROKEN }, at80, true);
    for (const { title } of BROKEN) expect(lines.join("\n")).toContain(title);
  });

  it("stays within 80 columns", () => {
    const lines = reportLines({ summary: SUMMARY, checks: BROKEN }, at80);
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(80);
  });
});
