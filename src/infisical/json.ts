import { BootstrapError } from "../errors.ts";

/** A JSON object whose fields are read where they are needed. */
export type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of an object; anything else has none. */
export const fieldsOf = (value: unknown): Json => (isObject(value) ? value : {});

/** The elements of a list; anything else has none. */
export const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A string, or undefined. */
export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** A number, or undefined. */
export const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined;

/** A string that an answer cannot do without: ESOB-I117 when the server left it out. */
export function needText(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw incomplete(what);
}

/** A list that an answer cannot do without: a missing one must not read as an empty one. */
export function needItems(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw incomplete(what);
}

function incomplete(what: string): BootstrapError {
  return new BootstrapError("ESOB-I117", {
    message: `Infisical's answer has no ${what}.`,
    reason: "the server, or a proxy before it, answered in a form that is not known",
  });
}
