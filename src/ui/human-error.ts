import { docsAnchor, type BootstrapError, type Fix } from "../errors.ts";
import type { Code } from "../codes.ts";
import type { Style } from "./style.ts";
import { pad, width, wrap } from "./text.ts";

/** The parts of an error that are shown; a failed check has the same. */
export interface Trouble {
  readonly code: Code;
  readonly message: string;
  readonly reason?: string | undefined;
  readonly fix?: Fix | undefined;
  /** Another command that does the same. */
  readonly orElse?: string | undefined;
  readonly facts?: Readonly<Record<string, string>>;
}

const LABEL_COLUMNS = 6;
/** The code ends here also in a wider terminal, near what it belongs to. */
const CODE_COLUMNS = 78;

/** An error as screens.md has it: what happened and the code, why, what to do, where to read more. */
export function errorLines(error: BootstrapError, style: Style, nothingChanged = false): string[] {
  return [
    ...withCode(style.paint("bad", style.sign("failed")), style.text(error.message), error.code, style),
    ...troubleLines(error, style, "  "),
    ...(nothingChanged ? ["  Nothing was changed."] : []),
  ];
}

/** Reason, fix, facts and where to read more, under a message that is there already. */
export function troubleLines(trouble: Trouble, style: Style, indent: string): string[] {
  const room = style.columns - indent.length;
  const reason = trouble.reason === undefined ? [] : wrap(style.text(trouble.reason), room);
  const facts = Object.entries(trouble.facts ?? {});
  return [
    ...reason,
    ...fixLines(trouble, style, room),
    ...facts.flatMap(([label, text]) => labelled(style.text(label), style.text(text), room)),
    ...moreLines(trouble.code, room),
  ].map((line) => indent + line);
}

/** `✖ what happened          ESOB-K101`: the code at the right, on a line of its own where it does not fit. */
export function withCode(sign: string, message: string, code: Code, style: Style): string[] {
  const edge = Math.min(style.columns, CODE_COLUMNS);
  const lines = wrap(message, style.columns - 2);
  const last = lines.at(-1) ?? "";
  const fits = width(last) + 2 + 2 + code.length <= edge;
  const painted = style.paint("quiet", code);
  const ends = fits
    ? [pad(last, edge - 2 - code.length) + painted]
    : [last, " ".repeat(edge - 2 - code.length) + painted];
  return [...lines.slice(0, -1), ...ends].map((line, index) => `${index === 0 ? sign : " "} ${line}`);
}

/** The command works offline; the anchor stands beside it where there is room. */
function moreLines(code: Code, room: number): string[] {
  const command = `eso-bootstrap explain ${code}`;
  const both = `${command}  ${docsAnchor(code)}`;
  return labelled("More", LABEL_COLUMNS + 1 + both.length <= room ? both : command, room);
}

function fixLines({ fix, orElse }: Trouble, style: Style, room: number): string[] {
  if (!fix) return [];
  const command = fix.command === undefined ? "" : style.text(fix.command);
  const lines = labelled("Fix", style.text(fix.summary), room);
  // Commands stay on one line, however long, so that they can be copied; bold can be read on light and dark, cyan cannot.
  if (command === "") return lines;
  const other = orElse === undefined ? "" : style.paint("quiet", `   (or: ${orElse})`);
  return [...lines, " ".repeat(LABEL_COLUMNS + 1) + style.paint("strong", command) + other];
}

function labelled(label: string, text: string, room: number): string[] {
  const columns = Math.max(LABEL_COLUMNS, width(label));
  return wrap(text, Math.max(20, room - columns - 1)).map(
    (line, index) => `${pad(index === 0 ? label : "", columns)} ${line}`,
  );
}
