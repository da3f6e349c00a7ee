import { isDeepStrictEqual } from "node:util";
import { isBootstrapError } from "../errors.ts";
import { parseConfig } from "./config-file.ts";
import { indexesOf } from "./config-write.ts";
import { attributeOf, keyAt, type Field } from "./field.ts";
import { ALL_FIELDS } from "./fields.ts";
import { valueAt, type ResolveOptions } from "./given.ts";
import type { Inputs } from "./inputs.ts";
import { resolveAll } from "./resolve.ts";
import { setInFile } from "./set-in-file.ts";

/** The file as it must be to say what the flags said, and which of its keys that changes. */
export interface FlagsInFile {
  readonly text: string;
  /** `secrets[0].keys`. */
  readonly keys: readonly string[];
}

/** A flag that describes things, and not where to work: `--context` and `-n` choose. */
const DESCRIBING = ALL_FIELDS.filter(({ flag, isGlobal }) => flag !== undefined && !isGlobal);

/**
 * What `init` was told by flags beside a file goes into that file, or every later run would go by something else than what was
 * set up. undefined where the file says the same. Comments and order stay.
 */
export function flagsToFile(options: ResolveOptions, inputs: Inputs): FlagsInFile | undefined {
  if (options.file === undefined) return undefined;
  const { values } = parseConfig(options.file, options.filePath);
  const without = withoutFlags(options);
  const isEachOwn = (key: string) => "clusters" in values && key.startsWith("cluster.");
  let text = options.file;
  const keys: string[] = [];
  for (const [field, key] of DESCRIBING.flatMap((one) => keysOf(one, inputs))) {
    const isSaid = inputs.sources[key] === "flag" || valueAt(values, key) !== undefined;
    const value = written(field, key, inputs);
    if (!isSaid || isEachOwn(key) || value === undefined) continue;
    if (without && isDeepStrictEqual(value, written(field, key, without))) continue;
    text = setInFile(text, key, value);
    keys.push(key);
  }
  return keys.length === 0 ? undefined : { text, keys };
}

const keysOf = (field: Field, inputs: Inputs): [Field, string][] =>
  indexesOf(field, inputs).map((index) => [field, keyAt(field.key, index)]);

/** As it would stand in the file. */
function written({ type }: Field, key: string, inputs: Inputs): unknown {
  const value = valueAt(inputs, key);
  return value === undefined ? undefined : type.write(value);
}

/** What a later run without these flags would go by; undefined where the file alone does not do. */
function withoutFlags(options: ResolveOptions): Inputs | undefined {
  const described = new Set(DESCRIBING.map(({ flag = "" }) => attributeOf(flag)));
  const flags = Object.fromEntries(Object.entries(options.flags).filter(([name]) => !described.has(name)));
  try {
    return resolveAll({ ...options, flags })[0];
  } catch (error) {
    if (isBootstrapError(error)) return undefined;
    throw error;
  }
}
