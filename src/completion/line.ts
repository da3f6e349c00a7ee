import { COMMANDS, type CommandRecord } from "../commands.ts";
import { flagsOf, type Flag } from "./flags.ts";

/** What was typed before the last word, as commander would read it. */
interface Typed {
  /** The command so far, from the outermost; empty: none yet. */
  readonly path: readonly CommandRecord[];
  readonly flags: readonly Flag[];
  /** Values of the flags that were given, by attribute. */
  readonly given: ReadonlyMap<string, string | true>;
  readonly args: readonly string[];
  /** After `--` there are no flags. */
  readonly ended: boolean;
  /** The flag whose value comes next. */
  readonly awaits: Flag | undefined;
}

/** A command line under way. */
export interface Line extends Typed {
  /** What stands before the value in the last word, as `--output=`. */
  readonly prefix: string;
  /** What there is of the last word, or of the value in it. */
  readonly word: string;
}

/** `words`: all after the program's name; the last one, which may be empty, is under way. undefined: there is no such command. */
export async function readLine(words: readonly string[]): Promise<Line | undefined> {
  let typed: Typed | undefined = {
    path: [],
    flags: await flagsOf(undefined),
    given: new Map(),
    args: [],
    ended: false,
    awaits: undefined,
  };
  for (const word of words.slice(0, -1)) typed = typed && (await after(typed, word));
  return typed && withLast(typed, words.at(-1) ?? "");
}

/** The commands that may come next. */
export function commandsBelow({ path }: Pick<Line, "path">): readonly CommandRecord[] {
  const last = path.at(-1);
  return last ? (last.commands ?? []) : COMMANDS;
}

async function after(typed: Typed, word: string): Promise<Typed | undefined> {
  const { path, given, args, ended, awaits } = typed;
  if (isValue(awaits, word))
    return { ...typed, given: new Map(given).set(awaits.attribute, word), awaits: undefined };
  if (word === "--" && !ended) return { ...typed, ended: true, awaits: undefined };
  if (word.startsWith("-") && !ended) return withFlag(typed, word);
  const below = args.length === 0 && commandsBelow(typed).find(({ name }) => name === word);
  if (below)
    return {
      ...typed,
      path: [...path, below],
      flags: await flagsOf(below),
      given: new Map(),
      awaits: undefined,
    };
  const isKnown = path.length > 0 || word === "help" || args[0] === "help";
  return isKnown ? { ...typed, args: [...args, word], awaits: undefined } : undefined;
}

function withFlag(typed: Typed, word: string): Typed {
  const [flag, value] = readFlag(typed.flags, word);
  if (!flag) return { ...typed, awaits: undefined };
  return {
    ...typed,
    given: new Map(typed.given).set(flag.attribute, value ?? true),
    awaits: flag.takes !== "nothing" && value === undefined ? flag : undefined,
  };
}

function withLast(typed: Typed, word: string): Line {
  if (isValue(typed.awaits, word)) return { ...typed, prefix: "", word };
  const [flag, value] = typed.ended ? [] : readFlag(typed.flags, word);
  if (!flag || value === undefined) return { ...typed, awaits: undefined, prefix: "", word };
  return { ...typed, awaits: flag, prefix: word.slice(0, word.length - value.length), word: value };
}

/** `--wait [duration]` takes the next word unless that is a flag. */
function isValue(awaits: Flag | undefined, word: string): awaits is Flag {
  return awaits !== undefined && (awaits.takes === "a value" || !word.startsWith("-"));
}

/** `--file=x`, `-fx`, `--file`: the flag, and its value where it stands in the same word. */
function readFlag(flags: readonly Flag[], word: string): [flag?: Flag | undefined, value?: string] {
  if (!word.startsWith("--")) {
    const flag = flags.find(({ short }) => short !== undefined && word.startsWith(short));
    const rest = word.slice(2);
    // `-qv`: several that take nothing.
    return flag && flag.takes !== "nothing" && rest !== "" ? [flag, rest] : [flag];
  }
  const [long = "", ...rest] = word.split("=");
  const flag = flags.find((one) => one.long === long);
  return flag && rest.length > 0 ? [flag, rest.join("=")] : [flag];
}
