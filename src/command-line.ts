import type { Invocation } from "./invocation.ts";

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w./:,=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command line as it was typed, with more words behind it: what is told to be run must do the same. */
export const asTyped = ({ typed }: Pick<Invocation, "typed">, ...more: readonly string[]): string =>
  ["eso-bootstrap", ...typed, ...more.filter((word) => !typed.includes(word))].map(quoted).join(" ");
