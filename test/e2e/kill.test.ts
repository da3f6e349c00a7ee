import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Verdict } from "../helpers/proxy.ts";
import type { Running } from "../helpers/run-cli.ts";
import {
  ageLease,
  ageRelease,
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

/** SIGKILL when the server has done the write and the tool has not heard of it, or before the server sees it. */
type Moment = "after" | "before";
/** The tool alone, whose helm then goes on by itself, or everything that it started too. */
type Victim = "process" | "group";

/** Dozens of rounds of a few seconds each; many more where the machine is busy with other things. */
const LONG = 900_000;

interface Kill {
  /** The how-manieth write of the run. */
  readonly write: number;
  readonly moment: Moment;
  readonly victim: Victim;
}

/** Runs `init`, kills it there, and answers with the write that it was killed at. */
async function runAndKill(rounds: Rounds, { write, moment, victim }: Kill): Promise<string> {
  let child: Running | undefined;
  let count = 0;
  let killedAt: string | undefined;
  const kill = (call: Call) => {
    killedAt = call.name;
    if (victim === "group") child?.killGroup();
    else child?.kill();
  };
  rounds.judge = (call): Verdict => {
    if (!call.isWrite || killedAt !== undefined) return { kind: "pass" };
    count += 1;
    if (count !== write + 1) return { kind: "pass" };
    if (moment === "after") return { kind: "pass", afterwards: () => kill(call) };
    kill(call);
    return { kind: "reset" };
  };
  const result = await rounds.cli(["init", "--yes"], {
    onStart: (its) => (child = its),
    group: victim === "group",
  });
  rounds.judge = () => ({ kind: "pass" });
  expect(result.signal, `not killed at write ${write}\n${result.stdout}${result.stderr}`).toBe("SIGKILL");
  return killedAt ?? "";
}

/** The next run, long after: it must finish what the dead one began. */
async function expectNextRunConverges(rounds: Rounds): Promise<void> {
  await succeeds(rounds, ["init", "--yes"]);
  await expectOneOfEverything(rounds);
}

/** Of the three dozen objects that Helm writes, many at the same time, every sixth; its record and all writes of ours: each one. */
function killPoints(writes: readonly Call[]): number[] {
  let objects = 0;
  const isObject = (call: Call) => isHelm(call) && !/\/secrets(\/|$)/.test(call.name);
  return [...writes.entries()].flatMap(([index, call]) =>
    !isObject(call) || (objects += 1) % 6 === 1 ? [index] : [],
  );
}

const killed: Record<string, number> = {};
const tally = (what: string) => (killed[what] = (killed[what] ?? 0) + 1);

afterAll(() => {
  const lines = Object.entries(killed).map(([what, count]) => `${count} ${what}`);
  process.stdout.write(`SIGKILL: ${lines.join(", ")}; every next run converged, nothing doubled\n`);
});

describe.each<{ generation: Generation; rbac: boolean }>([
  { generation: "2026", rbac: true },
  { generation: "2026", rbac: false },
  { generation: "2024-10", rbac: true },
])("server of $generation, custom roles: $rbac", ({ generation, rbac }) => {
  const isMain = generation === "2026" && rbac;
  let rounds: Rounds;
  let installed: Restore;
  let all: Call[];
  /** The writes of a run that finds ESO installed. */
  let late: Call[];

  beforeAll(async () => {
    rounds = await startRounds({ generation, rbac });
    await rounds.begin();
    if (isMain) {
      all = (await callsOfOneRun(rounds)).filter(({ isWrite }) => isWrite);
      await rounds.begin();
    }
    await succeeds(rounds, ["install", "--yes"]);
    installed = await rounds.world.stack.checkpoint();
    await rounds.begin(installed);
    late = (await callsOfOneRun(rounds)).filter(({ isWrite }) => isWrite);
  });
  afterAll(() => rounds.stop());

  test("SIGKILL at each write after the installation of ESO", { timeout: LONG }, async () => {
    if (isMain)
      expect(all.slice(-late.length + 1).map(({ name }) => name)).toEqual(
        late.slice(1).map(({ name }) => name),
      );
    for (const [write, call] of late.entries()) {
      if (!isMain && call.system === "kubernetes") continue;
      const moments: Moment[] = write === 0 || call.system === "infisical" ? ["after", "before"] : ["after"];
      for (const moment of moments) {
        await rounds.begin(installed);
        expect(await runAndKill(rounds, { write, moment, victim: "process" })).toBe(call.name);
        await ageLease(rounds.world);
        await expectNextRunConverges(rounds);
        tally(`${moment} ${call.system} writes (${generation}${rbac ? "" : ", no custom roles"})`);
      }
    }
  });

  if (!isMain) return;

  test(
    "SIGKILL, with helm, at each write until ESO is installed (of Helm's objects at every sixth)",
    { timeout: LONG },
    async () => {
      const until = all.length - late.length + 1;
      for (const write of killPoints(all.slice(0, until))) {
        await rounds.begin();
        const at = await runAndKill(rounds, { write, moment: "after", victim: "group" });
        await ageLease(rounds.world);
        await ageRelease(rounds.world);
        await expectNextRunConverges(rounds);
        tally(at.includes(" helm ") ? "after helm's writes, with helm" : "after writes before helm");
      }
    },
  );

  test("SIGKILL of the tool alone: the next run waits for the helm that is still at work", async () => {
    const first = all.findIndex(isHelm);
    await rounds.begin();
    await runAndKill(rounds, { write: first, moment: "after", victim: "process" });
    await ageLease(rounds.world);
    await expectNextRunConverges(rounds);
    tally("while helm went on alone");
  });

  test("SIGKILL in the middle of helm, and the next run at once: Lease and release run out in their own time", async () => {
    const write = all.findIndex((call) => isHelm(call) && call.name.includes("/deployments/"));
    await rounds.begin();
    await runAndKill(rounds, { write, moment: "after", victim: "group" });
    await expectNextRunConverges(rounds);
    tally("without any ageing");
  });
});

describe.each<Generation>(["2026", "2024-10"])("two at the same moment, server of %s", (generation) => {
  let rounds: Rounds;
  let installed: Restore;
  beforeAll(async () => {
    rounds = await startRounds({ generation, raceWindowMs: 300 });
    await rounds.begin();
  });
  afterAll(() => rounds.stop());

  test("from nothing: one of everything, both succeed", async () => {
    await expectOneOfTwoAtOnce(rounds);
    await rounds.begin();
    await succeeds(rounds, ["install", "--yes"]);
    installed = await rounds.world.stack.checkpoint();
  });

  test.each([1, 2, 3])("with ESO there, round %i", async () => {
    await rounds.begin(installed);
    await expectOneOfTwoAtOnce(rounds);
  });
});

async function expectOneOfTwoAtOnce(rounds: Rounds): Promise<void> {
  const creations: string[] = [];
  rounds.judge = (call) => {
    if (call.name === "infisical POST /api/v1/identities") creations.push(call.name);
    return { kind: "pass" };
  };
  const results = await Promise.all([rounds.cli(["init", "--yes"]), rounds.cli(["init", "--yes"])]);
  const outputs = results.map(({ stdout, stderr }) => stdout + stderr).join("\n----\n");
  expect(
    results.map(({ code }) => code),
    outputs,
  ).toEqual([0, 0]);
  expect(creations).toHaveLength(1);
  await expectOneOfEverything(rounds);
  tally("pairs at once");
}
