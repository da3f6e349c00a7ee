import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ROOT } from "./tree.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eso-ci "));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** All that the summary over these files says, and its exit code. */
function summaryOf(files: Record<string, string>): { lines: string[]; code: number | null } {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { stdout, status } = spawnSync(process.execPath, [join(ROOT, "scripts/ci-summary.mjs"), folder]);
  return { lines: stdout.toString("utf8").trimEnd().split("\n"), code: status };
}

function summary(files: Record<string, string>): { last: string | undefined; code: number | null } {
  const { lines, code } = summaryOf(files);
  return { last: lines.at(-1), code };
}

const report = (passed: number, failed: number, skipped = 0) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
  });

describe("the last line of .ci/run", () => {
  it("sums gates and suites", () => {
    const files = {
      "lint.gate": "pass\n",
      "test.json": report(10, 0, 2),
      "test.exit": "0",
      "e2e.json": report(5, 0),
      "e2e.exit": "0",
    };
    expect(summary(files)).toEqual({ last: "16 passed, 0 failed, 2 skipped", code: 0 });
  });

  it.each<[string, Record<string, string>, string]>([
    ["a gate failed", { "lint.gate": "fail" }, "0 passed, 1 failed, 0 skipped"],
    ["tests failed", { "test.json": report(3, 2), "test.exit": "1" }, "3 passed, 2 failed, 0 skipped"],
    [
      "a runner failed without a failed test",
      { "test.json": report(3, 0), "test.exit": "1" },
      "3 passed, 1 failed, 0 skipped",
    ],
    ["a runner died before it wrote", { "test.exit": "137" }, "0 passed, 1 failed, 0 skipped"],
    [
      "a runner died while it wrote",
      { "test.json": '{"numPassed', "test.exit": "137" },
      "0 passed, 1 failed, 0 skipped",
    ],
    ["a runner wrote nothing and called it a success", { "test.exit": "0" }, "0 passed, 1 failed, 0 skipped"],
    ["nothing ran", {}, "0 passed, 0 failed, 0 skipped"],
  ])("is there, and the exit code is not 0, when %s", (_name, files, last) => {
    expect(summary(files)).toEqual({ last, code: 1 });
  });
});

it("tells of a failed test what was expected and how it ended, without what is between", () => {
  const message = Array.from({ length: 100 }, (_, index) => `line ${index}`).join("\n");
  const failed = { status: "failed", fullName: "rotate > converges", failureMessages: [message] };
  const suite = { ...(JSON.parse(report(1, 1)) as object), testResults: [{ assertionResults: [failed] }] };
  const { lines } = summaryOf({ "e2e.json": JSON.stringify(suite), "e2e.exit": "1" });
  const told = lines.slice(1, -1).map((line) => line.trim());
  expect([told[0], told[1], told[4], told[5], told[6], told.at(-1)]).toEqual([
    "FAILED rotate > converges",
    "line 0",
    "line 3",
    "… 72 lines …",
    "line 76",
    "line 99",
  ]);
});
