import { didYouMean } from "./nearest.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

/** What is wrong with a value; `at` leads from the value to the wrong part of it. Never holds what looks like a secret. */
export interface Flaw {
  readonly at: readonly (string | number)[];
  readonly text: string;
  /** The key at the end of `at` is wrong, not its value. */
  readonly isAboutKey?: true;
}

export type Read<T> = { readonly value: T } | { readonly flaws: readonly Flaw[] };

/**
 * One kind of setting. `read` takes what YAML holds and gives what `Inputs` holds; `fromText` turns the text of a flag or
 * variable into what YAML would hold; `write` is the way back, for a file made by `init`.
 */
export interface ValueType<T> {
  readonly name: string;
  readonly schema: JsonSchema;
  read(value: unknown): Read<T>;
  fromText(text: string): unknown;
  write(value: T): unknown;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function flawed(text: string, at: Flaw["at"] = []): { flaws: Flaw[] } {
  return { flaws: [{ at, text }] };
}

export function unknownPart(name: string, known: readonly string[]): Flaw {
  return { at: [name], isAboutKey: true, text: `unknown key ${shown(name)}${didYouMean(name, known)}` };
}

/** `expected a slug, found "a/b"`, with a hint where the value is a number that YAML made of a text. */
export function wrong(expected: string, value: unknown, at: Flaw["at"] = []): { flaws: Flaw[] } {
  const hint = typeof value === "number" ? "; write it in quotes" : "";
  return flawed(`expected ${expected}, found ${shown(value)}${hint}`, at);
}

/** A value as it may be shown: long texts and what looks like a credential are only described. */
export function shown(value: unknown): string {
  if (typeof value === "string") return shownText(value);
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return String(value);
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : "a mapping";
}

/** JWTs and Infisical's service tokens by their start; UUIDs and words with dashes stay readable. */
const CREDENTIAL = /^(ey[A-Za-z0-9_-]{8}|st\.|ua\.|Bearer )|:\/\/[^/\s]*@|^[A-Za-z0-9+/_=]{32,}$/;

function shownText(text: string): string {
  if (CREDENTIAL.test(text)) return "a text that looks like a credential";
  return text.length > 60 ? `a text of ${text.length} characters` : JSON.stringify(text);
}

export interface TextRule {
  readonly name: string;
  readonly expected: string;
  readonly pattern?: RegExp;
  readonly max?: number;
  /** What the pattern cannot say: undefined when all is well. */
  readonly refuse?: (text: string) => string | undefined;
  readonly normalise?: (text: string) => string;
}

/** A kind of setting that is one text in the file and in `Inputs`. */
export function textType(rule: TextRule): ValueType<string> {
  const max = rule.max ?? 2048;
  return {
    name: rule.name,
    schema: {
      type: "string",
      minLength: 1,
      ...(rule.max !== undefined && { maxLength: rule.max }),
      ...(rule.pattern && { pattern: rule.pattern.source }),
    },
    read(value) {
      if (typeof value !== "string" || value === "") return wrong(rule.expected, value);
      if (value.length > max) return wrong(`${rule.expected}, at most ${max} characters`, value);
      if (rule.pattern && !rule.pattern.test(value)) return wrong(rule.expected, value);
      const refused = rule.refuse?.(value);
      return refused === undefined ? { value: rule.normalise?.(value) ?? value } : flawed(refused);
    },
    fromText: (text) => text,
    write: (value) => value,
  };
}

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): ValueType<Word> {
  const expected =
    words.length === 1 ? `"${words[0]}"` : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return {
    name: words.map((word) => `\`${word}\``).join(" \\| "),
    schema: { enum: words },
    read(value) {
      const word = words.find((candidate) => candidate === value);
      if (word !== undefined) return { value: word };
      const hint = typeof value === "string" ? didYouMean(value, words) : "";
      return flawed(`expected ${expected}, found ${shown(value)}${hint}`);
    },
    fromText: (text) => text,
    write: (value) => value,
  };
}

/** Reads each item of a list with `item`; the flaws of all of them. */
export function readItems<T>(list: readonly unknown[], item: Pick<ValueType<T>, "read">): Read<T[]> {
  const values: T[] = [];
  const flaws: Flaw[] = [];
  for (const [index, entry] of list.entries()) {
    const read = item.read(entry);
    if ("value" in read) values.push(read.value);
    else flaws.push(...read.flaws.map((flaw) => ({ ...flaw, at: [index, ...flaw.at] })));
  }
  return flaws.length > 0 ? { flaws } : { value: values };
}

/** `a, b,c` → `["a", "b", "c"]`. */
export function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
