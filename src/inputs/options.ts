import type { Field, Scope } from "./field.ts";
import { ALL_FIELDS } from "./fields.ts";

export interface OptionOfField {
  /** As commander's `.option()` takes it. */
  readonly flags: string;
  readonly description: string;
  readonly field: Field;
}

/**
 * The flags of a command: those of the fields with these scopes, in the order of the file. `sections` narrows them to parts
 * of the file, as `["eso", "infisical"]`, or to keys of it; stores and secrets are the sections `stores` and `secrets`.
 */
export function optionsFor(scopes: readonly Scope[], sections?: readonly string[]): OptionOfField[] {
  return ALL_FIELDS.flatMap((field) => {
    const isNamed = sections?.some((name) => name === sectionOf(field) || name === field.key) ?? true;
    const isWanted = scopes.includes(field.scope) && isNamed;
    if (field.flag === undefined || field.isGlobal || !isWanted) return [];
    return [{ flags: field.flag, description: describe(field), field }];
  });
}

/** `stores[].path` → `stores`. */
function sectionOf(field: Field): string {
  return /^[a-zA-Z]+/.exec(field.key)?.[0] ?? "";
}

function describe(field: Field): string {
  // The flag itself says "false".
  if (field.flag?.startsWith("--no-")) return field.help.replace(/^false: /, "");
  const fallback = defaultOf(field);
  return fallback === "" ? field.help : `${field.help} (default: ${fallback})`;
}

/** The default as a person reads it; empty where there is none, or it is the absence of a thing. */
export function defaultOf(field: Field): string {
  if (field.defaultText !== undefined) return field.defaultText;
  if (field.default === undefined || field.default === false) return "";
  return typeof field.default === "object" ? "" : literal(field.default);
}

/** Every variable that we read for settings → its field. */
export const VARIABLES: ReadonlyMap<string, Field> = new Map(
  ALL_FIELDS.flatMap((field) => (field.variable === undefined ? [] : [[field.variable, field] as const])),
);

/** How a setting may be given (`key` with its index), in one line: `--project, ESO_BOOTSTRAP_PROJECT or infisical.project in eso-bootstrap.yaml`. */
export function waysToGive(field: Field, key: string, file: string): string {
  const ways = [field.flag, field.variable].filter((way) => way !== undefined);
  const inFile = `${key} in ${file}`;
  return ways.length === 0 ? inFile : `${ways.join(", ")} or ${inFile}`;
}

/** The README's table of all settings, in Markdown. */
export function settingsTable(): string {
  const rows = ALL_FIELDS.map((field) => [
    code(field.key),
    field.type.name,
    field.flag === undefined ? "" : code(field.flag),
    field.variable === undefined ? "" : code(field.variable),
    escape(defaultText(field)),
    escape(field.help),
  ]);
  const head = ["Key", "Type", "Flag", "Variable", "Default", "What it says"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n") + "\n";
}

function defaultText(field: Field): string {
  if (field.isRequired) return "*required*";
  if (field.defaultText !== undefined) return field.defaultText;
  return field.default === undefined ? "" : code(literal(field.default));
}

function literal(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function code(text: string): string {
  return `\`${escape(text)}\``;
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}
