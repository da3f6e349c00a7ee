import type { Deps } from "../deps.ts";
import { deadline } from "../kubernetes/deadline.ts";
import { commandsBelow, readLine, type Line } from "./line.ts";
import type { Names } from "./names.ts";
import { SOURCES, type Asked, type Candidate } from "./sources.ts";

/** What the shell is to do besides: cobra's bits (github.com/spf13/cobra, ShellCompDirective), which kubectl understands too. */
const DIRECTIVES = { files: 0, nothing: 4, folders: 16 } as const;

/** Milliseconds for everything that is asked of the cluster. */
const LIMIT_MS = 400;

/** What a shell takes for a word whatever stands in it: a name with anything else would have to be quoted. */
const SAFE = /^[\w@%+=:,./-]+$/;

/**
 * What may stand in the place of the last word, as `__complete` says it: one candidate a line, after a tab what it is, at the
 * end `:` and the directive. Never fails; `ms`: how long it may look at the cluster.
 */
export async function complete(
  words: readonly string[],
  open: (signal: AbortSignal) => Deps,
  ms = LIMIT_MS,
): Promise<string> {
  const limit = deadline(ms, []);
  try {
    const line = await readLine(words);
    const { candidates, directive } = line ? await answer({ line, deps: open(limit.signal) }) : NONE;
    return [
      ...candidates.map(({ name, about }) => (about ? `${name}\t${about}` : name)),
      `:${directive}\n`,
    ].join("\n");
  } catch {
    return `:${DIRECTIVES.nothing}\n`;
  } finally {
    limit.clear();
  }
}

interface Answer {
  readonly candidates: readonly Candidate[];
  readonly directive: number;
}

const NONE: Answer = { candidates: [], directive: DIRECTIVES.nothing };

async function answer(asked: Asked): Promise<Answer> {
  const { line } = asked;
  if (line.awaits) return named(line.awaits.names, asked);
  if (line.word.startsWith("-") && !line.ended) return { ...NONE, candidates: flagsThatFit(line) };
  const commands = line.args.length === 0 || line.args[0] === "help" ? commandsThatFit(line) : [];
  const { candidates, directive } = await named(argumentOf(line), asked);
  return { candidates: [...commands, ...candidates], directive };
}

function flagsThatFit({ flags, given, word }: Line): Candidate[] {
  return flags
    .filter(({ long, attribute }) => long.startsWith(word) && !given.has(attribute))
    .map(({ long, description }) => ({ name: long, about: description }));
}

function commandsThatFit(line: Line): Candidate[] {
  const help = { name: "help", summary: "help for a command" };
  const known = [...commandsBelow(line), ...(line.path.length + line.args.length === 0 ? [help] : [])];
  return line.args.length > 1
    ? []
    : known
        .filter(({ name }) => name.startsWith(line.word))
        .map(({ name, summary }) => ({ name, about: summary }));
}

/** `[key...]` is every word from its place on. */
function argumentOf({ path, args }: Line): Names | undefined {
  const known = path.at(-1)?.args ?? [];
  const last = known.at(-1);
  return (known[args.length] ?? (last?.name.includes("...") ? last : undefined))?.names;
}

/** Of a comma list the last one is under way. What was typed already is not offered again. */
async function named(names: Names | undefined, asked: Asked): Promise<Answer> {
  if (names === undefined) return NONE;
  if (names === "files" || names === "folders") return { ...NONE, directive: DIRECTIVES[names] };
  const { word, prefix, args, awaits } = asked.line;
  const start = word.lastIndexOf(",") + 1;
  const taken = [...word.slice(0, start).split(","), ...(awaits ? [] : args)];
  const all = typeof names === "string" ? await SOURCES[names](asked) : names;
  const fitting = new Map<string, Candidate>();
  for (const one of all) {
    const { name, about } = typeof one === "string" ? { name: one, about: undefined } : one;
    if (!name.startsWith(word.slice(start)) || taken.includes(name) || !SAFE.test(name)) continue;
    fitting.set(name, { name: prefix + word.slice(0, start) + name, ...(about && { about }) });
  }
  return { ...NONE, candidates: [...fitting.values()] };
}
