import { DEFAULT_OUTPUTS, GLOBAL_FLAGS, isOffered, type CommandRecord } from "../commands.ts";
import { attributeOf, type Field } from "../inputs/field.ts";
import { textsOf } from "../data.ts";
import type { Names } from "./names.ts";

/** A flag as it is typed. */
export interface Flag {
  readonly short: string | undefined;
  readonly long: string;
  readonly takes: "nothing" | "optional" | "a value";
  readonly description: string;
  readonly names: Names | undefined;
  /** The name under which a command is given its value. */
  readonly attribute: string;
}

const HELP = flagOf("-h, --help", "display help for command", undefined);
const OF_THE_PROGRAM = [flagOf("-V, --version", "output the version number", undefined), HELP];

/** The flags of a command, from the records that the command tree is made of; of the program itself without one. */
export async function flagsOf(record: CommandRecord | undefined): Promise<readonly Flag[]> {
  if (!record) return OF_THE_PROGRAM;
  const global = GLOBAL_FLAGS.filter(([flags]) => isOffered(flags, record));
  const own = [...(record.flags ?? []), ...global].map(([flags, description, names]) =>
    flagOf(flags, description, flags.includes("--output <") ? (record.outputs ?? DEFAULT_OUTPUTS) : names),
  );
  return [...own, ...(await settingsOf(record)), HELP];
}

async function settingsOf({ settings, sections }: CommandRecord): Promise<Flag[]> {
  if (!settings) return [];
  const { optionsFor } = await import("../inputs/options.ts");
  return optionsFor(settings, sections).map(({ flags, description, field }) =>
    flagOf(flags, description, field.names ?? wordsOf(field)),
  );
}

/** Of a type that is one of a few words. */
function wordsOf({ type }: Field): readonly string[] | undefined {
  const { enum: words } = type.schema;
  return Array.isArray(words) ? textsOf(words.map(String)) : undefined;
}

/** `-f, --file <path>`, as commander takes it. */
function flagOf(flags: string, description: string, names: Names | undefined): Flag {
  return {
    short: /^-[a-zA-Z]\b/.exec(flags)?.[0],
    long: /--[a-z-]+/.exec(flags)?.[0] ?? flags,
    takes: flags.includes("<") ? "a value" : flags.includes("[") ? "optional" : "nothing",
    description,
    names,
    attribute: attributeOf(flags),
  };
}
