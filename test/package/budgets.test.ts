import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chunkReport, readChunks, ROOT, type Chunk } from "./chunks.ts";

let folder: string;
let chunks: ReadonlyMap<string, Chunk>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "eso-budgets-"));
  chunks = await readChunks();
  process.stdout.write(`\nChunks of dist/\n${chunkReport(chunks)}\n`);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

interface Witnessed {
  /** Files that Node loaded. */
  readonly loaded: readonly string[];
  readonly megabytes: number;
}

/** Runs the built tool with a witness. */
function witness(...args: string[]): Witnessed {
  const told = join(folder, "witness.json");
  const { PATH } = process.env;
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--require", join(import.meta.dirname, "witness.cjs"), join(ROOT, "bin/eso-bootstrap.js"), ...args],
    { cwd: folder, env: { PATH, HOME: folder, WITNESS: told }, encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  expect(status, stderr).toBe(0);
  return JSON.parse(readFileSync(told, "utf8")) as Witnessed;
}

/** The chunks that a command line pulls in. */
function pulledIn(...args: string[]): Chunk[] {
  const files = witness(...args).loaded.filter((file) => dirname(file) === join(ROOT, "dist"));
  return files.map((file) => {
    const chunk = chunks.get(basename(file));
    if (!chunk) throw new Error(`${file} was built from other sources: npm run build`);
    return chunk;
  });
}

/** What Node must read before it can answer. Something new here costs everybody, at every start: should it not be loaded later? */
const VERSION = ["src/main.ts", "src/deps.ts", "src/ui/terminal.ts", "src/version.ts"];
const HELP = [
  ...VERSION,
  "commander",
  "unused:child_process",
  "src/cli.ts",
  "src/command-tree.ts",
  "src/commands.ts",
  "src/completion/names.ts",
  "src/inputs/durations.ts",
  "src/invocation.ts",
];
const COMPLETION = [
  ...VERSION,
  "src/commands.ts",
  "src/completion/complete.ts",
  "src/completion/flags.ts",
  "src/completion/line.ts",
  "src/completion/names.ts",
  "src/completion/sources.ts",
  "src/data.ts",
  "src/inputs/field.ts",
  "src/invocation.ts",
  "src/kubernetes/deadline.ts",
];

describe("start-up pulls in what is written here, and nothing else", () => {
  it.each([
    ["--version", ["--version"], VERSION, { files: 3, kilobytes: 10 }],
    ["--help", ["--help"], HELP, { files: 7, kilobytes: 100 }],
    ["a Tab", ["__complete", "--", ""], COMPLETION, { files: 10, kilobytes: 50 }],
  ] as const)("%s", (_title, args, expected, most) => {
    const pulled = pulledIn(...args);
    expect(new Set(pulled.flatMap(({ holds }) => [...holds]))).toEqual(new Set(expected));
    expect(pulled.length).toBeLessThanOrEqual(most.files);
    expect(pulled.reduce((sum, { bytes }) => sum + bytes, 0) / 1024).toBeLessThanOrEqual(most.kilobytes);
  });
});

it("what only one command needs comes with that command", () => {
  const holders = (module: string) => [...chunks.values()].filter(({ holds }) => holds.has(module));
  const loadedWith = (module: string) => holders(module).map(({ importedBy, title }) => [title, importedBy]);
  expect(loadedWith("@kubernetes/client-node")).toEqual([["src/kubernetes/client.ts", []]]);
  expect(loadedWith("inquirer")).toEqual([["src/ui/prompt.ts", []]]);
  expect(loadedWith("src/sandbox/index.ts")).toEqual([["src/sandbox/demo/index.ts", []]]);
});

it("demo takes at most 200 MB of memory", () => {
  const { megabytes } = witness("demo");
  process.stdout.write(`demo: ${megabytes.toFixed(0)} MB at its peak\n`);
  expect(megabytes).toBeGreaterThan(20);
  expect(megabytes).toBeLessThanOrEqual(200);
});
