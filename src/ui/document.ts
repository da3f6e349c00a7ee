import type { CommandResult, Reporter } from "./reporter.ts";
import { failureOf, outcomeOf, type Outcome } from "./outcome.ts";
import type { Terminal } from "./terminal.ts";

/** What a document says besides what was found. */
export interface DocumentFacts {
  readonly now: Date;
  readonly version: string;
}

/** One kind of document: what stands on stdout at the end, whatever happened. Ends with a line feed, or is empty. */
export type Format = (outcome: Outcome, facts: DocumentFacts) => string;

export interface DocumentOptions {
  /** Tells people on stderr; without it nobody is told but of warnings. */
  readonly people: Reporter;
  /** False where the document itself is for people: they need not be told the result twice. */
  readonly tellsResult: boolean;
  /** A second document, for a file. Must not throw. */
  readonly aside?: { readonly format: Format; append(text: string): Promise<void> } | undefined;
  readonly now?: () => number;
  readonly version: string;
}

const NOTHING: CommandResult = { kind: "List", items: [] };

/** One document on stdout at the end, also after an error or a bug; everything for people goes to stderr. */
export function createDocumentReporter(
  { stdout }: Pick<Terminal, "stdout">,
  format: Format,
  { people, tellsResult, aside, now = Date.now, version }: DocumentOptions,
): Reporter {
  let appended = Promise.resolve();
  const write = (outcome: Outcome) => {
    const facts = { now: new Date(now()), version };
    stdout.write(format(outcome, facts));
    if (aside) appended = aside.append(aside.format(outcome, facts));
  };
  const failed = (error: unknown): Outcome => [{ cluster: undefined, checks: [], failure: failureOf(error) }];
  return {
    event: (event) => people.event(event),
    end(result) {
      people.end(tellsResult && result.kind !== "Text" ? result : NOTHING);
      write(outcomeOf(result));
    },
    redraw: (report) => people.redraw(report),
    fail(error, known) {
      people.fail(error, known);
      write(failed(error));
    },
    bug(error) {
      people.bug(error);
      write(failed(error));
    },
    flush: () => appended,
  };
}
