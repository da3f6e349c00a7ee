import { describe, expect, it } from "vitest";
import { withLeft } from "../../../src/commands/uninstall-left.ts";
import type { ApplyResult } from "../../../src/engine/apply.ts";
import { planOf, type Change } from "../../../src/engine/plan.ts";
import { BootstrapError } from "../../../src/errors.ts";
import type { Invocation } from "../../../src/invocation.ts";

const invocation = { typed: ["uninstall", "--yes", "-f", "my file.yaml"] } as unknown as Invocation;
const change = (name: string, reason?: string): Change => ({
  step: "reviewer",
  action: reason === undefined ? "delete" : "blocked",
  target: { system: "kubernetes", kind: "Secret", name },
  summary: "",
  ...(reason !== undefined && { reason }),
});
const result = (more: Partial<ApplyResult> = {}): ApplyResult => ({
  ...planOf([], { cluster: "c", infisical: "i" }),
  applied: [],
  notDone: [],
  checks: [],
  writes: 0,
  ...more,
});
const names = ({ notDone }: ApplyResult) => notDone.map(({ target }) => target.name);

describe("what uninstall could not take away", () => {
  it("is no failure where there is nothing", () => {
    expect(withLeft(invocation, result(), [])).toEqual(result());
  });

  it("is told with the rights and the same command, a few reasons only", () => {
    const blocked = ["a", "b", "c", "d", "e"].map((name) =>
      change(name, name === "b" ? "no a" : `no ${name}`),
    );
    const left = withLeft(invocation, result(), blocked);
    expect(names(left)).toEqual(["a", "b", "c", "d", "e"]);
    expect(left.failed?.error).toMatchObject({
      code: "ESOB-C203",
      message: "5 things of ours could not be taken away.",
      reason: "no a; no c; no d; 1 more, see the plan",
      fix: { command: "eso-bootstrap uninstall --yes -f 'my file.yaml'" },
    });
  });

  it("holds what was refused only when it was tried, and why", () => {
    const error = new BootstrapError("ESOB-I109", { message: "Not allowed.", reason: "no right to delete" });
    const left = withLeft(invocation, result({ failed: { change: change("tried"), error } }), [
      change("known", "no"),
    ]);
    expect(names(left)).toEqual(["tried", "known"]);
    expect([left.failed?.change.target.name, left.failed?.error.reason]).toEqual([
      "tried",
      "no right to delete; no",
    ]);
  });

  it("never hides what stopped the run for another reason", () => {
    const failed = { change: change("hung"), error: new BootstrapError("ESOB-K302", { message: "Hangs." }) };
    const left = withLeft(invocation, result({ failed, notDone: [change("later")] }), [
      change("known", "no"),
    ]);
    expect([left.failed, names(left)]).toEqual([failed, ["later", "known"]]);
  });
});
