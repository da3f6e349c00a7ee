import type { Style } from "./style.ts";
import type { TextSink } from "./terminal.ts";
import { duration, ellipsise, width } from "./text.ts";

const CLEAR_LINE = "\r\u001b[2K";
const FRAME_MS = 100;

/** One moving line at the bottom of a terminal: what is being done, and for how long already. */
export interface Spinner {
  /** Starts, or changes the text; the elapsed time goes on while `key` stays the same. */
  show(text: string, key?: string): void;
  /** Writes lines above it. */
  print(lines: readonly string[]): void;
  stop(): void;
}

export interface SpinnerOptions {
  readonly sink: TextSink;
  readonly style: Style;
  readonly now: () => number;
  /** Calls `tick` again and again until the answer is called; a timer that does not keep the process alive. */
  readonly every?: (ms: number, tick: () => void) => () => void;
}

export function createSpinner({ sink, style, now, every = everyFew }: SpinnerOptions): Spinner {
  let shown: { text: string; key: string; since: number } | undefined;
  let frame = 0;
  let cancel: (() => void) | undefined;

  const draw = () => {
    if (!shown) return;
    const sign = style.paint("accent", style.spinner[frame++ % style.spinner.length] ?? "");
    const elapsed = duration(Math.floor((now() - shown.since) / 1000) * 1000).replace(".0s", "s");
    const room = style.columns - width(elapsed) - 8;
    const text = ellipsise(shown.text, room, style.sign("ellipsis"));
    sink.write(`${CLEAR_LINE}  ${sign} ${text}  ${style.paint("quiet", elapsed)}`);
  };

  return {
    show(text, key = text) {
      shown = { text, key, since: shown?.key === key ? shown.since : now() };
      draw();
      cancel ??= every(FRAME_MS, draw);
    },
    print(lines) {
      if (lines.length === 0) return;
      sink.write((shown ? CLEAR_LINE : "") + lines.map((line) => `${line}\n`).join(""));
      draw();
    },
    stop() {
      cancel?.();
      cancel = undefined;
      if (shown) sink.write(CLEAR_LINE);
      shown = undefined;
    },
  };
}

function everyFew(ms: number, tick: () => void): () => void {
  const timer = setInterval(tick, ms).unref();
  return () => clearInterval(timer);
}
