import { fileURLToPath } from "node:url";
import { startStack, type Stack } from "../test/e2e/stack/stack.ts";
import { fillMany } from "./many.ts";
import { costOnce, median, type Cost, type Timed } from "./measure.ts";
import { startStandIn } from "./stand-in.ts";

const BIN = fileURLToPath(new URL("../bin/eso-bootstrap.js", import.meta.url));
const NAMESPACES = 200;
const ROUNDS = 3;
/** `doctor` ends with these where something is broken, as some of these secrets are. */
const FOUND_TROUBLE = [3, 4];

/** What each of ours is measured against: kubectl getting what it looks at. */
const TABLE = ["get", "externalsecrets", "-A"];
const KINDS = "secretstores,clustersecretstores,externalsecrets";
const STORES = ["get", KINDS, "-A", "-o", "json"];

/** Commands that are measured over many ExternalSecrets, each against one of kubectl's: a new one is one line. */
const OURS: readonly { readonly args: readonly string[]; readonly against: readonly string[] }[] = [
  { args: ["status", "-A"], against: TABLE },
  { args: ["status", "-A", "-o", "json"], against: TABLE },
  { args: ["doctor", "-A"], against: STORES },
  { args: ["doctor", "-A", "-o", "json"], against: STORES },
];

/** A command over many ExternalSecrets; `against`: the name of what it is compared with. */
export interface ScaleRow {
  readonly name: string;
  readonly against: string | undefined;
  readonly ms: number;
  readonly megabytes: number;
}

export interface ScaleFigures {
  readonly secrets: number;
  readonly namespaces: number;
  readonly rows: readonly ScaleRow[];
  /** ExternalSecrets that `sync -A` got through in a second, with a stand-in for ESO. */
  readonly syncedPerSecond: number;
}

/** Fills a cluster and measures each command and kubectl in turn: medians, and peaks of memory; last `sync -A`, once. */
export async function compareAtScale(secrets: number): Promise<ScaleFigures> {
  const stack = await startStack();
  try {
    const namespaces = Math.min(NAMESPACES, secrets);
    await fillMany(stack, { secrets, namespaces, withSecrets: true, healthy: true });
    const commands: readonly { readonly timed: Timed; readonly against?: string }[] = [
      ...[TABLE, STORES].map((args) => ({ timed: kubectl(stack, args) })),
      ...OURS.map(({ args, against }) => ({ timed: ours(stack, args), against: nameOf(against) })),
    ];
    const costs = commands.map((): Cost[] => []);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [index, { timed }] of commands.entries())
        costs[index]?.push(await costOnce(timed, FOUND_TROUBLE));
    const rows = commands.map(({ timed: { name }, against }, index) => ({
      name,
      against,
      ...medianOf(costs[index] ?? []),
    }));
    const sync = await syncAll(stack);
    return { secrets, namespaces, rows: [...rows, sync], syncedPerSecond: secrets / (sync.ms / 1000) };
  } finally {
    await stack.stop();
  }
}

async function syncAll(stack: Stack): Promise<ScaleRow> {
  const standIn = startStandIn(stack);
  try {
    const timed = ours(stack, ["sync", "-A"]);
    const { ms, megabytes } = await costOnce(timed);
    return { name: timed.name, against: undefined, ms, megabytes };
  } finally {
    standIn.stop();
  }
}

const nameOf = (args: readonly string[]) => `kubectl ${args.join(" ")}`;

function kubectl({ bin, env }: Stack, args: readonly string[]): Timed {
  return { name: nameOf(args), program: bin.kubectl, args, env: { ...process.env, ...env } as Environment };
}

type Environment = Record<string, string>;

function ours({ env, dir }: Stack, args: readonly string[]): Timed {
  return {
    name: args.join(" "),
    program: process.execPath,
    args: [BIN, ...args],
    cwd: dir,
    env: { ...process.env, ...env } as Environment,
  };
}

function medianOf(costs: readonly Cost[]): Pick<Cost, "ms" | "megabytes"> {
  return {
    ms: median(costs.map(({ ms }) => ms)),
    megabytes: median(costs.map(({ megabytes }) => megabytes)),
  };
}
