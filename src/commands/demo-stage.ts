import type { CommandDeps } from "../commands.ts";
import { jsonOf } from "../data.ts";
import type { Deps } from "../deps.ts";
import type { GlobalFlags, Invocation } from "../invocation.ts";

/** Where command lines are shown and run. */
export interface Stage {
  say(text: string): void;
  /** Runs them in their order; the first that fails is the last, and its exit code the answer. */
  play(lines: readonly (readonly string[])[]): Promise<number>;
  /** With `-o json` the documents of what was run, as one. */
  end(): void;
}

/** `there`: what the command lines run with. With `-o json` each tells its document here. */
export function createStage({ global }: Invocation, { reporter, runCli }: CommandDeps, there: Deps): Stage {
  const documents: unknown[] = [];
  const isJson = global.output === "json";
  const say = (text: string) => reporter.event({ type: "note", text });
  const voice = voiceOf(global);
  const once = async (line: readonly string[]): Promise<number> => {
    reporter.event({ type: "command", line: ["eso-bootstrap", ...line].map(quoted).join(" ") });
    if (!isJson) return runCli([...line, ...voice], there);
    let text = "";
    const stdout = { write: (more: string) => (text += more) };
    const code = await runCli([...line, ...voice], {
      ...there,
      terminal: (options) => ({ ...there.terminal(options), stdout }),
    });
    documents.push(jsonOf(text));
    return code;
  };
  return {
    say,
    async play(lines) {
      for (const line of lines) {
        const code = await once(line);
        if (code !== 0) return code;
      }
      return 0;
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

const quoted = (word: string) => (/^[\w./:,=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
