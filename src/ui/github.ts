import type { Format } from "./document.ts";
import { pathOf, problemsOf, troubleText, type Section } from "./outcome.ts";
import type { TextSink } from "./terminal.ts";
import { clamp, harmless } from "./text.ts";

/**
 * Annotations of GitHub Actions, as workflow commands (docs.github.com, "Workflow commands"). GitHub shows ten errors and ten
 * warnings of a step: causes come first.
 */
export const githubCommands: Format = (outcome) => outcome.flatMap(commandsOf).join("");

function commandsOf({ cluster, checks, failure }: Section): string[] {
  const where = cluster === undefined ? "" : ` (${cluster})`;
  return [
    ...(failure ? [command("error", { title: failure.code + where }, troubleText(failure))] : []),
    ...problemsOf(checks).map((check) => {
      const { code, status, subject, title, location } = check;
      const properties = {
        ...(location && { file: location.file.replace(/^\.\//, ""), line: String(location.line) }),
        title: `${code} ${subject ? pathOf(subject) : title}${where}`,
      };
      return command(status === "fail" ? "error" : "warning", properties, troubleText(check));
    }),
  ];
}

function command(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapedProperty(value)}`);
  return `::${name} ${list.join(",")}::${escaped(message)}\n`;
}

/** As the runner unescapes it (actions/toolkit, packages/core/src/command.ts). */
const ESCAPES: Readonly<Record<string, string>> = {
  "%": "%25",
  "\r": "%0D",
  "\n": "%0A",
  ":": "%3A",
  ",": "%2C",
};

/** An annotation holds 64 KB; what is longer than this nobody reads there. */
const MOST = 4000;

const escaped = (text: string) =>
  harmless(clamp(text, MOST)).replace(/[%\r\n]/g, (character) => ESCAPES[character] ?? "");
const escapedProperty = (text: string) =>
  harmless(clamp(text, MOST)).replace(/[%\r\n:,]/g, (character) => ESCAPES[character] ?? "");

/**
 * A sink whose lines the runner does not obey: it looks for `::name` at the start of a line and `##[name]` anywhere, on stderr as
 * on stdout, and a message of a server may say anything.
 */
export function inert(sink: TextSink): TextSink {
  return {
    write: (text) => sink.write(text.replace(/^(\s*):(?=:)/gm, "$1: ").replaceAll("##[", "# #[")),
  };
}
