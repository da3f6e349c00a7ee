import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { CODES } from "../../src/codes.ts";
import { docsAnchor } from "../../src/errors.ts";
import { filesBelow, ROOT, textOf } from "./tree.ts";

const headings = (file: string) =>
  [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) => text.trim());
/** As GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
const codes = Object.keys(CODES) as (keyof typeof CODES)[];

describe("docs/troubleshooting.md", () => {
  const documented = headings("docs/troubleshooting.md").flatMap((text) => /^ESOB-\w+/.exec(text) ?? []);

  it("has one heading for each code, and for nothing else", () => {
    expect(documented.toSorted()).toEqual([...codes].toSorted());
  });

  it("is where every error points", () => {
    for (const code of codes) {
      const [file = "", anchor] = docsAnchor(code).split("#");
      const anchors = headings(file).map(anchorOf);
      expect(anchors).toContain(anchor);
    }
  });
});

it("every code is of a known area, and is used", () => {
  const sources = filesBelow("src", ".ts").filter((file) => file !== "src/codes.ts");
  const text = sources.map(textOf).join("\n");
  expect(codes.filter((code) => !/^ESOB-[CLKHIRSE]\d{3}$/.test(code))).toEqual([]);
  expect(codes.filter((code) => !text.includes(code))).toEqual([]);
});

describe("templates", () => {
  it.each(filesBelow("templates", ".yaml"))("%s is one valid object on its own", (file) => {
    const document = parseDocument(textOf(file), { strict: true });
    expect(document.errors).toEqual([]);
    expect(document.toJS()).toMatchObject({
      apiVersion: expect.stringMatching(/./),
      kind: expect.stringMatching(/./),
      metadata: { labels: { "app.kubernetes.io/managed-by": "eso-bootstrap" } },
    });
    // Prometheus fills in labels of an alert itself; nothing else is text in text.
    expect(textOf(file).replaceAll(/\{\{ (or )?\$labels[^}]*\}\}/g, "")).not.toMatch(/\$\{|\{\{/);
  });
});

describe("pages", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...filesBelow("docs", ".md")];

  it.each(pages)("%s links only to files that are there", (page) => {
    const links = [...textOf(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
      ([, link = ""]) => link,
    );
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
  });

  it.each(pages)("%s links only to headings that are there", (page) => {
    const links = [...textOf(page).matchAll(/\]\(([^):#\s]*)#([^)\s]+)\)/g)];
    const missing = links.filter(([, file = "", anchor = ""]) => {
      const target = file === "" ? page : join(dirname(page), file);
      return !headings(target).map(anchorOf).includes(anchor);
    });
    expect(missing.map(([text]) => text)).toEqual([]);
  });

  it("decisions are numbered without a gap", () => {
    const numbers = filesBelow("docs/adr", ".md").map((file) =>
      Number(/(\d{4})-[a-z0-9-]+\.md$/.exec(file)?.[1]),
    );
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it("commands that the README names are scripts", () => {
    const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
    const named = [...textOf("README.md").matchAll(/npm run ([\w:]+)/g)].map(([, script = ""]) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });
});
