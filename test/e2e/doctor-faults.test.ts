import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckResult } from "../../src/engine/check.ts";
import type { Verdict } from "../helpers/proxy.ts";
import { init, troubleOf } from "./driving.ts";
import { expectNoTrace, faultOf, IMPATIENT, inLanes, startLane, type Lane } from "./faults.ts";
import type { Call } from "./rounds.ts";
import { settings, startWorld, type World } from "./world.ts";

interface Document {
  kind: string;
  code?: string;
  summary?: { passed: number };
  checks?: CheckResult[];
}

/** What is lost without any check being the poorer for it, and why. Everything else must be missed by somebody. */
const NOT_MISSED: readonly { readonly name: RegExp; readonly kind?: string; readonly because: string }[] = [
  { name: /auth\/token\/revoke|auth\/logout/, because: "a token that is not revoked runs out by itself" },
  {
    name: /identities\/search/,
    kind: "403",
    because:
      "an operator of the project alone may not look into the organization: the project's list says which is meant",
  },
];

const LANES = 3;
let world: World;
let lanes: Lane[];
beforeAll(async () => {
  world = await startWorld();
  await world.config(settings(world));
  expect(troubleOf(await init(world))).toBe("");
  const { infisical } = world;
  lanes = await Promise.all(Array.from({ length: LANES }, () => startLane({ world, infisical })));
});
afterAll(async () => {
  await Promise.all((lanes ?? []).map((lane) => lane.stop()));
  await world?.stop();
});

const forbidden = (call: Call): Verdict => ({
  kind: "answer",
  status: 403,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(
    call.system === "kubernetes"
      ? {
          kind: "Status",
          apiVersion: "v1",
          status: "Failure",
          message: "forbidden by the test",
          reason: "Forbidden",
          code: 403,
        }
      : { statusCode: 403, message: "You are not allowed to read", error: "PermissionDenied" },
  ),
});

const FAULTS: Readonly<Record<string, (call: Call) => Verdict>> = {
  "500": (call) => faultOf(call, "500", "2026"),
  "403": forbidden,
  reset: () => ({ kind: "reset" }),
  silence: () => ({ kind: "silence" }),
};

async function look(lane: Lane): Promise<{ code: number | null; document: Document; shown: string }> {
  const { code, stdout, stderr } = await lane.run(["doctor", "-o", "json"], IMPATIENT);
  const shown = `exit ${code}\n${stdout.slice(0, 4000)}\n${stderr}`;
  expectNoTrace({ stdout, stderr }, shown);
  return { code, document: JSON.parse(stdout) as Document, shown };
}

const passes = ({ checks = [] }: Document) =>
  checks.filter(({ status }) => status === "pass").map(({ id }) => id);

describe("a read that fails is never a pass", () => {
  test.each(Object.keys(FAULTS))(
    "each read of doctor, one at a time: %s",
    { timeout: 600_000 },
    async (kind) => {
      const [first] = lanes;
      if (!first) throw new Error("no lane");
      const names = new Set<string>();
      first.judge = ({ name }) => {
        names.add(name);
        return { kind: "pass" };
      };
      const healthy = await look(first);
      expect(healthy.code, healthy.shown).toBe(0);
      const before = passes(healthy.document);
      const unnoticed: string[] = [];
      await inLanes(lanes, [...names], async (lane, name) => {
        lane.judge = (call) =>
          call.name === name ? (FAULTS[kind]?.(call) ?? { kind: "pass" }) : { kind: "pass" };
        const { code, document, shown } = await look(lane);
        expect([0, 3, 5, 124], `${name}\n${shown}`).toContain(code);
        const after = passes(document);
        const isMissed = document.kind === "Error" || before.some((id) => !after.includes(id));
        if (!isMissed && !NOT_MISSED.some((row) => row.name.test(name) && (row.kind ?? kind) === kind))
          unnoticed.push(name);
      });
      expect(unnoticed).toEqual([]);
      expect(names.size).toBeGreaterThan(4);
    },
  );
});
