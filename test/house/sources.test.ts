import { describe, expect, it } from "vitest";
import { filesBelow, linesThat, textOf } from "./tree.ts";

const LIMIT = 300;
/** Data is not complexity (architecture.md): files that may be longer because they are one table. */
const TABLES = [
  "src/codes.ts",
  "src/commands.ts",
  "src/inputs/fields.ts",
  "src/sandbox/kubernetes/schema-table.ts",
];

const sources = filesBelow("src", ".ts");
const lineCount = (file: string) => textOf(file).trimEnd().split("\n").length;

describe("source files", () => {
  it("are there", () => {
    expect(sources.length).toBeGreaterThan(50);
  });

  it(`have at most ${LIMIT} lines, unless they are a table`, () => {
    const long = sources.filter((file) => lineCount(file) > LIMIT && !TABLES.includes(file));
    expect(long.map((file) => `${file}: ${lineCount(file)}`)).toEqual([]);
  });

  it("are still tables where they are listed as such", () => {
    expect(TABLES.filter((file) => !sources.includes(file))).toEqual([]);
  });

  it("have a median of a page", () => {
    const counts = sources.map(lineCount).toSorted((a, b) => a - b);
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(120);
  });

  it("hold no `any`, no suppressed type error, no lint exception without a reason", () => {
    const loose =
      /^(?!\s*(\/?\*|\/\/)).*(:\s*any\b|\bas any\b|<any>|\bany\[\])|@ts-(ignore|expect-error|nocheck)/;
    const unexplained = /lint-disable(?!.* -- \w)/;
    expect([...linesThat(loose, sources), ...linesThat(unexplained, sources)]).toEqual([]);
  });

  it("are finished: no notes to oneself", () => {
    const unfinished =
      /\b(TODO|FIXME|XXX|HACK|WIP)\b|not (yet )?implemented|lorem ipsum|for now\b|\bstubs?\b/i;
    expect(linesThat(unfinished, sources)).toEqual([]);
  });

  it("name a file by nouns in kebab-case, and no folder by a pattern", () => {
    const wrong = sources.filter((file) => !/^[a-z0-9/.-]+\.ts$/.test(file));
    const patterns = sources.filter((file) =>
      /\/(utils?|helpers?|managers?|services?|common|misc)\//.test(file),
    );
    expect([...wrong, ...patterns]).toEqual([]);
  });

  it("reveal a secret only where it is handed to its system", () => {
    const revealing = [...new Set(linesThat(/\.reveal\(\)/, sources).map((line) => line.split("/")[1]))];
    const doors = ["infisical", "kubernetes", "secret.ts", "sandbox", "steps", "inputs", "wizard"];
    expect(revealing.filter((folder) => !doors.includes(folder ?? ""))).toEqual([]);
  });
});

describe("tests", () => {
  const tests = filesBelow("test", ".test.ts");

  it("mock none of our modules", () => {
    expect(linesThat(/\bvi\.(mock|doMock)\(/, tests)).toEqual([]);
  });

  it("skip nothing and single nothing out", () => {
    expect(linesThat(/\b(it|test|describe)\.(skip|only|todo|fails)\b/, tests.filter(notThis))).toEqual([]);
  });
});

const notThis = (file: string) => file !== "test/house/sources.test.ts";
