import { fileURLToPath } from "node:url";
import { startStack, type Stack } from "../test/e2e/stack/stack.ts";
import { fillMany } from "./many.ts";
import { costOnce, median, type Cost, type Timed } from "./measure.ts";

const BIN = fileURLToPath(new URL("../bin/eso-bootstrap.js", import.meta.url));
const NAMESPACES = 200;
const ROUNDS = 3;
/** `doctor` ends with these where something is broken, as some of these secrets are. */
const FOUND_TROUBLE = [3, 4];

/** Commands that are measured over many ExternalSecrets, each against the same kubectl: a new one is one line. */
const OURS: readonly (readonly string[])[] = [
  ["status", "-A"],
  ["status", "-A", "-o", "json"],
];

/** Fills a cluster and measures each command and `kubectl get externalsecrets -A` in turn; medians, and peaks of memory. */
export async function compareAtScale(secrets: number, say: (line: string) => void): Promise<void> {
  const stack = await startStack();
  try {
    await fillMany(stack, { secrets, namespaces: Math.min(NAMESPACES, secrets), withSecrets: true });
    say(`\n${secrets} ExternalSecrets in ${Math.min(NAMESPACES, secrets)} namespaces (medians of ${ROUNDS})`);
    const commands = [kubectl(stack), ...OURS.map((args) => ours(stack, args))];
    const costs = commands.map((): Cost[] => []);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const [index, command] of commands.entries())
        costs[index]?.push(await costOnce(command, FOUND_TROUBLE));
    const base = medianOf(costs[0] ?? []);
    for (const [index, { name }] of commands.entries()) {
      const { ms, megabytes } = medianOf(costs[index] ?? []);
      const figures = `${ms.toFixed(0).padStart(7)} ms ${megabytes.toFixed(0).padStart(7)} MB`;
      say(`  ${name.padEnd(40)} ${figures}   ${(ms / base.ms).toFixed(2)} ×`);
    }
  } finally {
    await stack.stop();
  }
}

function kubectl({ bin, env }: Stack): Timed {
  return {
    name: "kubectl get externalsecrets -A",
    program: bin.kubectl,
    args: ["get", "externalsecrets", "-A"],
    env: { ...process.env, ...env } as Record<string, string>,
  };
}

function ours({ env, dir }: Stack, args: readonly string[]): Timed {
  return {
    name: args.join(" "),
    program: process.execPath,
    args: [BIN, ...args],
    cwd: dir,
    env: { ...process.env, ...env } as Record<string, string>,
  };
}

function medianOf(costs: readonly Cost[]): Cost {
  return {
    ms: median(costs.map(({ ms }) => ms)),
    megabytes: median(costs.map(({ megabytes }) => megabytes)),
  };
}
