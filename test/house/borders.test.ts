import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BORDERS, borderOverrides, type Border } from "../../scripts/borders.ts";

const root = join(import.meta.dirname, "../..");
let house: string;
let report: Finding[];

interface Finding {
  readonly filename: string;
  readonly code: string;
  readonly message: string;
  readonly help?: string;
}

/** A copy of the house with everything planted that must be refused, linted once with the house's own configuration. */
beforeAll(async () => {
  house = mkdtempSync(join(tmpdir(), "eso-borders-"));
  for (const path of ["src", ".oxlintrc.json", "tsconfig.json", "package.json"])
    cpSync(join(root, path), join(house, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(house, "node_modules"));
  for (const { file, text } of PLANTED) {
    mkdirSync(dirname(join(house, file)), { recursive: true });
    writeFileSync(join(house, file), text);
  }
  report = await lint();
}, 60_000);
afterAll(() => rmSync(house, { recursive: true, force: true }));

/** Where several borders are planted in one folder, each gets a file of its own: `planted-<id>.ts`. */
const fileOf = ({ id, wrong }: Border) => wrong.file.replace("planted", `planted-${id}`);

const HABITS = [
  { rule: "no-console", text: 'console.log("x");' },
  { rule: "no-explicit-any", text: "export const x: any = 1;" },
  { rule: "no-restricted-properties", text: "export const leave = () => process.exit(1);" },
  { rule: "no-floating-promises", text: "export function f() { Promise.reject(new Error()); }" },
  { rule: "no-default-export", text: "export default 1;" },
  { rule: "no-warning-comments", text: ["export const x = 1; // TO", "DO later"].join("") },
  { rule: "no-cycle", text: 'import { b } from "./habit-no-cycle-other.ts"; export const a = () => b;' },
] as const;
const habitFile = (rule: string) => `src/steps/habit-${rule}.ts`;

const PLANTED: readonly { file: string; text: string }[] = [
  ...BORDERS.map((border) => ({
    file: fileOf(border),
    text: `import * as planted from ${JSON.stringify(border.wrong.from)};\nexport const use = planted;\n`,
  })),
  ...HABITS.map(({ rule, text }) => ({ file: habitFile(rule), text: `${text}\n` })),
  {
    file: "src/steps/habit-no-cycle-other.ts",
    text: 'import { a } from "./habit-no-cycle.ts"; export const b = () => a;\n',
  },
];

function lint(): Promise<Finding[]> {
  const args = ["--type-aware", "--deny-warnings", "--format=json", "src"];
  return new Promise((resolve, reject) =>
    execFile(
      process.execPath,
      [join(root, "node_modules/oxlint/bin/oxlint"), ...args],
      { cwd: house, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => {
        if (!error) reject(new Error("oxlint found nothing"));
        else resolve((JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics);
      },
    ),
  );
}

describe("a wrong import is refused, and told where the door is", () => {
  it.each(BORDERS.map((border) => [border.id, border] as const))("%s", (_id, border) => {
    const found = report.filter(
      ({ filename, code }) => filename === fileOf(border) && /restricted-imports/.test(code),
    );
    expect(found.map(({ help }) => help)).toEqual([border.message]);
  });
});

describe("a wrong habit is refused", () => {
  it.each(HABITS.map(({ rule }) => rule))("%s", (rule) => {
    const codes = report.filter(({ filename }) => filename === habitFile(rule)).map(({ code }) => code);
    expect(codes.join()).toContain(rule);
  });
});

it("every door may be used: the rest of the house breaks no border", () => {
  const broken = report.filter(
    ({ filename, code }) => /restricted-imports/.test(code) && !filename.includes("planted-"),
  );
  expect(broken.map(({ filename, message }) => `${filename}: ${message}`)).toEqual([]);
});

it(".oxlintrc.json says what scripts/borders.ts says (run `npx tsx scripts/borders.ts`)", () => {
  const { overrides } = JSON.parse(readFileSync(join(root, ".oxlintrc.json"), "utf8")) as {
    overrides: unknown[];
  };
  expect(overrides.slice(0, borderOverrides().length)).toEqual(borderOverrides());
});
