import type { Invocation } from "./invocation.ts";

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w./:,=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command line as it was typed, with more words behind it: what is told to be run must do the same. */
export const asTyped = ({ typed }: Pick<Invocation, "typed">, ...more: readonly string[]): string =>
  ["eso-bootstrap", ...typed, ...more.filter((word) => !typed.includes(word))].map(quoted).join(" ");

/** The same with one flag's value changed, or added. */
export function typedWith({ typed }: Pick<Invocation, "typed">, flag: string, value: string): string {
  const at = typed.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
  const length = at < 0 ? 0 : typed[at] === flag ? 2 : 1;
  const place = at < 0 ? typed.length : at;
  return ["eso-bootstrap", ...typed.toSpliced(place, length, flag, value)].map(quoted).join(" ");
}
