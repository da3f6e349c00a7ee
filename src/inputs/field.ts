import type { NameKind } from "../completion/names.ts";
import type { ValueType } from "./value.ts";

/** `run`: once per file; `store`, `secret`: once per entry of the list. */
export type Scope = "run" | "store" | "secret";

/** What a field is made of in the table; the rest of `Field` follows from it. */
export interface FieldDetails<T> {
  /** As commander takes it: `--project <slug>`. */
  readonly flag?: string;
  readonly help: string;
  /** As it would stand in the file. */
  readonly default?: unknown;
  /** Where the default comes from when it is not a fixed value: for help and tables. */
  readonly defaultText?: string;
  /** Asked by the wizard when nothing else gave the value. */
  readonly question?: string;
  /** The command line's global flag (`--context`, `-n`): not among the flags of a command. */
  readonly isGlobal?: boolean;
  /** The file wins over flag and variable: these only say what the file leaves open. */
  readonly fillsGaps?: boolean;
  /** Must have a value as soon as its project, store or secret is wanted. */
  readonly isRequired?: boolean;
  /** `init` writes it into the file even when nobody gave it. */
  readonly isWrittenDown?: boolean;
  /** Allowed for a ClusterSecretStore only. */
  readonly isClusterOnly?: boolean;
  readonly example?: unknown;
  /** What it names, for shell completion; one of a few words is known from the type. */
  readonly names?: NameKind;
  readonly type?: ValueType<T>;
}

/** One setting: from it come flag, variable, question, validation, help, schema and the README's row. */
export interface Field<T = unknown> extends FieldDetails<T> {
  /** Dotted, with `[]` for each entry of a list: `stores[].path`. */
  readonly key: string;
  readonly type: ValueType<T>;
  readonly scope: Scope;
  /** `ESO_BOOTSTRAP_PROJECT`, for every field that has a flag. */
  readonly variable: string | undefined;
}

/** A field of the table. Scope and variable follow from key and flag. */
export function field<T>(key: string, type: ValueType<T>, details: FieldDetails<T>): Field<T> {
  return { ...details, key, type, scope: scopeOf(key), variable: variableOf(details.flag) };
}

function scopeOf(key: string): Scope {
  if (key.startsWith("stores[]")) return "store";
  return key.startsWith("secrets[]") ? "secret" : "run";
}

/** `-n, --namespace <name>` → `namespace`; `--no-manage-eso` → `manage-eso`. */
function longName(flag: string): string {
  return /--(?:no-)?([a-z-]+)/.exec(flag)?.[1] ?? "";
}

function variableOf(flag: string | undefined): string | undefined {
  return flag === undefined
    ? undefined
    : `ESO_BOOTSTRAP_${longName(flag).replaceAll("-", "_").toUpperCase()}`;
}

/** The name under which commander's `opts()` holds the flag: `--ca-file` → `caFile`, `--no-manage-eso` → `manageEso`. */
export function attributeOf(flag: string): string {
  return longName(flag).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `--project`: a flag without its argument, as it is spoken of in messages. */
export function flagName(flag: string): string {
  return /--[a-z-]+/.exec(flag)?.[0] ?? flag;
}

/** `stores[].path` of the second store → `stores[1].path`. */
export function keyAt(key: string, index: number | undefined): string {
  return index === undefined ? key : key.replace("[]", `[${index}]`);
}
