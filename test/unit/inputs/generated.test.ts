import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { CODES } from "../../../src/codes.ts";
import { docsAnchor } from "../../../src/errors.ts";
import { GENERATED } from "../../../scripts/generate.ts";

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), "utf8");

describe("generated files", () => {
  it.each(GENERATED.map(({ path, content }) => [path, content] as const))(
    "%s is as the code says; else run: npm run generate",
    async (path, content) => {
      expect(await read(path)).toBe(await content());
    },
  );

  it("have a heading for every code, where the errors point to", async () => {
    const page = await read("docs/troubleshooting.md");
    const headings = Array.from(page.matchAll(/^## (ESOB-\w+)$/gm), ([, code]) => code);
    expect(headings).toHaveLength(Object.keys(CODES).length);
    expect(new Set(headings)).toEqual(new Set(Object.keys(CODES)));
    expect(docsAnchor("ESOB-K101")).toBe("docs/troubleshooting.md#esob-k101");
  });
});
