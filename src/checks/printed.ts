import type { CheckResult } from "../engine/check.ts";
import type { Fix } from "../errors.ts";
import { needsFile } from "./mending.ts";

/** What the command line and the file chose: commands that are printed must choose it, too. */
export interface Chosen {
  readonly hasFile: boolean;
  /** More words for each program. */
  readonly words: Readonly<Record<Program, readonly string[]>>;
}

type Program = "eso-bootstrap" | "kubectl" | "helm";

/** Commands of ours that restore what the file says. */
const OF_THE_FILE = /\beso-bootstrap (apply|reviewer|identity|store|install)\b/;

/** The same results, with commands that can be run as they are: on the same cluster, with the same file. */
export function printable(results: readonly CheckResult[], chosen: Chosen): readonly CheckResult[] {
  const isPlain = chosen.hasFile && Object.values(chosen.words).every(({ length }) => length === 0);
  if (isPlain) return results;
  return results.map((result) =>
    result.fix ? { ...result, fix: printableFix(result.fix, chosen) } : result,
  );
}

function printableFix(fix: Fix, { hasFile, words }: Chosen): Fix {
  const { summary, command } = fix;
  if (command === undefined) return fix;
  if (!hasFile && OF_THE_FILE.test(command)) return { summary: needsFile(summary) };
  return { summary, command: completed(command, words) };
}

/** Commands may stand in a row; no text in quotes holds what joins them. */
function completed(command: string, words: Chosen["words"]): string {
  return command
    .split(/( && | \| )/)
    .map((part) => {
      const [program = "", ...rest] = part.split(" ");
      if (program === "kubectl" || program === "helm") return [program, ...words[program], ...rest].join(" ");
      // Its flags belong to the command, not to the program.
      return program === "eso-bootstrap" ? [part, ...words[program]].join(" ") : part;
    })
    .join("");
}
