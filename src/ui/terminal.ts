/** The part of a stream that a reporter needs; tests pass an array in disguise. */
export interface TextSink {
  write(text: string): unknown;
}

/** Where a reporter writes, and what a person there can see. Nothing in `ui/` looks at `process`. */
export interface Terminal {
  /** Data: manifests, JSON. */
  readonly stdout: TextSink;
  /** People: plan, progress, errors. */
  readonly stderr: TextSink;
  readonly columns: number;
  /** Lines of the screen, for what is redrawn in place. */
  readonly rows: number;
  /** A person watches: stderr is a terminal, and this is not CI. Spinners only then. */
  readonly isTTY: boolean;
  readonly colour: boolean;
  readonly unicode: boolean;
}

/** What `detectTerminal` looks at: `process.stdout`, `process.stderr`, `process.env` and `--no-color`. */
export interface TerminalFacts {
  readonly stdout: TextSink;
  readonly stderr: TextSink & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly noColour?: boolean;
}

/** Narrow logs stay readable, and screens keep the width they were drawn for. */
const DEFAULT_COLUMNS = 80;
const MIN_COLUMNS = 40;
const DEFAULT_ROWS = 24;

/** Finds out what the terminal can do, from the variables that other tools honour (no-color.org, force-color.org). */
export function detectTerminal({ stdout, stderr, env, noColour = false }: TerminalFacts): Terminal {
  const watched = stderr.isTTY === true;
  return {
    stdout,
    stderr,
    columns: Math.max(MIN_COLUMNS, watched ? (stderr.columns ?? DEFAULT_COLUMNS) : DEFAULT_COLUMNS),
    rows: stderr.rows ?? DEFAULT_ROWS,
    isTTY: watched && !isSet(env["CI"]) && env["TERM"] !== "dumb",
    colour: wantsColour(watched, env, noColour),
    unicode: knowsUnicode(env),
  };
}

/** Whoever asks for no colours gets none; NO_COLOR therefore beats FORCE_COLOR. */
function wantsColour(watched: boolean, env: TerminalFacts["env"], noColour: boolean): boolean {
  if (noColour || env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"] !== undefined) return isSet(env["FORCE_COLOR"]) || env["FORCE_COLOR"] === "";
  return watched && env["TERM"] !== "dumb";
}

/** A locale that names another character set says no; containers and CI often set none and do know UTF-8. */
function knowsUnicode(env: TerminalFacts["env"]): boolean {
  if (env["TERM"] === "dumb") return false;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"];
  return !locale || /utf-?8/i.test(locale);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}
