import { Command, InvalidArgumentError, Option } from "commander";
import {
  COMMANDS,
  DEFAULT_EXITS,
  DEFAULT_OUTPUTS,
  GLOBAL_FLAGS,
  GROUPS,
  isOffered,
  type CommandRecord,
} from "./commands.ts";
import { parseDuration } from "./inputs/durations.ts";
import type { OptionOfField } from "./inputs/options.ts";
import { OUTPUTS, type GlobalFlags, type Invocation } from "./invocation.ts";
import type { Terminal } from "./ui/terminal.ts";
import { VERSION } from "./version.ts";

/** Product.md section 4, in a few words. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  0: "done, healthy",
  1: "failed with a known cause",
  2: "wrong usage",
  3: "doctor: a check failed",
  4: "doctor --fail-on warning: only warnings",
  5: "not reachable or not allowed",
  6: "plan: there are changes",
  70: "a bug",
  124: "timed out",
  130: "interrupted or declined",
};

/** Examples and exit codes stay within this many columns, however wide the terminal. */
const COLUMNS = 80;

/** `Exit codes:` and what they mean, several on a line. */
function exitCodes(codes: readonly number[]): string {
  const lines: string[] = [];
  for (const code of codes) {
    const text = `${code} ${EXIT_CODES[code]}`;
    const longer = `${lines.at(-1)}   ${text}`;
    if (lines.length > 0 && longer.length <= COLUMNS) lines[lines.length - 1] = longer;
    else lines.push(`  ${text}`);
  }
  return `Exit codes:\n${lines.join("\n")}`;
}

/** A long command line goes on behind a backslash, before a flag or a pipe, as a shell takes it. */
function folded(line: string): string {
  const lines = [""];
  for (const piece of `  ${line}`.split(/ (?=--|-[a-zA-Z] |\| )/)) {
    const longer = `${lines.at(-1)} ${piece}`;
    if (lines.at(-1) === "") lines[lines.length - 1] = piece;
    else if (longer.length <= COLUMNS - 2) lines[lines.length - 1] = longer;
    else lines.push(`    ${piece}`);
  }
  return lines.join(" \\\n");
}

/** Runs a command that was parsed. */
export type Execute = (record: CommandRecord, invocation: Invocation) => Promise<void>;

/** The commander tree. Only the command that is meant gets its flags: `--help` lists the others by name. */
export async function buildProgram(
  argv: readonly string[],
  terminal: () => Terminal,
  execute: Execute,
): Promise<Command> {
  const program = new Command("eso-bootstrap")
    .description(
      "From nothing to a synced secret: the External Secrets Operator with Infisical Kubernetes Auth.",
    )
    .version(VERSION, "-V, --version")
    .configureOutput({
      writeOut: (text) => terminal().stdout.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(terminal().columns, 110),
      // There are none in it: nothing to take out again.
      getOutHasColors: () => true,
    })
    .configureHelp({ showGlobalOptions: false, subcommandTerm: termOf })
    .addHelpText(
      "after",
      `\n${exitCodes(Object.keys(EXIT_CODES).map(Number))}\n\nStart here:  eso-bootstrap init`,
    )
    .addHelpCommand(
      new Command("help").argument("[command]").description("help for a command").helpGroup(GROUPS.look),
    )
    .exitOverride()
    // Flags belong to the command that they follow: `reviewer` and `reviewer rotate` share some.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .allowExcessArguments(false);
  await addCommands(program, COMMANDS, argv, execute);
  return program;
}

async function addCommands(
  above: Command,
  records: readonly CommandRecord[],
  argv: readonly string[],
  execute: Execute,
): Promise<void> {
  for (const record of records) {
    const command = commandOf(record, above);
    above.addCommand(command);
    if (!argv.includes(record.name)) continue;
    addFlags(command, record, await settingsOf(record), { argv, execute });
    await addCommands(command, record.commands ?? [], argv, execute);
  }
}

/** `explain <code>`: every command has options, so that saying it says nothing. */
function termOf(command: Command): string {
  const args = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  return [command.name(), ...args].join(" ");
}

async function settingsOf({ settings, sections }: CommandRecord): Promise<readonly OptionOfField[]> {
  if (!settings) return [];
  const { optionsFor } = await import("./inputs/options.ts");
  return optionsFor(settings, sections);
}

/** The command as the list of all commands shows it. */
function commandOf(record: CommandRecord, above: Command): Command {
  const command = new Command(record.name)
    .description(record.summary)
    .helpGroup(GROUPS[record.group])
    .copyInheritedSettings(above)
    .enablePositionalOptions()
    .allowExcessArguments(false);
  for (const argument of record.args ?? []) command.argument(argument.name, argument.description);
  return command;
}

function addFlags(
  command: Command,
  record: CommandRecord,
  settings: readonly OptionOfField[],
  { argv, execute }: { readonly argv: readonly string[]; readonly execute: Execute },
): void {
  command.optionsGroup("Options:");
  for (const [flags, description] of record.flags ?? []) command.option(flags, description);
  if (settings.length > 0) command.optionsGroup("Settings (flag > environment > file > detected > default):");
  for (const { flags, description } of settings) command.option(flags, description);
  addGlobalFlags(command, record);
  const exits = exitCodes(record.exits ?? DEFAULT_EXITS);
  command.addHelpText("after", `\nExamples:\n${record.examples.map(folded).join("\n")}\n\n${exits}`);
  command.action(async (...received: unknown[]) => {
    refuseFlagsAbove(command);
    const options = command.opts<Record<string, unknown>>();
    const args = received
      .slice(0, -2)
      .flatMap((argument) =>
        typeof argument === "string" ? [argument] : Array.isArray(argument) ? argument.map(String) : [],
      );
    await execute(record, {
      command: pathOf(command),
      args,
      flags: typed(command, options),
      global: globalsOf(options),
      version: VERSION,
      typed: argv,
    });
  });
}

/** `reviewer rotate`. */
function pathOf(command: Command): string {
  const above = command.parent?.parent ? `${pathOf(command.parent)} ` : "";
  return above + command.name();
}

/** `reviewer --yes rotate`: a flag before the last word would be taken for the other command's, and be lost. */
function refuseFlagsAbove(command: Command): void {
  const above = command.parent;
  const flag = above?.options.find((option) => above.getOptionValueSource(option.attributeName()) === "cli");
  if (flag) command.error(`error: ${flag.long ?? flag.flags} must stand after "${command.name()}"`);
}

/** Only the flags that somebody typed: defaults come from the fields table. */
function typed(command: Command, options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => command.getOptionValueSource(name) === "cli"),
  );
}

function addGlobalFlags(command: Command, record: CommandRecord): void {
  command.optionsGroup("Global:");
  for (const [flags, description] of GLOBAL_FLAGS) {
    const option = new Option(flags, description);
    if (option.long === "--output") option.default("human").choices(record.outputs ?? DEFAULT_OUTPUTS);
    if (option.long === "--timeout") option.default(300_000, "5m").argParser(parseTimeout);
    command.addOption(isOffered(flags, record) ? option : option.hideHelp());
  }
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
    output: OUTPUTS.find((output) => output === options["output"]) ?? "human",
    timeoutMs: Number(options["timeout"]),
    color: options["color"] !== false,
    quiet: options["quiet"] === true,
    verbose: options["verbose"] === true,
    debug: options["debug"] === true,
  };
}
