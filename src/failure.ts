import { COMMANDS, GLOBAL_FLAGS } from "./commands.ts";
import type { Deps } from "./deps.ts";
import { BootstrapError, isBootstrapError } from "./errors.ts";
import { nearest } from "./inputs/nearest.ts";
import type { ReporterFlags } from "./invocation.ts";
import { createReporter } from "./ui/create-reporter.ts";
import type { Reporter } from "./ui/reporter.ts";

/** The reporter that the flags ask for. */
export function openReporter(flags: ReporterFlags, deps: Deps): Reporter {
  const summary = deps.env["GITHUB_STEP_SUMMARY"];
  return createReporter(flags, deps.terminal({ noColour: !flags.color }), {
    appendSummary: summary ? async (text) => (await deps.files()).append(summary, text) : undefined,
  });
}

/** Tells what went wrong, and answers with the exit code. */
export async function failWith(error: unknown, { signal }: Deps, reporter: Reporter): Promise<number> {
  const expected = signal.aborted ? interrupted() : error;
  const isExpected = isBootstrapError(expected);
  if (isExpected) reporter.fail(expected, { nothingChanged: expected.exitCode === 2 });
  else reporter.bug(error);
  await reporter.flush?.();
  return isExpected ? expected.exitCode : 70;
}

const interrupted = () =>
  new BootstrapError("ESOB-C205", {
    message: "Interrupted.",
    fix: { summary: "Run it again: it goes on where it stopped." },
  });

/** What commander throws. */
interface Mistake {
  readonly code: string;
  readonly message: string;
}

/** What commander says about a command line, as `error: unknown option '--foo'`, and what may have been meant in its second line. */
export function wrongUsage({ code, message: words }: Mistake, argv: readonly string[]): BootstrapError {
  const unknown = code === "commander.excessArguments" ? unknownBelow(argv) : undefined;
  if (unknown) return unknown;
  const [message = "wrong usage", meant = ""] = words.replace(/^error: /, "").split("\n");
  return new BootstrapError("ESOB-C108", {
    message,
    ...(meant.includes("Did you mean") && { reason: meant }),
    fix: { summary: "See the help.", command: "eso-bootstrap --help" },
  });
}

/** `reviewer rotte`: a command that has others below it takes no other word, so that the word was meant to be one of them. */
function unknownBelow(argv: readonly string[]): BootstrapError | undefined {
  const above = COMMANDS.find(({ name, commands }) => commands !== undefined && argv.includes(name));
  const names = above?.commands?.map(({ name }) => name) ?? [];
  const behind = argv.slice(argv.indexOf(above?.name ?? "") + 1);
  const switches = [...GLOBAL_FLAGS, ...(above?.flags ?? [])].flatMap(([flags]) =>
    flags.includes("<") ? [] : flags.split(", "),
  );
  /** The value of a flag is no word of its own. */
  const isValue = (before = "") =>
    before.startsWith("-") && !before.includes("=") && !switches.includes(before);
  const word = behind.find((one, index) => !one.startsWith("-") && !isValue(behind[index - 1]));
  if (!above || word === undefined) return undefined;
  const close = nearest(word, names);
  return new BootstrapError("ESOB-C108", {
    message: `${above.name} has no command "${word}".`,
    reason: close === undefined ? `it has ${names.join(", ")}` : `(Did you mean ${close}?)`,
    fix: { summary: "See the help.", command: `eso-bootstrap ${above.name} --help` },
  });
}
