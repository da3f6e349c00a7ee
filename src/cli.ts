import { CommanderError } from "commander";
import { buildProgram, type Execute } from "./command-tree.ts";
import type { Deps } from "./deps.ts";
import { BootstrapError, isBootstrapError } from "./errors.ts";
import { COMMANDS, DEFAULT_OUTPUTS } from "./commands.ts";
import type { GlobalFlags, Output } from "./invocation.ts";
import type { Reporter } from "./ui/reporter.ts";

/** argv → exit code. Everything that goes wrong is told through the reporter; nothing is thrown. */
export async function runCli(argv: readonly string[], deps: Deps): Promise<number> {
  let code = 0;
  let reporter: Reporter | undefined;
  const execute: Execute = async (record, invocation) => {
    reporter = await openReporter(invocation.global, deps);
    const { run } = await record.load();
    code = await run(invocation, { ...deps, reporter });
    await reporter.flush?.();
  };
  try {
    const program = await buildProgram(argv, () => deps.terminal({ noColour: true }), execute);
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return failWith(error, argv, deps, reporter);
  }
}

type ReporterFlags = Pick<GlobalFlags, "output" | "quiet" | "verbose" | "debug" | "color">;

/** Loaded after parsing: `--help` needs none. */
async function openReporter(flags: ReporterFlags, deps: Deps): Promise<Reporter> {
  const { createReporter } = await import("./ui/create-reporter.ts");
  const summary = deps.env["GITHUB_STEP_SUMMARY"];
  return createReporter(flags, deps.terminal({ noColour: !flags.color }), {
    appendSummary: summary ? async (text) => (await deps.files()).append(summary, text) : undefined,
  });
}

async function failWith(
  error: unknown,
  argv: readonly string[],
  deps: Deps,
  known: Reporter | undefined,
): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const reporter = known ?? (await openReporter(guessGlobals(argv), deps));
  const expected = toBootstrapError(error, deps);
  if (!expected) {
    reporter.bug(error);
  } else {
    reporter.fail(expected, { nothingChanged: expected.exitCode === 2 });
  }
  await reporter.flush?.();
  return expected?.exitCode ?? 70;
}

function toBootstrapError(error: unknown, deps: Deps): BootstrapError | undefined {
  if (deps.signal.aborted)
    return new BootstrapError("ESOB-C205", {
      message: "Interrupted.",
      fix: { summary: "Run it again: it goes on where it stopped." },
    });
  if (isBootstrapError(error)) return error;
  if (!(error instanceof CommanderError)) return undefined;
  return new BootstrapError("ESOB-C108", {
    message: error.message.replace(/^error: /, "").split("\n")[0] ?? "wrong usage",
    ...(error.message.includes("Did you mean") && { reason: error.message.split("\n")[1] ?? "" }),
    fix: { summary: "See the help.", command: "eso-bootstrap --help" },
  });
}

/** For mistakes on the command line itself, before commander could say what `-o` is. */
function guessGlobals(argv: readonly string[]): ReporterFlags {
  const known = COMMANDS.find(({ name }) => argv.includes(name))?.outputs ?? DEFAULT_OUTPUTS;
  const said = (output: Output) =>
    argv.some(
      (arg, index) =>
        arg === `--output=${output}` ||
        arg === `-o${output}` ||
        (arg === output && ["-o", "--output"].includes(argv[index - 1] ?? "")),
    );
  return {
    output: known.find(said) ?? "human",
    quiet: false,
    verbose: false,
    debug: argv.includes("--debug"),
    color: !argv.includes("--no-color"),
  };
}
