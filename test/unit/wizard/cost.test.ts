import { describe, expect, it } from "vitest";
import { costText, requestsPerMinute } from "../../../src/wizard/cost.ts";
import { draftPath } from "../../../src/wizard/draft.ts";

describe("what a refresh interval costs", () => {
  it.each([
    [3, "60s", 5],
    [3, "30s", 10],
    [1, "1h", 0.05],
    ["all", "60s", 3],
    [10, "0s", 0],
  ] as const)("%s keys every %s: %d requests a minute", (keys, interval, requests) => {
    expect(requestsPerMinute(keys, interval)).toBeCloseTo(requests);
  });

  it("is said with what the server allows", () => {
    expect(costText(3, "60s", "https://infisical.example")).toBe(
      "about 5 requests a minute of 60 this server allows",
    );
    expect(costText(60, "60s", "https://eu.infisical.com")).toBe(
      "about 62 requests a minute of 40 the free plan allows: too many",
    );
    expect(costText(1, "1h", "https://eu.infisical.com")).toContain("less than 1 request a minute");
    expect(costText(1, "0s", "https://eu.infisical.com")).toContain("read once");
  });
});

describe("where answers are kept", () => {
  it("is the state folder of the XDG specification", () => {
    expect(draftPath({}, "/home/me")).toBe("/home/me/.local/state/eso-bootstrap/answers.json");
    expect(draftPath({ XDG_STATE_HOME: "/state" }, "/home/me")).toBe("/state/eso-bootstrap/answers.json");
    expect(draftPath({ XDG_STATE_HOME: "relative" }, "/home/me")).toBe(
      "/home/me/.local/state/eso-bootstrap/answers.json",
    );
  });
});
