import { describe, expect, test } from "vitest";
import { applySteps, samePlan } from "../../../src/engine/apply.ts";
import type { Event } from "../../../src/engine/events.ts";
import {
  hasChanges,
  lookAtAll,
  planOf,
  type Action,
  type ActionKind,
  type Step,
} from "../../../src/engine/plan.ts";
import { BootstrapError } from "../../../src/errors.ts";

interface World {
  readonly made: Set<string>;
  readonly broken: Set<string>;
}

/** A step that makes one thing, once. */
const maker = (name: string): Step<World> => ({
  id: `make-${name}`,
  title: name,
  look: async (world) => [action(name, world.made.has(name) ? "unchanged" : "create", world)],
});

function action(name: string, kind: ActionKind, world: World): Action {
  const change = {
    step: `make-${name}`,
    action: kind,
    target: { system: "kubernetes", kind: "Thing", name },
    summary: "",
  } as const;
  if (kind !== "create") return { change };
  return {
    change,
    apply: async () => {
      if (world.broken.has(name)) throw new BootstrapError("ESOB-K106", { message: `${name} was refused.` });
      world.made.add(name);
    },
  };
}

const where = { cluster: "c", infisical: "i" };
const world = (broken: string[] = []): World => ({ made: new Set(), broken: new Set(broken) });
const steps = ["a", "b", "c"].map(maker);

async function walk(state: World, confirmed?: Awaited<ReturnType<typeof plan>>) {
  const events: Event[] = [];
  const outcome = await applySteps(steps, state, confirmed ?? (await plan(state)), {
    emit: (event) => events.push(event),
    forget: () => {},
    now: () => 0,
  });
  return { outcome, events };
}

const plan = async (state: World) => planOf(await lookAtAll(steps, state), where);

describe("applySteps", () => {
  test("applies what was planned, in order", async () => {
    const state = world();
    const { outcome } = await walk(state);
    expect(outcome.applied.map(({ target }) => target.name)).toEqual(["a", "b", "c"]);
    expect(outcome.notDone).toEqual([]);
    expect(hasChanges(await plan(state))).toBe(false);
  });

  test("what two steps need is in the plan once, and made once", async () => {
    const state = world();
    const both = [maker("a"), { ...maker("a"), id: "make-b" }];
    const confirmed = planOf(await lookAtAll(both, state), where);
    expect([confirmed.changes.length, confirmed.summary.create]).toEqual([1, 1]);
    const { applied, failed } = await applySteps(both, state, confirmed, {
      emit: () => {},
      forget: () => {},
    });
    expect([failed, applied.length]).toEqual([undefined, 1]);
  });

  test("stops at the first failure and says what was not done", async () => {
    const state = world(["b"]);
    const { outcome, events } = await walk(state);
    expect(outcome.applied.map(({ target }) => target.name)).toEqual(["a"]);
    expect(outcome.failed?.error.code).toBe("ESOB-K106");
    expect(outcome.failed?.change.target.name).toBe("b");
    expect(outcome.notDone.map(({ target }) => target.name)).toEqual(["c"]);
    expect(events.at(-1)?.type).toBe("change-failed");
  });

  test("passes over what may fail, does the rest, and says what stayed because of it", async () => {
    const state = world(["a"]);
    const confirmed = await plan(state);
    const held: Step<World> = {
      ...maker("b"),
      look: async () => [
        { change: { ...action("b", "unchanged", state).change, reason: "a is still there" } },
      ],
    };
    const isPassable = ({ code }: BootstrapError) => code === "ESOB-K106";
    const run = { emit: () => {}, forget: () => {}, isPassable };
    const outcome = await applySteps([maker("a"), held, maker("c")], state, confirmed, run);
    expect(outcome.applied.map(({ target }) => target.name)).toEqual(["c"]);
    expect([outcome.failed?.change.target.name, outcome.failed?.error.code]).toEqual(["a", "ESOB-K106"]);
    expect(outcome.notDone.map(({ target }) => target.name)).toEqual(["b"]);
  });

  test("leaves out what somebody else did meanwhile", async () => {
    const state = world();
    const confirmed = await plan(state);
    state.made.add("b");
    const { outcome } = await walk(state, confirmed);
    expect(outcome.applied.map(({ target }) => target.name)).toEqual(["a", "c"]);
  });

  test("does not count as undone what somebody else did meanwhile", async () => {
    const state = world(["b", "c"]);
    const confirmed = await plan(state);
    state.made.add("b");
    const { outcome } = await walk(state, confirmed);
    expect(outcome.failed?.change.target.name).toBe("c");
    expect(outcome.notDone).toEqual([]);
  });

  test("names the change that its step still calls for when the step fails at another", async () => {
    const state = world(["a2"]);
    const both: Step<World> = {
      id: "make-a",
      title: "a",
      look: async (there) =>
        ["a1", "a2", "a3"].map((name) => {
          const made = action(name, there.made.has(name) ? "unchanged" : "create", there);
          return { ...made, change: { ...made.change, step: "make-a" } };
        }),
    };
    const confirmed = planOf(await both.look(state), where);
    const stopped = await applySteps([both], state, confirmed, { emit: () => {}, forget: () => {} });
    expect(stopped.notDone.map(({ target }) => target.name)).toEqual(["a3"]);
    state.made.add("a3");
    const again = await applySteps([both], state, confirmed, { emit: () => {}, forget: () => {} });
    expect([again.failed?.change.target.name, again.notDone]).toEqual(["a2", []]);
  });

  test("never does what the confirmed plan did not show", async () => {
    const state = world();
    state.made.add("b");
    const confirmed = await plan(state);
    state.made.delete("b");
    const { outcome } = await walk(state, confirmed);
    expect(outcome.failed?.error.code).toBe("ESOB-C201");
    expect([...state.made]).toEqual(["a"]);
  });

  test("a poke that no plan showed is done after a write, and not before any", async () => {
    const poke: Step<World> = {
      id: "poke",
      title: "poke",
      look: async (there) => {
        const { change } = action("p", "create", there);
        const apply = async () => void there.made.add("poked");
        return [{ change: { ...change, step: "poke", action: "update" }, isPoke: true, apply }];
      },
    };
    const run = { emit: () => {}, forget: () => {} };
    const state = world();
    const confirmed = await plan(state);
    const { applied, failed } = await applySteps([maker("a"), poke], state, confirmed, run);
    expect([failed, applied.map(({ target }) => target.name), state.made.has("poked")]).toEqual([
      undefined,
      ["a", "p"],
      true,
    ]);
    const alone = await applySteps([poke], world(), planOf([], where), run);
    expect(alone.failed?.error.code).toBe("ESOB-C201");
  });

  test("an interrupt ends it between two changes", async () => {
    const controller = new AbortController();
    const state = world();
    const confirmed = await plan(state);
    const walking = applySteps(steps, state, confirmed, {
      emit: (event) => event.type === "change-finished" && controller.abort(new Error("interrupted")),
      forget: () => {},
      signal: controller.signal,
    });
    await expect(walking).rejects.toThrow("interrupted");
    expect([...state.made]).toEqual(["a"]);
  });
});

describe("samePlan", () => {
  test("holds for the same world and not for another", async () => {
    const state = world();
    const before = await plan(state);
    expect(samePlan(before, await plan(state))).toBe(true);
    state.made.add("a");
    expect(samePlan(before, await plan(state))).toBe(false);
  });

  test("holds for a plan that went through JSON", async () => {
    const before = await plan(world());
    expect(samePlan(JSON.parse(JSON.stringify(before)), before)).toBe(true);
  });
});
