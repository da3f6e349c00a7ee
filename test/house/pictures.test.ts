import { describe, expect, it } from "vitest";
import { fixed } from "../../scripts/pictures/fixed.ts";
import { PICTURES } from "../../scripts/pictures/index.ts";
import { drawn, textOf as textOfRow } from "../../scripts/pictures/screen.ts";
import { PALETTES } from "../../scripts/pictures/svg.ts";
import { filesBelow, textOf } from "./tree.ts";

const MOST_BYTES = 40_000;

/** The run wants a pseudo-terminal from util-linux's `script`. */
const isHere = process.platform === "linux";

it.runIf(isHere).each(PICTURES.map(({ path, content }) => [path, content] as const))(
  isHere ? "%s is what the tool prints; else run: npm run generate" : "%s: only Linux can draw it again",
  { timeout: 90_000 }, // the first one plays the demo, and the machine may have other work
  async (path, content) => {
    const text = await content();
    expect(textOf(path)).toBe(text);
    expect(Buffer.byteLength(text)).toBeLessThan(MOST_BYTES);
  },
);

describe("pictures", () => {
  it("are the files of their folder, and no others", () => {
    expect(filesBelow("docs/pictures")).toEqual(PICTURES.map(({ path }) => path).toSorted());
  });

  it("are shown in a page each, with words for those who do not see them", () => {
    const pages = ["README.md", ...filesBelow("docs", ".md")].map(textOf).join("\n");
    const shown = [...pages.matchAll(/!\[([^\]]{40,})\]\((?:docs\/)?(pictures\/[\w-]+\.svg)\)/g)];
    expect([...new Set(shown.map(([, , path = ""]) => `docs/${path}`))].toSorted()).toEqual(
      filesBelow("docs/pictures"),
    );
  });

  it.each(Object.entries(PALETTES))("can be read in the %s: contrast of 4.5 (WCAG 2.2, AA)", (_, palette) => {
    const { window, line: _decoration, ...texts } = palette;
    const weak = Object.entries(texts).filter(([, colour]) => contrast(colour, window) < 4.5);
    expect(weak).toEqual([]);
  });
});

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\da-f]{2}/g) ?? []).map((hex) => {
    const part = Number.parseInt(hex, 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe("a run on a slow machine", () => {
  const quick = [
    "sandbox · 1 store                                  0.3s",
    "  ✔ Namespace shop created                         0.0s",
    "  ESO       + Release at 127.0.0.1:41943, 127.0.0.1:50017 and 127.0.0.1:41943",
    "✔ shop/shop-db  4/4   1s ago     1m     us  shop-db",
    "CLUSTER  sandbox   reviewer token 1s old, no expiry",
  ];
  const slow = [
    "sandbox · 1 store                                1m 05s",
    "  ✔ Namespace shop created                          12s",
    "  ESO       + Release at 127.0.0.1:6044, 127.0.0.1:33012 and 127.0.0.1:6044",
    "✔ shop/shop-db  4/4   108s ago   1m     us  shop-db",
    "CLUSTER  sandbox   reviewer token 108s old, no expiry",
  ];
  const pictured = (lines: readonly string[]) => fixed(drawn(lines.join("\r\n"), 80)).map(textOfRow);

  it("is drawn as one on a quick machine, column for column", () => {
    expect(pictured(slow)).toEqual(pictured(quick));
    expect(pictured(quick)).toEqual([
      "sandbox · 1 store                                  1.0s",
      "  ✔ Namespace shop created                         0.1s",
      "  ESO       + Release at 127.0.0.1:40001, 127.0.0.1:40002 and 127.0.0.1:40001",
      "✔ shop/shop-db  4/4   2s ago     1m     us  shop-db",
      "CLUSTER  sandbox   reviewer token 2s old, no expiry",
    ]);
  });
});

it("the screen is what is left when lines were drawn again, with the looks of what is left", () => {
  const [row = [], ...others] = drawn(
    "  ⠋ waiting\u001b[3D\r\u001b[2K  \u001b[32m✔\u001b[39m \u001b[1mdone\u001b[22m\r\n",
    80,
  );
  expect(others.map(textOfRow)).toEqual([]);
  expect(textOfRow(row)).toBe("  ✔ done");
  expect(row.map(({ look }) => look)).toEqual(["", "", "green", "", "bold", "bold", "bold", "bold"]);
});
