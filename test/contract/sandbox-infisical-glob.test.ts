/** The glob language of secret paths: every line of infisical-api.md 2.1 and 10.1, and what a picomatch of that age says. */

import { expect, test } from "vitest";
import { matchesGlob } from "../../src/sandbox/infisical/glob.ts";

test.for([
  {
    glob: "/shop/**",
    matches: ["/shop", "/shop/api", "/shop/api/db"],
    not: ["/shopping", "/", "/SHOP", "shop"],
  },
  { glob: "/shop/*", matches: ["/shop/api"], not: ["/shop", "/shop/api/db"] },
  { glob: "/**", matches: ["/", "/shop", "/shop/api"], not: [] },
  { glob: "/shop**", matches: ["/shop", "/shopping"], not: ["/shop/api", "/shopping/x"] },
  { glob: "/", matches: ["/"], not: ["/shop"] },
  { glob: "/shop/", matches: ["/shop/"], not: ["/shop"] },
  { glob: "/shop", matches: ["/shop"], not: ["/shop/api", "/SHOP", "/shopping"] },
  { glob: "/shop/**", matches: [], not: ["//shop", "/shop/../other", "/shop/.hidden"] },
  { glob: "/a/**/b", matches: ["/a/b", "/a/x/b", "/a/x/y/b"], not: ["/a/x", "/b"] },
  { glob: "team-*", matches: ["team-a", "team-"], not: ["ateam-a", "team-a/b"] },
  { glob: "sho?", matches: ["shop"], not: ["sho", "shops"] },
  { glob: "{shop,bar}", matches: ["shop", "bar"], not: ["baz"] },
  { glob: "[ab]c", matches: ["ac", "bc"], not: ["cc"] },
  { glob: "!shop", matches: ["bar"], not: ["shop"] },
])("$glob", ({ glob, matches, not }) => {
  expect(matches.filter((value) => !matchesGlob(glob, value))).toEqual([]);
  expect(not.filter((value) => matchesGlob(glob, value))).toEqual([]);
});

test("an empty pattern is an error in picomatch's words", () => {
  expect(() => matchesGlob("", "shop")).toThrow("Expected pattern to be a non-empty string");
});
