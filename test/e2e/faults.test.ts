import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Verdict } from "../helpers/proxy.ts";
import {
  expectNoTrace,
  expectSuccessOrOneError,
  faultOf,
  IMPATIENT,
  inLanes,
  KINDS,
  startLane,
  type Kind,
  type Lane,
} from "./faults.ts";
import {
  ageLease,
  callsOfOneRun,
  expectOneOfEverything,
  isHelm,
  startRounds,
  succeeds,
  type Call,
  type Generation,
  type Rounds,
} from "./rounds.ts";
import type { Restore } from "./stack/checkpoint.ts";
import { until } from "./stack/poll.ts";

/** Dozens of runs of a second or two each; many more where the machine is busy with other things. */
const LONG = 900_000;
/** Kinds after which the tool tries again by itself. */
const PASSING: readonly Kind[] = ["500", "429", "reset", "truncated"];
/** Longer than the tool waits for a rate limit of Infisical (90 s), so that it gives up at once. */
const TOO_LONG_S = 120;

const pass = (): Verdict => ({ kind: "pass" });

/** Every call fails the first time it is made, and passes after that. */
function eachOnce(
  generation: Generation,
  kind: Kind,
  among: (call: Call) => boolean,
): { judge: Rounds["judge"]; met: () => number } {
  const failed = new Set<string>();
  return {
    met: () => failed.size,
    judge: (call) => {
      const key = `${call.name} ${call.seen.path} ${call.seen.body}`;
      if (!among(call) || failed.has(key)) return { kind: "pass" };
      failed.add(key);
      return faultOf(call, kind, generation);
    },
  };
}

/** One call fails as often as it is made. */
function always(generation: Generation, name: string, kind: Kind): Rounds["judge"] {
  return (call) => {
    if (call.name !== name) return { kind: "pass" };
    return faultOf(call, kind, generation, call.system === "infisical" ? TOO_LONG_S : 1);
  };
}

/** What the server answers to ESO's login is its verdict, also when it is a 500 (infisical-api.md 10.3): not tried again. */
const isEsoLogin = ({ name }: Call) => name === "infisical POST /api/v1/auth/kubernetes-auth/login";

const namesOf = (calls: readonly Call[]) => [...new Set(calls.map(({ name }) => name))];

const told: Record<string, Record<string, number>> = {};
const tally = (what: string, code: string) => {
  const codes = (told[what] ??= {});
  codes[code] = (codes[code] ?? 0) + 1;
};

afterAll(() => {
  for (const [what, codes] of Object.entries(told)) {
    const total = Object.values(codes).reduce((sum, count) => sum + count, 0);
    const parts = Object.entries(codes)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([code, count]) => `${code === "0" ? "success" : code} ${count}`);
    process.stdout.write(`faults: ${what}: ${total} runs: ${parts.join(", ")}\n`);
  }
});

describe.each<Generation>(["2026", "2024-10"])("server of %s", (generation) => {
  const isMain = generation === "2026";
  let rounds: Rounds;
  let installed: Restore;
  let writes: Call[];
  let second: Call[];
  let lanes: Lane[];

  beforeAll(async () => {
    rounds = await startRounds({ generation });
    await rounds.begin();
    await succeeds(rounds, ["install", "--yes"]);
    installed = await rounds.world.stack.checkpoint();
    await rounds.begin(installed);
    writes = (await callsOfOneRun(rounds)).filter(({ isWrite }) => isWrite);
    second = await callsOfOneRun(rounds);
    lanes = await Promise.all([1, 2, 3, 4].map(() => startLane(rounds)));
  });
  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.stop()));
    await rounds.stop();
  });

  describe("a second run", () => {
    test(
      "every call but those of helm and ESO's login fails once, in each passing way: success all the same",
      { timeout: LONG },
      async () => {
        expect(second.some(({ isWrite }) => isWrite)).toBe(false);
        await inLanes(lanes, PASSING, async (lane, kind) => {
          const { judge, met } = eachOnce(generation, kind, (call) => !isHelm(call) && !isEsoLogin(call));
          lane.judge = judge;
          const result = await lane.run(["init", "--yes", "-o", "json"]);
          const what = `every call once: ${kind}`;
          expect(expectSuccessOrOneError(result, what), `${what}\n${result.stdout}${result.stderr}`).toBe(
            "0",
          );
          expect(met()).toBeGreaterThan(isMain ? 40 : 30);
          tally(`${generation}, second run, each of ${met()} calls once`, "0");
        });
      },
    );

    test(
      "each call fails again and again, in each way: success or one error with its code",
      { timeout: LONG },
      async () => {
        const names = namesOf(second.filter(({ system }) => isMain || system === "infisical"));
        const before = await lanes[0]?.configText();
        const cases = names.flatMap((name) => KINDS.map((kind) => ({ name, kind })));
        await inLanes(lanes, cases, async (lane, { name, kind }) => {
          lane.judge = always(generation, name, kind);
          const result = await lane.run(["init", "--yes", "-o", "json"], kind === "silence" ? IMPATIENT : {});
          tally(
            `${generation}, second run, ${names.length} calls × ${KINDS.length} kinds`,
            expectSuccessOrOneError(result, `${name}: ${kind}`),
          );
        });
        expect((await lanes[0]?.configText())?.length).toBe(before?.length);
        await expectOneOfEverything(rounds);
      },
    );
  });

  describe("a first run", () => {
    test.each(PASSING)(
      "every write fails once: %s: success all the same, nothing doubled",
      { timeout: LONG },
      async (kind) => {
        await rounds.begin(installed);
        const { judge, met } = eachOnce(generation, kind, ({ isWrite }) => isWrite);
        rounds.judge = judge;
        await succeeds(rounds, ["init", "--yes"]);
        rounds.judge = pass;
        expect(met()).toBeGreaterThanOrEqual(writes.length - 1);
        tally(`${generation}, first run, each of ${writes.length} writes once`, "0");
        await expectOneOfEverything(rounds);
      },
    );

    test(
      "each write fails again and again, in each way, the next run going on from there",
      { timeout: LONG },
      async () => {
        await rounds.begin(installed);
        const names = namesOf(writes.filter(({ system }) => isMain || system === "infisical"));
        for (const name of names)
          for (const kind of KINDS.filter((one) => one !== "truncated"))
            await expectStop(rounds, generation, name, kind);
        await succeeds(rounds, ["init", "--yes"]);
        await expectOneOfEverything(rounds);
      },
    );

    test(
      "each write is done and its answer cut, again and again; the next run converges",
      { timeout: LONG },
      async () => {
        for (const name of namesOf(writes.filter(({ system }) => isMain || system === "infisical"))) {
          await rounds.begin(installed);
          await expectStop(rounds, generation, name, "truncated");
          await succeeds(rounds, ["init", "--yes"]);
          await expectOneOfEverything(rounds);
        }
      },
    );
  });

  if (!isMain) return;

  test("helm's writes fail: one error each, the next run goes on from there", { timeout: LONG }, async () => {
    await rounds.begin();
    const helms = (await callsOfOneRun(rounds)).filter((call) => call.isWrite && isHelm(call));
    await rounds.begin();
    const chosen = namesOf(helms).filter(
      (name, index) => !name.includes("customresourcedefinitions") || index % 12 === 3,
    );
    // What of it reaches us is that helm failed: two ways for each write are enough, in turn.
    for (const [index, name] of chosen.entries())
      for (const kind of index % 2 === 0 ? (["500", "truncated"] as const) : (["reset", "html"] as const))
        await expectStop(rounds, generation, name, kind);
    await succeeds(rounds, ["init", "--yes"]);
    await expectOneOfEverything(rounds);
  });

  test(
    "the API server goes away in the middle: one error; the next run converges",
    { timeout: LONG },
    async () => {
      const { stack } = rounds.world;
      await rounds.begin(installed);
      let stopping: Promise<void> | undefined;
      rounds.judge = ({ name }) => {
        const isIt = name === "infisical POST /api/v1/identities";
        return { kind: "pass", ...(isIt && { afterwards: () => void (stopping ??= stack.stopApiServer()) }) };
      };
      const result = await rounds.cli(["init", "--yes", "-o", "json"]);
      rounds.judge = pass;
      expect(stopping).toBeDefined();
      await stopping;
      const code = expectSuccessOrOneError(result, "the API server ended");
      expect(code).toBe("ESOB-K101");
      tally("the API server ended", code);
      await stack.startApiServer();
      await rounds.world.eso.ready();
      await ageLease(rounds.world);
      await until("the run to go through", async () => (await rounds.cli(["init", "--yes"])).code === 0, {
        timeoutMs: 120_000,
      });
      await expectOneOfEverything(rounds);
    },
  );
});

/** One run under that fault, for people and as JSON in turn; the configuration stays whole. */
async function expectStop(rounds: Rounds, generation: Generation, name: string, kind: Kind): Promise<void> {
  const before = await rounds.world.file("eso-bootstrap.yaml");
  rounds.judge = always(generation, name, kind);
  const result = await rounds.cli(
    ["init", "--yes", "-o", "json"],
    kind === "silence" ? { env: IMPATIENT } : {},
  );
  rounds.judge = pass;
  tally(
    `${generation}, first run, a write fails for good`,
    expectSuccessOrOneError(result, `${name}: ${kind}`),
  );
  expectNoTrace(result, name);
  const after = await rounds.world.file("eso-bootstrap.yaml");
  expect(after.startsWith(before.slice(0, 40)) && (parse(after) as object)).toMatchObject({
    apiVersion: "eso-bootstrap/v1",
  });
  await ageLease(rounds.world);
}
