import type { GlobalFlags } from "../invocation.ts";
import { createHumanReporter } from "./human.ts";
import { createJsonReporter } from "./json.ts";
import type { Reporter } from "./reporter.ts";
import type { Terminal } from "./terminal.ts";

/** The reporter that the flags ask for. */
export function createReporter(
  flags: Pick<GlobalFlags, "output" | "quiet" | "verbose" | "debug">,
  terminal: Terminal,
): Reporter {
  const verbosity = flags.debug ? "debug" : flags.verbose ? "verbose" : flags.quiet ? "quiet" : "normal";
  return flags.output === "json"
    ? createJsonReporter(terminal, { verbosity })
    : createHumanReporter(terminal, { verbosity });
}
