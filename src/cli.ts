import { CommanderError } from "commander";
import { buildProgram, type Execute } from "./command-tree.ts";
import { COMMANDS, DEFAULT_OUTPUTS } from "./commands.ts";
import type { Deps } from "./deps.ts";
import type { Output, ReporterFlags } from "./invocation.ts";
import type { Reporter } from "./ui/reporter.ts";

/** argv → exit code. Everything that goes wrong is told through the reporter; nothing is thrown. */
export async function runCli(argv: readonly string[], deps: Deps): Promise<number> {
  let code = 0;
  let reporter: Reporter | undefined;
  const execute: Execute = async (record, invocation) => {
    const { openReporter } = await import("./failure.ts");
    const told = openReporter(invocation.global, deps);
    reporter = told;
    const { run } = await record.load();
    const prompt = async () => {
      const { announced } = await import("./asking.ts");
      return announced(await deps.prompt(), () => told.event({ type: "asking" }));
    };
    code = await run(invocation, { ...deps, prompt, reporter, runCli });
    await reporter.flush?.();
  };
  const program = await buildProgram(argv, () => deps.terminal({ noColour: true }), execute);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    // So commander ends when it has printed a help text: nothing else is loaded for that.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // The name alone: commander takes it for a mistake.
    if (argv.length === 0 && error instanceof CommanderError) {
      program.outputHelp();
      return 0;
    }
    const { failWith, openReporter, wrongUsage } = await import("./failure.ts");
    const told = error instanceof CommanderError ? wrongUsage(error, argv) : error;
    return failWith(told, deps, reporter ?? openReporter(guessGlobals(argv), deps));
  }
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
