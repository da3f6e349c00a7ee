import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { Deps } from "./deps.ts";
import { BootstrapError, isBootstrapError } from "./errors.ts";
import { COMMANDS, GROUPS, type CommandRecord } from "./commands.ts";
import { optionsFor } from "./inputs/options.ts";
import { parseDuration } from "./inputs/durations.ts";
import type { GlobalFlags, Invocation } from "./invocation.ts";
import { createReporter } from "./ui/create-reporter.ts";
import type { Reporter } from "./ui/reporter.ts";
import { VERSION } from "./version.ts";

const EXIT_CODES = `Exit codes:
  0 done, healthy   1 failed with a known cause   2 wrong usage   5 not reachable or not allowed
  6 plan: there are changes   70 a bug   124 timed out   130 interrupted or declined`;

/** argv → exit code. Everything that goes wrong is told through the reporter; nothing is thrown. */
export async function runCli(argv: readonly string[], deps: Deps): Promise<number> {
  let code = 0;
  let reporter: Reporter | undefined;
  const execute = async (record: CommandRecord, invocation: Invocation): Promise<void> => {
    reporter = createReporter(invocation.global, deps.terminal({ noColour: !invocation.global.color }));
    const { run } = await record.load();
    code = await run(invocation, { ...deps, reporter });
  };
  try {
    await buildProgram(deps, execute).parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return failWith(error, argv, deps, reporter);
  }
}

function failWith(error: unknown, argv: readonly string[], deps: Deps, known: Reporter | undefined): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const reporter =
    known ?? createReporter(guessGlobals(argv), deps.terminal({ noColour: argv.includes("--no-color") }));
  const expected = toBootstrapError(error, deps);
  if (!expected) {
    reporter.bug(error);
    return 70;
  }
  reporter.fail(expected, { nothingChanged: expected.exitCode === 2 });
  return expected.exitCode;
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
function guessGlobals(argv: readonly string[]): Pick<GlobalFlags, "output" | "quiet" | "verbose" | "debug"> {
  const index = argv.findIndex((arg) => arg === "-o" || arg === "--output");
  const joined = argv.find((arg) => arg.startsWith("--output="))?.slice("--output=".length);
  const json = joined === "json" || (index >= 0 && argv[index + 1] === "json") || argv.includes("-ojson");
  return { output: json ? "json" : "human", quiet: false, verbose: false, debug: argv.includes("--debug") };
}

function buildProgram(
  deps: Deps,
  execute: (record: CommandRecord, invocation: Invocation) => Promise<void>,
): Command {
  const terminal = deps.terminal({ noColour: true });
  const program = new Command("eso-bootstrap")
    .description(
      "From nothing to a synced secret: the External Secrets Operator with Infisical Kubernetes Auth.",
    )
    .version(VERSION, "-V, --version")
    .configureOutput({ writeOut: (text) => terminal.stdout.write(text), writeErr: () => undefined })
    .configureHelp({ helpWidth: Math.min(terminal.columns, 110), showGlobalOptions: false })
    .addHelpText("after", `\n${EXIT_CODES}\n\nStart here:  eso-bootstrap init`)
    .exitOverride()
    .showSuggestionAfterError()
    .allowExcessArguments(false);
  for (const record of COMMANDS) program.addCommand(buildCommand(record, program, execute));
  return program;
}

function buildCommand(
  record: CommandRecord,
  program: Command,
  execute: (record: CommandRecord, invocation: Invocation) => Promise<void>,
): Command {
  const command = new Command(record.name)
    .description(record.summary)
    .helpGroup(GROUPS[record.group])
    .copyInheritedSettings(program)
    .allowExcessArguments(false);
  for (const argument of record.args ?? []) command.argument(argument.name, argument.description);
  command.optionsGroup("Options:");
  for (const [flags, description, fallback] of record.flags ?? [])
    command.option(flags, description, fallback);
  if (record.settings) {
    command.optionsGroup("Settings (flag > environment > file > detected > default):");
    for (const { flags, description } of optionsFor(record.settings)) command.option(flags, description);
  }
  addGlobalFlags(command);
  command.addHelpText("after", `\nExamples:\n${record.examples.map((line) => `  ${line}`).join("\n")}`);
  return command.action(async (...received: unknown[]) => {
    const options = command.opts<Record<string, unknown>>();
    const args = received
      .slice(0, -2)
      .flatMap((argument) =>
        typeof argument === "string" ? [argument] : Array.isArray(argument) ? argument.map(String) : [],
      );
    await execute(record, {
      command: record.name,
      args,
      flags: typed(command, options),
      global: globalsOf(options),
      version: VERSION,
    });
  });
}

/** Only the flags that somebody typed: defaults come from the fields table. */
function typed(command: Command, options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => command.getOptionValueSource(name) === "cli"),
  );
}

function addGlobalFlags(command: Command): void {
  command.optionsGroup("Global:");
  command
    .option("-f, --file <path>", "configuration file (default: eso-bootstrap.yaml)")
    .option("--context <names>", "context of the kubeconfig; a comma list for several clusters")
    .option("--kubeconfig <path>", "kubeconfig file")
    .option("-n, --namespace <name>", "namespace of the store and its secrets")
    .addOption(
      new Option("-o, --output <format>", "human or json").default("human").choices(["human", "json"]),
    )
    .option("--timeout <duration>", "how long one wait may take", parseTimeout, 300_000)
    .option("--no-color", "no colours (NO_COLOR works too)")
    .option("-q, --quiet", "errors and the result only")
    .option("-v, --verbose", "everything that was looked at")
    .option("--debug", "with stacks");
}

function parseTimeout(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds <= 0)
    throw new InvalidArgumentError('Expected a duration, as "90s" or "5m".');
  return seconds * 1000;
}

function globalsOf(options: Record<string, unknown>): GlobalFlags {
  const text = (name: string) => (typeof options[name] === "string" ? options[name] : undefined);
  return {
    file: text("file"),
    context: text("context"),
    kubeconfig: text("kubeconfig"),
    namespace: text("namespace"),
    output: text("output") ?? "human",
    timeoutMs: Number(options["timeout"]),
    color: options["color"] !== false,
    quiet: options["quiet"] === true,
    verbose: options["verbose"] === true,
    debug: options["debug"] === true,
  };
}
