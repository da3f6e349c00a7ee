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

/** Breaks it, has doctor name it and, where it is allowed to, runs the command that doctor prints; then doctor again. */
export async function breakAndMend<B extends Known>(
  breakage: B,
  stage: Stage,
  demo: { break(breakage: B): Promise<void> },
  { invocation, deps }: { readonly invocation: Invocation; readonly deps: CommandDeps },
): Promise<number> {
  await demo.break(breakage);
  stage.tell([`Now something breaks. ${breakage.what}`]);
  const code = await stage.play([{ line: ["doctor"] }]);
  const command = fixOf(await stage.documentOf(["doctor"]));
  if (command?.[0] !== "eso-bootstrap") return code;
  if (!(await mayRun(command.join(" "), invocation, deps))) {
    stage.tell([`Not run: ${command.join(" ")}. With --yes, or an answer, it is, and doctor looks again.`]);
    return code;
  }
  return stage.play([{ line: [...command.slice(1), "--yes"] }, { line: ["doctor"] }]);
}

/** The command of the first failure, or of the first warning where nothing fails. */
function fixOf(report: unknown): string[] | undefined {
  const checks = recordsAt(report, "checks");
  const first = ["fail", "warn"].flatMap((status) => checks.filter((check) => check["status"] === status))[0];
  return textOf(at(first, "fix", "command"))?.split(" ");
}

async function mayRun(command: string, { flags }: Invocation, deps: CommandDeps): Promise<boolean> {
  if (flags["yes"] === true) return true;
  if (!deps.interactive) return false;
  return (await deps.prompt()).confirm({ message: `Run ${command}?`, default: true });
}
