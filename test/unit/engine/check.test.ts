import { describe, expect, test } from "vitest";
import { runChecks, type Check, type Finding } from "../../../src/engine/check.ts";
import { BootstrapError } from "../../../src/errors.ts";

const check = (id: string, run: () => Promise<Finding>, needs: string[] = []): Check<undefined> => ({
  id,
  code: "ESOB-R103",
  category: "test",
  title: `${id} is true`,
  severity: "error",
  needs,
  run,
});

const pass = () => Promise.resolve<Finding>({ status: "pass" });
const broken = () =>
  Promise.reject(new BootstrapError("ESOB-R102", { message: "The token is dead.", reason: "401" }));

describe("runChecks", () => {
  test("keeps the order of the records, whatever finishes first", async () => {
    let release = () => {};
    const slow = () => new Promise<Finding>((resolve) => (release = () => resolve({ status: "pass" })));
    const quick = () => pass().finally(() => release());
    const results = await runChecks([check("slow", slow), check("quick", quick)], undefined, () => {});
    expect(results.map(({ id }) => id)).toEqual(["slow", "quick"]);
  });

  test("goes through more checks than may be under way, also where a parent stands at the end", async () => {
    const many = Array.from({ length: 2_000 }, (_, index) => check(`${index}`, pass, ["last"]));
    const results = await runChecks([...many, check("last", broken)], undefined, () => {});
    expect(results).toHaveLength(2_001);
    expect(results.map(({ id }) => id)).toEqual([...many.map(({ id }) => id), "last"]);
    expect(new Set(results.slice(0, -1).map(({ status }) => status))).toEqual(new Set(["skip"]));
  });

  test("does not wait for what may explain a failure, and names it all the same", async () => {
    let release = () => {};
    const slow = () =>
      new Promise<Finding>((resolve) => (release = () => resolve({ status: "pass" }))).then(broken);
    const quick = () =>
      pass()
        .finally(() => release())
        .then(broken);
    const checks = [check("cause", slow), { ...check("effect", quick), after: ["cause"] }];
    const results = await runChecks(checks, undefined, () => {});
    expect(results.map(({ follows }) => follows)).toEqual([undefined, "ESOB-R102"]);
  });

  test("what a consequence blocks is blocked by its cause", async () => {
    const other = () => Promise.reject(new BootstrapError("ESOB-R103", { message: "It may not." }));
    const checks = [
      check("cause", broken),
      { ...check("effect", other), after: ["cause"] },
      check("child", pass, ["effect"]),
    ];
    const [, , child] = await runChecks(checks, undefined, () => {});
    expect(child?.skippedBecause).toBe("blocked by ESOB-R102");
  });

  test("one failed read that several wanted is told once; another reason is another cause", async () => {
    const another = () =>
      Promise.reject(new BootstrapError("ESOB-R102", { message: "The token is dead.", reason: "403" }));
    const checks = [check("a", broken), check("b", broken), check("c", another)];
    const results = await runChecks(checks, undefined, () => {});
    expect(results.map(({ follows }) => follows)).toEqual([undefined, "ESOB-R102", undefined]);
  });

  test("a failed parent marks its children and grandchildren, and does not hide them", async () => {
    const ran: string[] = [];
    const results = await runChecks(
      [
        check("parent", broken),
        check("child", async () => (ran.push("child"), { status: "pass" }), ["parent"]),
        check("grandchild", async () => (ran.push("grandchild"), { status: "pass" }), ["child"]),
        check("other", pass),
      ],
      undefined,
      () => {},
    );
    expect(results.map(({ status }) => status)).toEqual(["fail", "skip", "skip", "pass"]);
    expect(results.map(({ skippedBecause }) => skippedBecause)).toEqual([
      undefined,
      "blocked by ESOB-R102",
      "blocked by ESOB-R102",
      undefined,
    ]);
    expect(ran).toEqual([]);
  });

  test("a failure carries its own code, cause, fix and docs", async () => {
    const [result] = await runChecks([check("one", broken)], undefined, () => {});
    expect(result).toMatchObject({
      code: "ESOB-R102",
      message: "The token is dead.",
      cause: "401",
      docs: "docs/troubleshooting.md#esob-r102",
    });
    expect(result?.fix?.summary).toContain("apply");
  });

  test("a bug is not a finding: it is thrown on", async () => {
    const bug = check("bug", () => Promise.reject(new TypeError("x is not a function")));
    await expect(runChecks([bug], undefined, () => {})).rejects.toThrow("x is not a function");
  });

  test("at most two dozen run at once", async () => {
    let running = 0;
    let most = 0;
    const work = async (): Promise<Finding> => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return { status: "pass" };
    };
    await runChecks(
      Array.from({ length: 40 }, (_, index) => check(`c${index}`, work)),
      undefined,
      () => {},
    );
    expect(most).toBe(24);
  });
});
