import { describe, expect, it } from "vitest";
import { suppress } from "../../../src/checks/ignore.ts";
import type { CheckResult } from "../../../src/engine/check.ts";
import type { IgnoreInput } from "../../../src/inputs/inputs.ts";
import { check } from "../ui/screen.ts";

const NOON = Date.parse("2027-01-31T12:00:00Z");
const store = { kind: "SecretStore", namespace: "shop", name: "infisical" };
const finding = (more: Partial<CheckResult> = {}) =>
  check("it is Valid", { status: "fail", code: "ESOB-S101", message: "not ready", subject: store, ...more });
const ignore = (more: Partial<IgnoreInput> = {}): IgnoreInput => ({
  code: "ESOB-S101",
  resource: "shop/infisical",
  reason: "planned move",
  until: "2027-01-31",
  ...more,
});
const short = (results: readonly CheckResult[]) =>
  results.map(({ code, status, skippedBecause }) => [code, status, skippedBecause].filter(Boolean).join(" "));

describe("doctor.ignore", () => {
  it("turns what it names into a skip that says why, and keeps the finding", () => {
    const [result] = suppress([finding()], [ignore()], NOON);
    expect(result).toEqual({
      ...finding(),
      status: "skip",
      skippedBecause: "ignored until 2027-01-31: planned move",
    });
  });

  it.each<[string, Partial<IgnoreInput>]>([
    ["an entry without a date", { until: undefined }],
    ["an entry without a resource", { resource: undefined }],
    ["a name alone", { resource: "infisical" }],
  ])("takes %s", (_, more) => {
    expect(suppress([finding()], [ignore(more)], NOON).map(({ status }) => status)).toEqual(["skip"]);
  });

  it.each<[string, Partial<CheckResult>]>([
    ["another code", { code: "ESOB-S102" }],
    ["another namespace", { subject: { ...store, namespace: "cart" } }],
    ["another name", { subject: { ...store, name: "shop" } }],
  ])("leaves %s alone, and says that the entry matches nothing", (_, more) => {
    const [result, leftover] = suppress([finding(more)], [ignore()], NOON);
    expect(result).toEqual(finding(more));
    expect([leftover?.code, leftover?.status]).toEqual(["ESOB-C110", "warn"]);
    expect(leftover?.message).toContain("doctor.ignore[0] (ESOB-S101 at shop/infisical: planned move)");
  });

  it("leaves what passes alone, and warnings not", () => {
    const passed = finding({ status: "pass" });
    expect(short(suppress([passed, finding({ status: "warn" })], [ignore()], NOON))).toEqual([
      "ESOB-S101 pass",
      "ESOB-S101 skip ignored until 2027-01-31: planned move",
    ]);
  });

  it("holds until the end of its last day, in UTC; then the finding counts, and the entry is a warning", () => {
    const lastMoment = Date.parse("2027-01-31T23:59:59.999Z");
    expect(suppress([finding()], [ignore()], lastMoment).map(({ status }) => status)).toEqual(["skip"]);
    expect(short(suppress([finding()], [ignore()], lastMoment + 1))).toEqual([
      "ESOB-S101 fail",
      "ESOB-C109 warn",
    ]);
  });

  it("does not call an entry a leftover where not everything was judged", () => {
    expect(suppress([], [ignore()], NOON, { isComplete: false })).toEqual([]);
    const blocked = finding({ status: "skip", skippedBecause: "blocked by ESOB-K101" });
    expect(suppress([blocked], [ignore()], NOON)).toEqual([blocked]);
    const other = { ...blocked, subject: { ...store, name: "other" } };
    expect(short(suppress([other], [ignore()], NOON)).at(-1)).toBe("ESOB-C110 warn");
  });

  it("tells in full what followed from a cause that is ignored now", () => {
    const consequence = finding({ code: "ESOB-E101", follows: "ESOB-S101" });
    expect(suppress([finding(), consequence], [ignore()], NOON)[1]).not.toHaveProperty("follows");
    const again = finding({ subject: { ...store, namespace: "cart" } });
    expect(suppress([finding(), again, consequence], [ignore()], NOON)[2]?.follows).toBe("ESOB-S101");
  });

  it("says where the entry stands", () => {
    const locate = (index: number) => ({ file: "eso-bootstrap.yaml", line: 40 + index });
    const [, second] = suppress([], [ignore(), ignore()], NOON, { locate });
    expect(second?.location).toEqual({ file: "eso-bootstrap.yaml", line: 41 });
  });
});
