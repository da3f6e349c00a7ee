import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import { endOf, endsSoon } from "../../../src/steps/token-ends.ts";

const anchor = (annotations?: Record<string, string>): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "reviewer-1", ...(annotations && { annotations }) },
});
const key = (id: string) => `eso-bootstrap/token-end-${id}`;

test("the first of all ends counts; what is no time, or somebody else's, does not", () => {
  expect(endOf(anchor())).toBeUndefined();
  expect(endOf(anchor({ note: "2026-01-01T00:00:00Z", [key("a")]: "soon" }))).toBeUndefined();
  const ends = { [key("a")]: "2026-12-02T00:00:00Z", [key("b")]: "2026-12-01T00:00:00Z" };
  expect(endOf(anchor(ends))).toEqual(new Date("2026-12-01T00:00:00Z"));
});

test.each([
  ["2h", "24m before", 24, true],
  ["2h", "25m before", 25, false],
  ["a year", "7 days before", 7 * 24 * 60 - 1, true],
  ["a year", "8 days before", 8 * 24 * 60, false],
  ["2h", "after", -5, true],
])("a life of %s is told to end soon %s: %s minutes are left", (life, _, minutes, expected) => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  const end = new Date(now + minutes * 60_000 - 1);
  const began = new Date(end.getTime() - (life === "2h" ? 2 : 365 * 24) * 3_600_000);
  expect(endsSoon(end, began, now)).toBe(expected);
});
