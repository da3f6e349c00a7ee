import { attributeOf, flagName, type Field } from "./field.ts";
import type { Source } from "./inputs.ts";
import { isRecord } from "./value.ts";

/** Everything that is known before anybody is asked. */
export interface ResolveOptions {
  /** Commander's `opts()`, those of the command and the global ones together. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of the file; undefined when there is none. */
  readonly file: string | undefined;
  readonly filePath: string;
  /** Dotted key of the table → value, as it would stand in the file. `stores[].namespace` is the context's namespace. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** As `answers`. A function is asked once per cluster, with the context that was chosen (undefined: the current one). */
  readonly detected?: Detected | ((context: string | undefined) => Detected);
  /** What the command cannot do without; the file's stores and secrets must always be complete. */
  readonly needs?: readonly Need[];
  /** A person can be asked, so half a credential is no error. */
  readonly interactive?: boolean;
}

export type Detected = Readonly<Record<string, unknown>>;

/** `project`: infisical.project; `store`, `secret`: at least one, from flags and answers when the file has none. */
export type Need = "project" | "store" | "secret";

/** A value that was found, not yet read by its type. `from` is what a message calls it: `--path`. */
export interface Given {
  readonly value: unknown;
  readonly source: Source;
  readonly from: string;
}

/** What the flag says, if it was given. Commander sets `--no-x` to true when it was not. */
export function fromFlag(field: Field, { flags }: ResolveOptions): Given | undefined {
  if (field.flag === undefined) return undefined;
  const value = flags[attributeOf(field.flag)];
  const isAbsent = value === undefined || (value === true && field.flag.includes("--no-"));
  return isAbsent ? undefined : { value: native(field, value), source: "flag", from: flagName(field.flag) };
}

function native(field: Field, value: unknown): unknown {
  const text = Array.isArray(value) ? value.join(",") : value;
  return typeof text === "string" ? field.type.fromText(text.trim()) : text;
}

/** What the variable says. An empty one counts as not set, as usual in CI. */
export function fromVariable(field: Field, { env }: ResolveOptions): Given | undefined {
  const text = field.variable === undefined ? undefined : env[field.variable]?.trim();
  if (!text || field.variable === undefined) return undefined;
  return { value: field.type.fromText(text), source: "environment", from: field.variable };
}

/** `stores[0].path` → `["stores", 0, "path"]`. */
export function stepsOf(key: string): (string | number)[] {
  const names = key.split(/[.[\]]+/).filter((name) => name !== "");
  return names.map((name) => (/^\d+$/.test(name) ? Number(name) : name));
}

/** The value at a concrete key, as `stores[1].path`; undefined where the way there ends. */
export function valueAt(root: unknown, key: string): unknown {
  let value = root;
  for (const step of stepsOf(key)) {
    if (Array.isArray(value)) value = typeof step === "number" ? value[step] : undefined;
    else value = isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value ?? undefined;
}
