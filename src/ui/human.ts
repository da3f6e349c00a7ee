import type { Event } from "../engine/events.ts";
import type { ActionKind } from "../engine/plan.ts";
import { scrub } from "../secret.ts";
import { checkLines, timed } from "./human-checks.ts";
import { errorLines } from "./human-error.ts";
import { planLines, targetName } from "./human-plan.ts";
import { reportLines } from "./human-report.ts";
import { resultLines } from "./human-result.ts";
import { statusChanges, statusLines } from "./human-status.ts";
import type { StatusReport } from "../status/report.ts";
import type { Reporter, Verbosity } from "./reporter.ts";
import { createSpinner, type Spinner } from "./spinner.ts";
import { createStyle, type Style } from "./style.ts";
import type { Terminal } from "./terminal.ts";
import { wrap } from "./text.ts";

export interface HumanOptions {
  readonly verbosity?: Verbosity;
  readonly now?: () => number;
  /** The clock of the spinner, for tests. */
  readonly every?: (ms: number, tick: () => void) => () => void;
}

const DONE: Readonly<Record<ActionKind, string>> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  unchanged: "unchanged",
  blocked: "blocked",
};

/** What the reporter remembers between events. */
interface Memory {
  planShown: boolean;
  /** With -v each check is told when it ends; the result does not tell them again. */
  checksShown: boolean;
  began: number;
  /** When the first check could have started: the end of what came before it. */
  proofBegan: number;
  /** Checks that have ended. */
  checked: number;
  lastWait: string;
  lastLook: string;
  /** What `redraw` has shown last, and over how many lines. */
  shown: { readonly report: StatusReport; readonly lines: number } | undefined;
}

/** Screens for people, on stderr; only `Text` goes to stdout. A spinner on a terminal, else one line per event. */
export function createHumanReporter(terminal: Terminal, options: HumanOptions = {}): Reporter {
  const { verbosity = "normal", now = Date.now, every } = options;
  const style = createStyle(terminal);
  const spinner = createSpinner({ sink: terminal.stderr, style, now, ...(every && { every }) });
  const memory: Memory = {
    planShown: false,
    checksShown: false,
    began: now(),
    proofBegan: now(),
    checked: 0,
    lastWait: "",
    lastLook: "",
    shown: undefined,
  };
  const all = verbosity === "verbose" || verbosity === "debug";
  const tell: Teller = {
    style,
    spinner,
    memory,
    all,
    watched: terminal.isTTY,
    line: (lines) => {
      spinner.print(lines);
      // What comes between two drawings is drawn over with them.
      if (memory.shown) memory.shown = { ...memory.shown, lines: memory.shown.lines + lines.length };
    },
  };
  const finish = (lines: readonly string[]) => {
    spinner.stop();
    spinner.print(lines);
  };

  return {
    event(event) {
      if (verbosity !== "quiet") hear(event, tell);
      if (event.type !== "checked") memory.proofBegan = now();
    },
    end(result) {
      if (result.kind === "Text") {
        finish([]);
        const end = result.text === "" || result.text.endsWith("\n") ? "" : "\n";
        terminal.stdout.write(`${result.text}${end}`);
        return;
      }
      finish(
        resultLines(result, style, {
          all: all && !memory.checksShown,
          quiet: verbosity === "quiet",
          planShown: memory.planShown,
          ...times(memory, now()),
        }),
      );
    },
    redraw(report) {
      spinner.stop();
      redraw(report, memory, style, terminal);
    },
    fail(error, known) {
      finish([
        ...errorLines(error, style, known?.nothingChanged),
        ...(verbosity === "debug" ? stackLines(error) : []),
      ]);
    },
    bug(error) {
      finish(bugLines(error, style));
    },
  };
}

/** On a terminal over what stood there before, cut to its height; elsewhere a line for each change. */
function redraw(
  report: StatusReport,
  memory: Memory,
  style: Style,
  { stderr, isTTY, rows }: Pick<Terminal, "stderr" | "isTTY" | "rows">,
): void {
  const before = memory.shown;
  const all = before && !isTTY ? statusChanges(before.report, report, style) : statusLines(report, style);
  const room = rows - 2;
  const rest = `${style.sign("ellipsis")} ${all.length - room} more lines`;
  const lines = isTTY && all.length > room ? [...all.slice(0, room), rest] : all;
  memory.shown = { report, lines: lines.length };
  const back = isTTY && before && before.lines > 0 ? `\u001b[${before.lines}A\u001b[J` : "";
  if (lines.length > 0) stderr.write(`${back}${lines.join("\n")}\n`);
}

/** What an event is told with. */
interface Teller {
  readonly style: Style;
  readonly spinner: Spinner;
  readonly memory: Memory;
  readonly all: boolean;
  readonly watched: boolean;
  readonly line: (lines: readonly string[]) => void;
}

function hear(event: Event, tell: Teller): void {
  const { style, spinner, memory, watched } = tell;
  switch (event.type) {
    case "looking":
      if (!watched && memory.lastLook === event.what) return;
      memory.lastLook = event.what;
      return progress(tell, `looking at ${style.text(event.what)}`, "looking");
    case "asking":
      return spinner.stop();
    case "found":
      spinner.stop();
      return tell.line([...reportLines(event.results, style, { quiet: true }), ""]);
    case "planned":
      spinner.stop();
      memory.planShown = true;
      return tell.line(planLines(event.plan, style, tell.all));
    case "change-started":
      return progress(tell, targetName(event.change.target, style));
    case "waiting": {
      const text = `${style.text(event.what)}  ${style.text(event.state)}`;
      if (!watched && memory.lastWait === text) return;
      memory.lastWait = text;
      return progress(tell, text, event.what);
    }
    case "change-finished": {
      const { change, durationMs } = event;
      spinner.stop();
      const text = `${targetName(change.target, style)} ${DONE[change.action]}`;
      return tell.line([timed(`  ${style.paint("good", style.sign("done"))} ${text}`, durationMs, style)]);
    }
    case "change-failed": {
      spinner.stop();
      const mark = style.paint("bad", style.sign("failed"));
      return tell.line([`  ${mark} ${targetName(event.change.target, style)}  ${event.error.code}`]);
    }
    case "checked":
      return checked(event, tell);
    case "command":
      return tell.line(["", ...commandLines(event.line, style)]);
    case "note":
      return tell.line(wrapped(event.text, "  ", style));
    case "warning":
      return tell.line(wrapped(event.text, `${style.paint("caution", style.sign("warning"))} `, style));
  }
}

/** The proof of an apply is told as it comes; the report of doctor in its order, at the end. */
function checked({ result, of = 0 }: Extract<Event, { type: "checked" }>, tell: Teller): void {
  const { memory, spinner, watched } = tell;
  memory.checksShown = tell.all && memory.planShown;
  if (memory.checksShown) tell.line(checkLines([result], tell.style, "  "));
  memory.checked = memory.checked >= of ? 1 : memory.checked + 1;
  const what = memory.planShown ? "proving" : "checking";
  if (watched) spinner.show(of > 0 ? `${what}  ${memory.checked} of ${of}` : what, what);
}

/** On a terminal the moving line, elsewhere a line of its own. */
function progress({ watched, spinner, style, line }: Teller, text: string, key = text): void {
  if (watched) spinner.show(text, key);
  else line([`  ${style.sign("ellipsis")} ${text}`]);
}

function wrapped(text: string, first: string, style: Style): string[] {
  return wrap(style.text(text), style.columns - 2).map((line, index) =>
    ((index === 0 ? first : "  ") + line).trimEnd(),
  );
}

/** As it would be typed: broken so that a shell takes it. */
function commandLines(line: string, style: Style): string[] {
  const lines = wrap(style.text(`$ ${line}`), style.columns - 4);
  return lines.map((part, index) => {
    const rest = index < lines.length - 1 ? " \\" : "";
    return style.paint("strong", `${index === 0 ? "" : "    "}${part}${rest}`);
  });
}

function times(memory: Memory, now: number): { totalMs: number; proofMs: number } {
  return { totalMs: now - memory.began, proofMs: now - memory.proofBegan };
}

/** Where an error came from. Its foreign cause stays untold: it may hold bodies and headers. */
function stackLines(error: Error): string[] {
  return (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
}

function bugLines(error: unknown, style: Style): string[] {
  const known = error instanceof Error;
  const text = known ? `${error.name}: ${scrub(error.message.split("\n", 1)[0] ?? "")}` : typeof error;
  return [
    ...wrapped(
      `This is a bug in eso-bootstrap: ${text}`,
      `${style.paint("bad", style.sign("failed"))} `,
      style,
    ),
    ...(known ? stackLines(error) : []),
    "  Please report it with the lines above and the output of `eso-bootstrap --version`.",
  ];
}
