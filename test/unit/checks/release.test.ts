import { describe, expect, test } from "vitest";
import { asInstalled, isOfFile, upgrade, upgradeWith } from "../../../src/checks/eso/release.ts";
import type { Desired } from "../../../src/desired/desired.ts";
import type { Release } from "../../../src/helm/helm.ts";
import type { Controller } from "../../../src/steps/eso-fact.ts";

const controller = (installedBy: string): Controller => ({
  namespace: "eso",
  deployment: "external-secrets",
  serviceAccount: "external-secrets",
  version: "0.18.2",
  controllerClass: "default",
  installedBy,
  available: true,
});
const OURS = controller("Helm release eso/shop-eso");
const FOREIGN = controller("Helm release eso/other");
const BY_ARGO = controller("Argo CD");
const file = (version: string, manage = true) =>
  ({ eso: { manage, namespace: "eso", release: "shop-eso", version } }) as Desired;

test("the release of the file is the one with its name and namespace, where it is managed", () => {
  expect(isOfFile(OURS, file("2.9.0"))).toBe(true);
  expect(isOfFile(OURS, file("2.9.0", false))).toBe(false);
  expect([FOREIGN, BY_ARGO].map((one) => isOfFile(one, file("2.9.0")))).toEqual([false, false]);
});

describe("a newer version", () => {
  test.each([
    ["the file asks for it", OURS, file("2.9.0"), "eso-bootstrap install"],
    ["the file asks for the old one", OURS, file("0.18.2"), "eso-bootstrap install --chart-version 0.20.4"],
    ["another release", FOREIGN, file("2.9.0"), /^helm upgrade other .* --version 0\.20\.4 -n eso/],
    ["no file", OURS, undefined, /^helm upgrade shop-eso .* --version 0\.20\.4 -n eso/],
  ])("%s", (_what, one, desired, command) => {
    expect(upgrade(one, desired).command).toMatch(command);
  });

  test("what no Helm knows has no command", () => {
    expect(upgrade(BY_ARGO, file("2.9.0"))).toEqual({ summary: expect.stringContaining("by Argo CD") });
  });
});

test("other values leave the version", () => {
  expect(upgradeWith(FOREIGN, "--set a=b")).toMatch(/ --version 0\.18\.2 -n eso --reuse-values --set a=b$/);
  expect(upgradeWith(BY_ARGO, "--set a=b")).toBe("kubectl edit deployment/external-secrets -n eso");
});

test("what a release holds is put back, where Helm knows its revision", async () => {
  const helm = { release: async () => ({ revision: 3 }) as Release };
  const silent = { release: () => Promise.reject(new Error("no helm here")) };
  expect(await asInstalled(FOREIGN, helm)).toBe("helm rollback other 3 -n eso");
  expect(await asInstalled(FOREIGN, silent)).toBeUndefined();
  expect(await asInstalled(BY_ARGO, helm)).toBeUndefined();
});
