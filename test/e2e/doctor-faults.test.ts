import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckResult } from "../../src/engine/check.ts";
import type { Verdict } from "../helpers/proxy.ts";
import type { CliResult } from "../helpers/run-cli.ts";
import { init, troubleOf } from "./driving.ts";
import { expectNoTrace, faultOf, IMPATIENT, inLanes, startLane, type Lane } from "./faults.ts";
import { NEEDED_READS } from "./needed-reads.ts";
import type { Call } from "./rounds.ts";
import { settings, startWorld, type World } from "./world.ts";

interface Document {
  kind: string;
  code?: string;
  checks?: CheckResult[];
}

/** Nobody computes while he waits for silence to end. */
const LANES = { usual: 3, silence: 6 };
let world: World;
let lanes: Lane[];
beforeAll(async () => {
  world = await startWorld();
  await world.config(settings(world));
  expect(troubleOf(await init(world))).toBe("");
  const { infisical } = world;
  lanes = await Promise.all(Array.from({ length: LANES.silence }, () => startLane({ world, infisical })));
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

/** Ways to look that read different things. */
const LOOKS: readonly ((lane: Lane) => Promise<CliResult>)[] = [
  (lane) => lane.run(["doctor", "-o", "json"], IMPATIENT),
  (lane) => {
    const noCredential = {
      INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "",
      INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "",
    };
    const args = ["doctor", "-A", "--trust-host", world.infisical.url, "-o", "json"];
    return lane.runElsewhere(args, { ...IMPATIENT, ...noCredential });
  },
];
type Look = (typeof LOOKS)[number];

interface Seen {
  readonly code: number | null;
  readonly document: Document;
  readonly shown: string;
}

async function seenBy(lane: Lane, look: Look): Promise<Seen> {
  const { code, stdout, stderr } = await look(lane);
  const shown = `exit ${code}\n${stdout.slice(0, 4000)}\n${stderr}`;
  expectNoTrace({ stdout, stderr }, shown);
  return { code, document: JSON.parse(stdout) as Document, shown };
}

/** The first words of the ids of what passed: an id's rest says of which object. */
const passed = ({ checks = [] }: Document) =>
  new Set(checks.filter(({ status }) => status === "pass").map(({ id }) => id.split(" ")[0] ?? ""));

interface Healthy {
  readonly look: Look;
  readonly reads: readonly string[];
  readonly passed: ReadonlySet<string>;
}

/** What each way of looking reads, and what passes then; a read of two ways is tried with the first. */
let healthy: readonly Healthy[];
beforeAll(async () => {
  const [lane] = lanes;
  if (!lane) throw new Error("no lane");
  const known = new Set<string>();
  const found: Healthy[] = [];
  for (const look of LOOKS) {
    const names = new Set<string>();
    lane.judge = ({ name }) => {
      names.add(name);
      return { kind: "pass" };
    };
    const { code, document, shown } = await seenBy(lane, look);
    expect(code, shown).toBe(0);
    const reads = [...names].filter((name) => !known.has(name));
    for (const name of reads) known.add(name);
    found.push({ look, reads, passed: passed(document) });
  }
  healthy = found;
});

/** What no longer passes, against what needs the read; undefined where they are the same. */
function difference(name: string, kind: string, { passed: before }: Healthy, document: Document) {
  const needed = NEEDED_READS[name];
  const expected = (kind === "403" ? needed?.whenForbidden : undefined) ?? needed?.by;
  const after = passed(document);
  const lost = document.kind === "Error" ? "everything" : [...before].filter((id) => !after.has(id));
  const sorted = (ids: typeof expected) => (typeof ids === "string" ? ids : ids?.toSorted().join(" "));
  return sorted(expected) === sorted(lost)
    ? undefined
    : `${name}\n  needed by ${sorted(expected)}\n  lost ${sorted(lost)}`;
}

describe("a read that fails is never a pass", () => {
  test("every read has a row of who needs it, and every row a read", () => {
    const reads = healthy.flatMap((one) => one.reads);
    expect(reads.toSorted()).toEqual(Object.keys(NEEDED_READS).toSorted());
  });

  test.each(Object.keys(FAULTS))(
    "each read of doctor, one at a time: exactly who needed it does not pass: %s",
    { timeout: 600_000 },
    async (kind) => {
      const work = healthy.flatMap((one) => one.reads.map((name) => ({ one, name })));
      const wrong: string[] = [];
      await inLanes(
        lanes.slice(0, kind === "silence" ? LANES.silence : LANES.usual),
        work,
        async (lane, { one, name }) => {
          lane.judge = (call) =>
            call.name === name ? (FAULTS[kind]?.(call) ?? { kind: "pass" }) : { kind: "pass" };
          const { code, document, shown } = await seenBy(lane, one.look);
          expect([0, 3, 5, 124], `${name}\n${shown}`).toContain(code);
          const other = difference(name, kind, one, document);
          if (other !== undefined) wrong.push(other);
        },
      );
      expect(wrong.join("\n")).toBe("");
    },
  );
});
