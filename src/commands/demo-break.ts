import { at, recordsAt, textOf } from "../data.ts";
import type { Code } from "../codes.ts";
import type { CommandDeps } from "../commands.ts";
import { BootstrapError } from "../errors.ts";
import { nearest } from "../inputs/nearest.ts";
import type { Invocation } from "../invocation.ts";
import type { Stage } from "./demo-stage.ts";

/** What `--break` knows, as a person sees it. */
interface Known {
  readonly name: string;
  readonly code: Code;
  readonly what: string;
  /** What is done where doctor prints no command of ours. */
  readonly byHand?: { readonly what: string; readonly afterwards?: readonly string[] };
}

/** `--break list`: on stdout. */
export function listBreakages(known: readonly Known[], { reporter }: CommandDeps): number {
  const columns = Math.max(...known.map(({ name }) => name.length));
  const lines = known.map(({ name, code, what }) => `${name.padEnd(columns)}  ${code}  ${what}`);
  const items = known.map(({ name, code, what }) => ({ name, code, what }));
  reporter.end({ kind: "Text", text: lines.join("\n"), items });
  return 0;
}

/** ESOB-C501. */
export function breakageCalled<B extends Known>(wanted: string, known: readonly B[]): B {
  const found = known.find(({ name }) => name === wanted);
  if (found) return found;
  const names = known.map(({ name }) => name);
  const close = nearest(wanted, names);
  throw new BootstrapError("ESOB-C501", {
    message: `demo knows no breakage "${wanted}".`,
    ...(close !== undefined && { reason: `did you mean "${close}"?` }),
    fix: { summary: "See what there is.", command: "eso-bootstrap demo --break list" },
  });
}

/** Behind a first cause others may come to light, each with a command of its own. */
const ROUNDS = 3;

/** What is broken, and mended where kubectl or a person at Infisical would do it. */
interface Breaker<B> {
  break(breakage: B): Promise<void>;
  mendByHand(breakage: B): Promise<void>;
}

/**
 * Breaks it, has doctor name it and, where it is allowed to, does what doctor prints; then doctor again. What is no command of
 * ours is done in its place: a demo needs no kubectl.
 */
export async function breakAndMend<B extends Known>(
  breakage: B,
  stage: Stage,
  breaker: Breaker<B>,
  { invocation, deps }: { readonly invocation: Invocation; readonly deps: CommandDeps },
): Promise<number> {
  await breaker.break(breakage);
  stage.tell([`Now something breaks. ${breakage.what}`]);
  let code = await stage.play([{ line: ["doctor"] }]);
  for (let round = 0; round < ROUNDS; round += 1) {
    const command = fixOf(await stage.documentOf(["doctor"]));
    const { byHand, lines } = mendOf(command, breakage);
    if (!byHand && lines.length === 0) return code;
    const what = byHand?.what ?? `eso-bootstrap ${lines.flat().join(" ")}`;
    if (round === 0 && !(await mayMend(byHand ? `${what} Do it?` : `Run ${what}?`, invocation, deps))) {
      stage.tell([
        `Not done: ${what.replace(/\.$/, "")}. With --yes, or an answer, it is, and doctor looks again.`,
      ]);
      return code;
    }
    if (byHand) {
      stage.tell([`${command === undefined ? "By hand" : "As kubectl would"}: ${what}`]);
      await breaker.mendByHand(breakage);
    }
    const mends = lines.map((line) => ({ line: [...line, ...(line[0] === "sync" ? [] : ["--yes"])] }));
    code = await stage.play([...mends, { line: ["doctor"] }]);
    if (code !== EXIT_FAILED) return code;
  }
  return code;
}

/** `doctor`: a check failed. */
const EXIT_FAILED = 3;

interface Mend {
  readonly byHand?: Known["byHand"];
  /** Command lines of ours. */
  readonly lines: readonly (readonly string[])[];
}

/** What doctor prints, as far as it is ours; the rest is done by hand. */
function mendOf(command: string | undefined, { byHand }: Known): Mend {
  const parts = command?.split(" && ") ?? [];
  const lines = parts.flatMap((part) => {
    const [program, ...line] = part.split(" ");
    return program === "eso-bootstrap" ? [line] : [];
  });
  if (parts.length > 0 && lines.length === parts.length) return { lines };
  return { ...(byHand && { byHand }), lines: [...lines, ...(byHand?.afterwards ? [byHand.afterwards] : [])] };
}

/** The command of the first failure, or of the first warning where nothing fails. */
function fixOf(report: unknown): string | undefined {
  const checks = recordsAt(report, "checks");
  const first = ["fail", "warn"].flatMap((status) => checks.filter((check) => check["status"] === status))[0];
  return textOf(at(first, "fix", "command"));
}

async function mayMend(question: string, { flags }: Invocation, deps: CommandDeps): Promise<boolean> {
  if (flags["yes"] === true) return true;
  if (!deps.interactive) return false;
  return (await deps.prompt()).confirm({ message: question, default: true });
}
