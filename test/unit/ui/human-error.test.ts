import { describe, expect, it } from "vitest";
import { BootstrapError } from "../../../src/errors.ts";
import { errorLines } from "../../../src/ui/human-error.ts";
import { createStyle } from "../../../src/ui/style.ts";
import { steers } from "./screen.ts";

const at80 = createStyle({ columns: 80, colour: false, unicode: true });
const ascii = createStyle({ columns: 60, colour: false, unicode: false });
const screen = (lines: readonly string[]) => `\n${lines.join("\n")}\n`;

const unknownProject = new BootstrapError("ESOB-I204", {
  message: 'Infisical does not know a project with the slug "Shop".',
  reason: '"Shop" is the name of project shop-x7k2 (the slug is generated and may differ).',
  fix: {
    summary: "set  infisical.project: shop-x7k2   (eso-bootstrap.yaml, line 6)",
    command: "eso-bootstrap init --project shop-x7k2",
  },
  facts: { Exists: "infra, shop-x7k2, website" },
  cause: new Error("Authorization: Bearer hunter2"),
});

describe("an error on the screen", () => {
  it("says what happened, why, what to do, what exists and where to read more", () => {
    expect(screen(errorLines(unknownProject, at80, true))).toMatchInlineSnapshot(`
      "
      ✖ Infisical does not know a project with the slug "Shop".            ESOB-I204
        "Shop" is the name of project shop-x7k2 (the slug is generated and may
        differ).
        Fix    set  infisical.project: shop-x7k2   (eso-bootstrap.yaml, line 6)
               eso-bootstrap init --project shop-x7k2
        Exists infra, shop-x7k2, website
        More   eso-bootstrap explain ESOB-I204  docs/troubleshooting.md#esob-i204
        Nothing was changed.
      "
    `);
  });

  it("colours signs alone: words can be read on light and on dark", () => {
    const coloured = createStyle({ columns: 80, colour: true, unicode: true });
    const text = errorLines(unknownProject, coloured, true).join("\n");
    // oxlint-disable-next-line no-control-regex -- escape sequences are what this looks for
    const painted = [...text.matchAll(/\u001b\[3[0-8]m([^\u001b]*)/g)].map(([, what]) => what);
    expect(painted).toEqual(["✖"]);
    expect(text).toContain("\u001b[1meso-bootstrap init --project shop-x7k2\u001b[22m");
  });

  it("wraps long sentences, but never a command, and has an ASCII twin", () => {
    const lines = errorLines(unknownProject, ascii);
    expect(screen(lines)).toMatchInlineSnapshot(`
      "
      x Infisical does not know a project with the slug "Shop".
                                                         ESOB-I204
        "Shop" is the name of project shop-x7k2 (the slug is
        generated and may differ).
        Fix    set  infisical.project: shop-x7k2
               (eso-bootstrap.yaml, line 6)
               eso-bootstrap init --project shop-x7k2
        Exists infra, shop-x7k2, website
        More   eso-bootstrap explain ESOB-I204
      "
    `);
    expect(lines.join("")).toMatch(/^[ -~]*$/);
  });

  it("takes what to do from the table of codes when nothing better is known", () => {
    const error = new BootstrapError("ESOB-K101", { message: "The API server cannot be reached." });
    expect(screen(errorLines(error, at80))).toMatchInlineSnapshot(`
      "
      ✖ The API server cannot be reached.                                  ESOB-K101
        Fix    Check the address, the network and the proxy settings.
        More   eso-bootstrap explain ESOB-K101  docs/troubleshooting.md#esob-k101
      "
    `);
  });

  it("never shows the foreign cause", () => {
    expect(errorLines(unknownProject, at80).join("\n")).not.toContain("hunter2");
  });

  it("makes foreign text harmless", () => {
    const error = new BootstrapError("ESOB-I111", {
      message: "It said \u001b[2J\u001b]8;;http://evil\u0007hello\r\u202e.",
      facts: { "\u001b[1mName": "a\u0000b" },
    });
    const text = errorLines(error, at80).join("\n");
    expect(steers(text)).toBe(false);
    expect(text).toContain("hello");
  });
});
