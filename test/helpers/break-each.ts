import { setMaxListeners } from "node:events";
import { runCli } from "../../src/cli.ts";
import { buildProgram } from "../../src/command-tree.ts";
import type { CommandDeps } from "../../src/commands.ts";
import { breakAndMend } from "../../src/commands/demo-break.ts";
import { createStage } from "../../src/commands/demo-stage.ts";
import { createDeps, type Deps } from "../../src/deps.ts";
import { recordsAt } from "../../src/data.ts";
import type { Invocation } from "../../src/invocation.ts";
import type { Breakage } from "../../src/sandbox/breakages/breakage.ts";
import { EARLY, openDemo, SECRET, SHOP } from "../../src/sandbox/demo/index.ts";
import type { Reporter } from "../../src/ui/reporter.ts";
import { createScreen } from "../unit/ui/screen.ts";

/** What came of each: its first code, how the whole ended, and what was left. One sandbox for all: each is mended before the next. */
export async function breakEach(breakages: readonly Breakage[]) {
  const { terminal, stderr } = createScreen();
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const own = createDeps({ process: Object.assign({ ...process }, { env: {} }), signal });
  const place = await openDemo(own);
  const there: Deps = { ...place.deps, interactive: false, terminal: () => terminal };
  const outcomes: { name: string; code: unknown; exits: number; left: readonly unknown[] }[] = [];
  try {
    const { project, environment, path, namespace } = SHOP;
    const where = ["--project", project, "--environment", environment, "--path", path, "-n", namespace];
    const init = ["init", ...where, "--keys", EARLY.join(","), "--secret-name", SECRET, "--yes"];
    if ((await runCli(init, there)) !== 0) throw new Error(stderr());
    for (const breakage of breakages) {
      const documents: unknown[] = [];
      const deps: CommandDeps = {
        ...own,
        interactive: false,
        runCli,
        reporter: {
          ...quiet,
          end: (result) => documents.push(...("items" in result ? (result.items ?? []) : [])),
        },
      };
      const invocation = await invocationOf(["demo", "--break", breakage.name, "--yes", "-o", "json"]);
      const stage = createStage(invocation, deps, there);
      const exits = await breakAndMend(breakage, stage, place, { invocation, deps });
      stage.end();
      outcomes.push({
        name: breakage.name,
        code: troublesIn(documents[0])[0],
        exits,
        left: troublesIn(documents.at(-1)),
      });
    }
  } finally {
    await place.close();
  }
  return outcomes;
}

/** Codes of a report: failures, then warnings. */
const troublesIn = (report: unknown) =>
  ["fail", "warn"].flatMap((status) =>
    recordsAt(report, "checks").flatMap((check) => (check["status"] === status ? [check["code"]] : [])),
  );

const quiet: Reporter = { event: () => {}, end: () => {}, redraw: () => {}, fail: () => {}, bug: () => {} };

/** A command line as the tree reads it. */
async function invocationOf(argv: string[]): Promise<Invocation> {
  let read: Invocation | undefined;
  const program = await buildProgram(
    argv,
    () => createScreen().terminal,
    async (_record, invocation) => {
      read = invocation;
    },
  );
  await program.parseAsync(argv, { from: "user" });
  if (!read) throw new Error("no command was read");
  return read;
}
