import type { CommandDeps } from "../commands.ts";
import { quoted } from "../command-line.ts";
import { jsonOf } from "../data.ts";
import type { Deps } from "../deps.ts";
import type { GlobalFlags, Invocation } from "../invocation.ts";

/** A command line, without the name of the program. */
export interface Act {
  readonly line: readonly string[];
  /** Done when it went well. */
  readonly after?: () => void;
}

/** Where command lines are shown and run. */
export interface Stage {
  /** A paragraph; what is indented stays as it is. */
  tell(lines: readonly string[]): void;
  /** Runs them in their order; the first that fails is the last, and its exit code the answer. */
  play(acts: readonly Act[]): Promise<number>;
  /** The document of a command line that was just run; where it was told to people, it is run again without a word. */
  documentOf(line: readonly string[]): Promise<unknown>;
  /** With `-o json` the documents of what was run, as one. */
  end(): void;
}

/** `there`: what the command lines run with. With `-o json` each tells its document here. */
export function createStage({ global }: Invocation, { reporter, runCli }: CommandDeps, there: Deps): Stage {
  const documents: unknown[] = [];
  const isJson = global.output === "json";
  const voice = voiceOf(global);
  /** Runs it with stdout kept. */
  const captured = async (line: readonly string[], at: Deps) => {
    let text = "";
    const stdout = { write: (more: string) => (text += more) };
    const terminal: Deps["terminal"] = (options) => ({ ...at.terminal(options), stdout });
    return { code: await runCli(line, { ...at, terminal }), document: jsonOf(text) };
  };
  const once = async (line: readonly string[]): Promise<number> => {
    reporter.event({ type: "command", line: ["eso-bootstrap", ...line].map(quoted).join(" ") });
    if (!isJson) return runCli([...line, ...voice], there);
    const { code, document } = await captured([...line, ...voice], there);
    documents.push(document);
    return code;
  };
  return {
    tell: (lines) => ["", ...lines].forEach((text) => reporter.event({ type: "note", text })),
    async play(acts) {
      for (const { line, after } of acts) {
        const code = await once(line);
        if (code !== 0) return code;
        after?.();
      }
      return 0;
    },
    async documentOf(line) {
      if (isJson) return documents.at(-1);
      const silent: Deps["terminal"] = (options) => ({
        ...there.terminal(options),
        isTTY: false,
        stderr: { write: () => undefined },
      });
      return (await captured([...line, "-o", "json"], { ...there, terminal: silent })).document;
    },
    end() {
      if (isJson) reporter.end({ kind: "Text", text: "", items: documents });
    },
  };
}

/** As the demo itself was told to speak. */
function voiceOf({ output, color, quiet, verbose, debug, timeoutMs }: GlobalFlags): string[] {
  return [
    ["-o", output],
    ["--timeout", `${timeoutMs / 1000}s`],
    ...(color ? [] : [["--no-color"]]),
    ...(quiet ? [["--quiet"]] : []),
    ...(verbose ? [["--verbose"]] : []),
    ...(debug ? [["--debug"]] : []),
  ].flat();
}
