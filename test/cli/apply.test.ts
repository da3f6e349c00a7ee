import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openShop, type Shop } from "./shop.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 }); // it is real work, and the machine may have other work

describe("what a flag says otherwise than the file", () => {
  let shop: Shop;
  let before: string;
  beforeAll(async () => {
    shop = await openShop();
    await shop.file();
    expect((await shop.run(["init", "--yes"])).code).toBe(0);
    before = await shop.text();
  });
  afterAll(() => shop.close());

  test("is said by apply before the plan, and goes into the file after the consent", async () => {
    const keys = ["--keys", "DB_HOST,DB_PORT"];
    const refused = await shop.run(["apply", ...keys]);
    expect([refused.code, await shop.text()]).toEqual([2, before]);
    const ran = await shop.run(["apply", ...keys, "--yes"]);
    expect([ran.code, ran.said]).toEqual([
      0,
      expect.stringMatching(/By flag, and goes into eso-bootstrap\.yaml: secrets\[0\]\.keys .* Plan /),
    ]);
    const after = await shop.text();
    expect(after).toMatch(/keys: ?\[DB_HOST, DB_PORT\]|- DB_HOST\n +- DB_PORT/);
    expect((await shop.json(["plan"])).code, "the file alone gives what was set up").toBe(0);
    const again = await shop.json(["apply", ...keys, "--yes"]);
    expect([again.code, again.document["writes"], await shop.text()]).toEqual([0, 0, after]);
  });

  test("so by one part of the road", async () => {
    const ran = await shop.run(["reviewer", "--cluster-role", "tokenreview-only", "--yes"]);
    expect([ran.code, ran.said]).toEqual([0, expect.stringContaining("reviewer.clusterRole")]);
    expect(await shop.text()).toContain("clusterRole: tokenreview-only");
    expect((await shop.json(["plan"])).code).toBe(0);
  });

  test("is only told where nobody may write the file", async () => {
    shop.lock(true);
    const ran = await shop.run(["apply", "--keys", "DB_HOST", "--yes"]);
    shop.lock(false);
    expect([ran.code, ran.said]).toEqual([
      0,
      expect.stringContaining("The next run without these flags goes by the file: secrets[0].keys"),
    ]);
  });
});
