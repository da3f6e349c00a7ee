import { afterAll, describe, expect, it } from "vitest";
import { blocksOf, type Block } from "../helpers/pages/markdown.ts";
import { runPage, type Outcome } from "../helpers/pages/run.ts";
import { yamlTrouble } from "../helpers/pages/yaml.ts";
import { filesBelow, textOf } from "./tree.ts";

const PAGES = ["README.md", ...filesBelow("docs", ".md")];
const blocks = PAGES.flatMap((page) => blocksOf(page, textOf(page)));
const LANGUAGES = ["console", "dockerfile", "json", "mermaid", "sh", "text", "yaml"];
const isShell = ({ language }: Block) => ["sh", "console"].includes(language);
const place = ({ page, line }: Block) => `${page}:${line}`;

describe("fenced blocks", () => {
  it("say their language", () => {
    expect(blocks.filter(({ language }) => !LANGUAGES.includes(language)).map(place)).toEqual([]);
  });

  it.each(blocks.filter(({ language }) => language === "yaml").map((block) => [place(block), block.text]))(
    "%s is YAML of a known kind",
    (_, text) => {
      expect(yamlTrouble(text)).toBeUndefined();
    },
  );

  it.each(blocks.filter(({ language }) => language === "json").map((block) => [place(block), block.text]))(
    "%s is JSON",
    (_, text) => {
      expect(() => JSON.parse(text) as unknown).not.toThrow();
    },
  );

  it("that are not run say why", () => {
    const silent = blocks.filter(
      ({ words }) => words.has("not-run") && (words.get("not-run") ?? "").length < 8,
    );
    expect(silent.map(place)).toEqual([]);
  });
});

/** Each page has a sandbox of its own; some run side by side, for most of the time is waiting. */
describe("the commands of a page, in its order, against the sandbox", () => {
  const pages = PAGES.filter((page) => blocks.some((block) => block.page === page && isShell(block)));
  const outcomes: Outcome[] = [];

  it.concurrent.each(pages)("%s", { timeout: 240_000 }, async (page) => {
    const outcome = await runPage(blocks.filter((block) => block.page === page));
    outcomes.push(outcome);
    expect(outcome.failures).toEqual([]);
  });

  afterAll(() => {
    const executed = outcomes.reduce((sum, { executed: count }) => sum + count, 0);
    const left = outcomes.flatMap(({ notRun }) => notRun);
    process.stdout.write(
      `${executed} commands of ${pages.length} pages executed; not run: ${left.length} blocks\n`,
    );
    for (const line of left) process.stdout.write(`  ${line}\n`);
  });
});
