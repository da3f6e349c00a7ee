import type { Deps } from "./deps.ts";
import { BootstrapError, isBootstrapError } from "./errors.ts";
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

/** What commander says about a command line, as `error: unknown option '--foo'`, and what may have been meant in its second line. */
export function wrongUsage(words: string): BootstrapError {
  const [message = "wrong usage", meant = ""] = words.replace(/^error: /, "").split("\n");
  return new BootstrapError("ESOB-C108", {
    message,
    ...(meant.includes("Did you mean") && { reason: meant }),
    fix: { summary: "See the help.", command: "eso-bootstrap --help" },
  });
}
