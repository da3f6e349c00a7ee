import { describe, expect, it } from "vitest";
import { located } from "../../../src/checks/located.ts";
import type { CheckResult, Subject } from "../../../src/engine/check.ts";
import type { Inputs } from "../../../src/inputs/inputs.ts";

const inputs = {
  file: "./eso-bootstrap.yaml",
  stores: [
    { kind: "SecretStore", name: "infisical", namespace: { names: ["shop", "cart"] } },
    { kind: "ClusterSecretStore", name: "all", namespace: { names: ["external-secrets"] } },
    { kind: "SecretStore", name: "team", namespace: { selector: { team: "shop" } } },
  ],
  secrets: [{ name: "shop-db", target: "db", namespace: { names: ["shop"] } }],
  lines: { "stores[0].name": 5, "stores[1].name": 9, "stores[2].name": 13, "secrets[0].name": 20 },
} as unknown as Inputs;

const at = (subject?: Subject) =>
  located([{ id: "x", subject } as unknown as CheckResult], inputs)[0]?.location?.line;

describe("located", () => {
  it.each<[string, Subject, number | undefined]>([
    ["a store in one of its namespaces", { kind: "SecretStore", namespace: "cart", name: "infisical" }, 5],
    [
      "a store of that name elsewhere",
      { kind: "SecretStore", namespace: "other", name: "infisical" },
      undefined,
    ],
    ["a ClusterSecretStore, which has none", { kind: "ClusterSecretStore", name: "all" }, 9],
    [
      "a store in namespaces that a selector chooses",
      { kind: "SecretStore", namespace: "x", name: "team" },
      13,
    ],
    ["an ExternalSecret", { kind: "ExternalSecret", namespace: "shop", name: "shop-db" }, 20],
    ["the Secret that it makes", { kind: "Secret", namespace: "shop", name: "db" }, 20],
    [
      "what the file does not describe",
      { kind: "Deployment", namespace: "shop", name: "shop-db" },
      undefined,
    ],
  ])("%s", (_, subject, line) => {
    expect(at(subject)).toBe(line);
  });

  it("leaves alone what has a place, and what is about no object", () => {
    const placed = { id: "x", location: { file: "f", line: 1 } } as CheckResult;
    expect(located([placed], inputs)).toEqual([placed]);
    expect(at()).toBeUndefined();
  });
});
