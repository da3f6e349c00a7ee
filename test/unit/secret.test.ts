import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Secret } from "../../src/secret.ts";

describe("Secret", () => {
  const secret = new Secret("canary-1f3a");

  test.each([
    ["a template", `${secret}`],
    ["JSON", JSON.stringify({ secret })],
    ["inspect", inspect({ secret }, { depth: 5, showHidden: true })],
    ["String", String(secret)],
    ["an error", new Error(`failed with ${secret}`).message],
    ["keys and values", JSON.stringify([Object.keys(secret), Object.values(secret)])],
  ])("is not in %s", (_, text) => {
    expect(text).not.toContain("canary");
  });

  test("reveals itself only when asked", () => {
    expect(secret.reveal()).toBe("canary-1f3a");
  });

  test("is compared by fingerprint", () => {
    expect(secret.fingerprint()).toBe(new Secret("canary-1f3a").fingerprint());
    expect(secret.fingerprint()).not.toBe(new Secret("canary-1f3b").fingerprint());
  });
});
