import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CODES } from "../../../src/codes.ts";
import { doctorWorld } from "../../helpers/doctor-world.ts";
import type { Breakage } from "./breakages/breakage.ts";

/** Every list of breakages that a file of the folder exports. */
const folder = new URL("./breakages/", import.meta.url);
const modules = await Promise.all(
  readdirSync(folder)
    .toSorted()
    .map((file) => import(new URL(file, folder).href) as Promise<Record<string, readonly Breakage[]>>),
);
const ALL = modules.flatMap((module) => Object.values(module).flat());

describe("a healthy world", () => {
  test.each(["2024-10", "2026"] as const)("of an Infisical of %s has no trouble", async (generation) => {
    const world = await doctorWorld({ generation });
    const results = await world.examine();
    expect(results.filter(({ status }) => status === "fail" || status === "warn")).toEqual([]);
    expect(results.filter(({ status }) => status === "pass").length).toBeGreaterThan(3);
  });

  test("has none without the file and without a credential", async () => {
    const world = await doctorWorld();
    const results = await world.examine({ withoutFile: true, withoutCredential: true });
    expect(results.filter(({ status }) => status === "fail" || status === "warn")).toEqual([]);
  });
});

describe("broken, doctor names first", () => {
  test.each(ALL.map((breakage) => [breakage.code, breakage.what, breakage] as const))(
    "%s: %s",
    async (code, _what, breakage) => {
      const world = await doctorWorld(breakage.world);
      await breakage.break(world);
      const results = await world.examine(breakage.look);
      const troubles = results.filter(({ status }) => status === "fail");
      const [first] = breakage.as === "warn" ? results.filter(({ status }) => status === "warn") : troubles;
      expect(first && { code: first.code, message: first.message, cause: first.cause }).toMatchObject({
        code,
      });
      if (breakage.as === "warn") expect(troubles).toEqual([]);
      expect(first?.fix?.summary).toBeTruthy();
      expect(first?.docs).toContain(code.toLowerCase());
      expect(code in CODES).toBe(true);
    },
  );
});
