import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Sums the gates and the vitest reports of `.ci/run`; prints the closing line and fails when anything failed. */
const folder = process.argv[2] ?? ".";
const sum = { passed: 0, failed: 0, skipped: 0 };
const read = (file) => readFileSync(join(folder, file), "utf8");

for (const file of readdirSync(folder)) {
  if (file.endsWith(".gate")) sum[read(file).trim() === "pass" ? "passed" : "failed"] += 1;
  if (file.endsWith(".exit")) addSuite(file.replace(/\.exit$/, ""), Number(read(file)));
}

function addSuite(name, exitCode) {
  const found = reportOf(`${name}.json`);
  const failed = found?.numFailedTests ?? 0;
  sum.passed += found?.numPassedTests ?? 0;
  sum.skipped += (found?.numPendingTests ?? 0) + (found?.numTodoTests ?? 0);
  // A suite that could not be loaded, or a runner that crashed, has no failed test to show.
  sum.failed += failed > 0 ? failed : exitCode === 0 && found ? 0 : 1;
  process.stdout.write(
    `${name}: ${found?.numPassedTests ?? 0} passed, ${failed} failed (exit ${exitCode})\n`,
  );
  for (const test of failuresOf(found)) process.stdout.write(`  FAILED ${test}\n`);
}

/** Each failed test with why, cut in the middle: what is above has often scrolled out of a CI log. */
function failuresOf(report) {
  const files = report?.testResults ?? [];
  return files.flatMap((file) =>
    file.assertionResults
      .filter((test) => test.status === "failed")
      .map(
        (test) =>
          `${test.fullName}\n    ${shortened((test.failureMessages[0] ?? "").split("\n")).join("\n    ")}`,
      ),
  );
}

/** What was expected stands at the top; what a command said last, and where the test stood, at the bottom. */
function shortened(lines, first = 4, last = 24) {
  if (lines.length <= first + last) return lines;
  return [...lines.slice(0, first), `… ${lines.length - first - last} lines …`, ...lines.slice(-last)];
}

/** undefined: none was written, or only half of it, because the runner died. */
function reportOf(file) {
  if (!existsSync(join(folder, file))) return undefined;
  try {
    return JSON.parse(read(file));
  } catch {
    return undefined;
  }
}

process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;
process.stdout.write(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
