import { describe, expect, test } from "vitest";
import { isCloud, normaliseHost } from "../../../src/infisical/host.ts";
import { proxyFor } from "../../../src/infisical/proxy.ts";

test.each([
  ["us", "https://app.infisical.com"],
  [" EU ", "https://eu.infisical.com"],
  ["https://infisical.example", "https://infisical.example"],
  ["https://infisical.example/", "https://infisical.example"],
  ["https://infisical.example/api", "https://infisical.example"],
  ["https://infisical.example/api/", "https://infisical.example"],
  ["https://tools.example/infisical/api", "https://tools.example/infisical"],
  ["HTTPS://Infisical.Example:8443//", "https://infisical.example:8443"],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["http://[::1]:8080/api", "http://[::1]:8080"],
])("%s is %s", (given, host) => {
  expect(normaliseHost(given)).toBe(host);
});

test.each([
  ["", "Set infisical.host"],
  ["asia", "Set infisical.host"],
  ["infisical.example", "https://infisical.example"],
  ["localhost:8080", "https://localhost:8080"],
  ["ftp://infisical.example", "Set infisical.host"],
  ["https://", "Set infisical.host"],
  ["https://a b", "Set infisical.host"],
  ["https://infisical.example/?org=1", "Set infisical.host"],
])("%s is refused, with a hint", (given, hint) => {
  expect(() => normaliseHost(given)).toThrow(
    expect.objectContaining({
      code: "ESOB-C104",
      fix: { summary: expect.stringContaining(hint) },
    }),
  );
});

test("a password in an address is not repeated", () => {
  expect(() => normaliseHost("https://me:hush@infisical.example")).toThrow(/^The address is not/);
});

test("Infisical Cloud is told from servers of one's own", () => {
  const clouds = ["https://app.infisical.com", "https://eu.infisical.com", "https://acme.infisical.com"];
  expect(clouds.every(isCloud)).toBe(true);
  const others = ["https://infisical.example", "https://infisical.com.example", "nonsense"];
  expect(others.some(isCloud)).toBe(false);
});

describe("which proxy", () => {
  const settings = { httpsProxy: "http://proxy:3128", httpProxy: "plain:3129" };
  test.each([
    ["https://infisical.example", "", "http://proxy:3128/"],
    ["http://infisical.example", "", "http://plain:3129/"],
    ["https://infisical.example", "infisical.example", undefined],
    ["https://infisical.example", "a.b, .example", undefined],
    ["https://infisical.example", "*.example", undefined],
    ["https://infisical.example", "*", undefined],
    ["https://infisical.example", "infisical.example:443", undefined],
    ["https://infisical.example:8443", "infisical.example:443", "http://proxy:3128/"],
    ["https://notexample", "example", "http://proxy:3128/"],
    ["https://localhost:8080", "", undefined],
    ["https://127.0.0.1:8080", "", undefined],
    ["https://[::1]:8080", "", undefined],
  ])("for %s without %j: %s", (url, noProxy, expected) => {
    expect(proxyFor(new URL(url), { ...settings, noProxy })?.href).toBe(expected);
  });

  test("none where none is set", () => {
    expect(proxyFor(new URL("https://infisical.example"), {})).toBeUndefined();
  });
});
