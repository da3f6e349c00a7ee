/** What differs between runs: times, ids, days, and how wide a column is. */
const VARIES: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22,}\b/g, "ID"],
  [/\b\d{4}-\d\d-\d\d(T[\d:.]+Z)?/g, "DAY"],
  [/\b\d+(\.\d+)?(ms|s|m|h|d)\b/g, "TIME"],
  [/\s+/g, " "],
];

const alike = (line: string) =>
  VARIES.reduce((text, [from, to]) => text.replaceAll(from, to), line)
    .replace(/( TIME)+$/, "")
    .trim();
const lines = (text: string) =>
  text
    .split("\n")
    .map(alike)
    .filter((line) => line !== "");

/**
 * What a page shows and the tool does not say. A line `…` stands for any lines; lines of progress, which a terminal overwrites,
 * do not count.
 */
export function outputTrouble(expected: string | undefined, output: string): string | undefined {
  if (expected === undefined) return undefined;
  const said = lines(output).filter((line) => !line.startsWith("… "));
  let at = 0;
  let mayLeap = false;
  for (const line of lines(expected)) {
    if (line === "…") {
      mayLeap = true;
      continue;
    }
    const found = said.indexOf(line, at);
    if (found === -1 || (found > at && !mayLeap))
      return `does not say, after ${said[at - 1] ?? "nothing"}:\n${line}\nbut:`;
    at = found + 1;
    mayLeap = false;
  }
  return at === said.length || mayLeap ? undefined : `says more than the page shows, from\n${said[at]}\nin:`;
}
