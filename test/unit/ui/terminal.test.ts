import { describe, expect, it } from "vitest";
import { detectTerminal } from "../../../src/ui/terminal.ts";
import { createStyle } from "../../../src/ui/style.ts";
import { duration, ellipsise, harmless, pad, width, wrap } from "../../../src/ui/text.ts";

const sink = { write: () => true };
const terminal = { stdout: sink, stderr: { ...sink, isTTY: true, columns: 132 } };
const pipe = { stdout: sink, stderr: sink };

describe("what a terminal can do", () => {
  it.each([
    ["a terminal", terminal, { TERM: "xterm-256color" }, { colour: true, isTTY: true, columns: 132 }],
    ["a pipe", pipe, { TERM: "xterm-256color" }, { colour: false, isTTY: false, columns: 80 }],
    ["NO_COLOR", terminal, { NO_COLOR: "1" }, { colour: false, isTTY: true }],
    ["an empty NO_COLOR", terminal, { NO_COLOR: "" }, { colour: true }],
    ["FORCE_COLOR in a pipe", pipe, { FORCE_COLOR: "1" }, { colour: true, isTTY: false }],
    ["FORCE_COLOR=0", terminal, { FORCE_COLOR: "0" }, { colour: false }],
    ["NO_COLOR and FORCE_COLOR", terminal, { NO_COLOR: "1", FORCE_COLOR: "1" }, { colour: false }],
    ["a dumb terminal", terminal, { TERM: "dumb" }, { colour: false, unicode: false, isTTY: false }],
    ["CI", terminal, { CI: "true" }, { colour: true, isTTY: false }],
    ["CI=false", terminal, { CI: "false" }, { isTTY: true }],
    ["a UTF-8 locale", terminal, { LANG: "en_US.UTF-8" }, { unicode: true }],
    ["the C locale", terminal, { LANG: "C" }, { unicode: false }],
    ["LC_ALL over LANG", terminal, { LC_ALL: "POSIX", LANG: "de_DE.utf8" }, { unicode: false }],
    ["no locale, as in containers", terminal, {}, { unicode: true }],
  ])("%s", (_, streams, env, expected) => {
    expect(detectTerminal({ ...streams, env })).toMatchObject(expected);
  });

  it("has no colours with --no-color, whatever the environment says", () => {
    const env = { FORCE_COLOR: "1" };
    expect(detectTerminal({ ...terminal, env, noColour: true }).colour).toBe(false);
  });

  it("is never narrower than 40 columns", () => {
    const narrow = { stdout: sink, stderr: { ...sink, isTTY: true, columns: 3 } };
    expect(detectTerminal({ ...narrow, env: {} }).columns).toBe(40);
  });
});

describe("texts on the screen", () => {
  it("are measured in columns, colours take none", () => {
    expect(width("\u001b[31mabc\u001b[39m")).toBe(3);
    expect(width("日本")).toBe(4);
    expect(width("e\u0301")).toBe(1);
  });

  it("are cut with a sign that they were", () => {
    expect(ellipsise("infisical", 5)).toBe("infi…");
    expect(ellipsise("infisical", 9)).toBe("infisical");
    expect(ellipsise("日本語", 5)).toBe("日本…");
  });

  it("break at spaces, and words stay whole", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("eso-bootstrap", 5)).toEqual(["eso-bootstrap"]);
    expect(wrap("a\nb", 10)).toEqual(["a", "b"]);
  });

  it("fill up to a column", () => {
    expect(pad("ab", 4)).toBe("ab  ");
    expect(pad("abcd", 2)).toBe("abcd");
  });

  it("lose what would steer the terminal", () => {
    expect(harmless("a\u001b[2Jb\rc\u0007d\ne")).toBe("ab c d\ne");
    expect(harmless("\u202eevil")).toBe(" evil");
  });

  it.each([
    [0, "0.0s"],
    [812, "0.8s"],
    [9949, "9.9s"],
    [34_400, "34s"],
    [125_000, "2m 05s"],
  ])("say %i ms as %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it("have an ASCII twin where the terminal needs one", () => {
    const ascii = createStyle({ columns: 80, colour: false, unicode: false });
    expect(ascii.text("a → b · c … “d” ü")).toBe('a -> b - c ... "d" ü');
    expect(ascii.sign("done")).toBe("v");
  });
});
