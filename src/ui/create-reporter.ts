import { reasonOf } from "../errors.ts";
import type { GlobalFlags, Output } from "../invocation.ts";
import { VERSION } from "../version.ts";
import { createDocumentReporter, type Format } from "./document.ts";
import { githubCommands, inert } from "./github.ts";
import { createHumanReporter } from "./human.ts";
import { createJsonReporter } from "./json.ts";
import { junitDocument } from "./junit.ts";
import { markdownDocument } from "./markdown.ts";
import type { Reporter, Verbosity } from "./reporter.ts";
import { sarifDocument } from "./sarif.ts";
import { shortText } from "./short.ts";
import type { Terminal } from "./terminal.ts";

export type ReporterFlags = Pick<GlobalFlags, "output" | "quiet" | "verbose" | "debug">;

/** What a reporter may need besides the terminal. */
export interface Surroundings {
  /** Adds to the file of $GITHUB_STEP_SUMMARY. */
  readonly appendSummary?: ((markdown: string) => Promise<void>) | undefined;
}

type Parts = Surroundings & { readonly terminal: Terminal; readonly verbosity: Verbosity };

const REPORTERS: Readonly<Record<Output, (parts: Parts) => Reporter>> = {
  human: ({ terminal, verbosity }) => createHumanReporter(terminal, { verbosity }),
  json: ({ terminal, verbosity }) => createJsonReporter(terminal, { verbosity }),
  short: document(shortText, { tellsResult: false }),
  junit: document(junitDocument),
  sarif: document(sarifDocument),
  github: (parts) => document(githubCommands, { summary: markdownDocument })(inCi(parts)),
  markdown: document(markdownDocument),
};

/** The reporter that the flags ask for. */
export function createReporter(
  flags: ReporterFlags,
  terminal: Terminal,
  around: Surroundings = {},
): Reporter {
  const verbosity = flags.debug ? "debug" : flags.verbose ? "verbose" : flags.quiet ? "quiet" : "normal";
  return REPORTERS[flags.output]({ terminal, verbosity, ...around });
}

/** stdout is the document; what people are told goes to stderr, and with -q only the result does not. */
function document(
  format: Format,
  { tellsResult = true, summary }: { tellsResult?: boolean; summary?: Format } = {},
) {
  return ({ terminal, verbosity, appendSummary }: Parts): Reporter => {
    const people = createHumanReporter({ ...terminal, stdout: terminal.stderr }, { verbosity });
    const append = async (text: string) => {
      await appendSummary?.(text).catch((error: unknown) =>
        people.event({ type: "warning", text: `The step summary was not written: ${reasonOf(error)}` }),
      );
    };
    return createDocumentReporter(terminal, format, {
      people,
      tellsResult: tellsResult && verbosity !== "quiet",
      version: VERSION,
      ...(summary && appendSummary && { aside: { format: summary, append } }),
    });
  };
}

function inCi(parts: Parts): Parts {
  return { ...parts, terminal: { ...parts.terminal, stderr: inert(parts.terminal.stderr) } };
}
