import { expect, it } from "vitest";
import { reportOf } from "../../../src/commands/doctor.ts";
import { clusterTable } from "../../../src/ui/human-clusters.ts";
import { createStyle } from "../../../src/ui/style.ts";
import { check } from "./screen.ts";

const at80 = createStyle({ columns: 80, colour: false, unicode: true });

it("says of each cluster what was judged and what was not", () => {
  const skipped = check("b", { status: "skip", skippedBecause: "list secrets is not allowed here" });
  const told = (...checks: Parameters<typeof reportOf>[0]) =>
    ({ kind: "DoctorReport", report: reportOf(checks) }) as const;
  const lines = clusterTable(
    [
      { cluster: "prod-eu", result: told(check("a"), skipped) },
      { cluster: "us", result: told(check("a", { status: "fail" })) },
    ],
    at80,
  );
  expect(lines.slice(1)).toEqual([
    "✔ prod-eu  1 passed, 0 failed, 0 warnings, 1 skipped",
    "✖ us       0 passed, 1 failed, 0 warnings, 0 skipped",
  ]);
});
