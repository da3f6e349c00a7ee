import { BootstrapError } from "../errors.ts";

/** A place in the file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One mistake in the file. Without a position where it only shows together with flags or the cluster. */
export interface Problem {
  readonly position: Position | undefined;
  readonly text: string;
}

/** More lines than this help nobody. */
const MOST = 50;

/** ESOB-C101: all mistakes at once, in the order of the file, one per line of `reason`. */
export function mistakes(path: string, problems: readonly Problem[]): BootstrapError {
  const sorted = problems.toSorted((left, right) => rank(left) - rank(right));
  const lines = sorted.slice(0, MOST).map(lineOf);
  if (sorted.length > MOST) lines.push(`… and ${sorted.length - MOST} more`);
  const count = sorted.length === 1 ? "1 mistake" : `${sorted.length} mistakes`;
  return new BootstrapError("ESOB-C101", { message: `${path} has ${count}.`, reason: lines.join("\n") });
}

function rank({ position }: Problem): number {
  return position === undefined ? Infinity : position.line * 100_000 + position.column;
}

function lineOf({ position, text }: Problem): string {
  return position === undefined ? text : `line ${position.line}, column ${position.column}: ${text}`;
}
