import type { CheckResult } from "../engine/check.ts";
import { grouped } from "../grouped.ts";
import { checkLines, signOf } from "./human-checks.ts";
import { tally } from "./outcome.ts";
import type { Style } from "./style.ts";
import { count, wrap } from "./text.ts";

export interface ReportTelling {
  /** Each check gets its line. */
  readonly all?: boolean;
  /** Only what is wrong. */
  readonly quiet?: boolean;
  readonly exitCode?: number | undefined;
}

/** The report of `doctor`: categories in which all is well share a line, the others are told in full. */
export function reportLines(
  checks: readonly CheckResult[],
  style: Style,
  { all = false, quiet = false, exitCode }: ReportTelling = {},
): string[] {
  const told = quiet ? checks.filter(isProblem) : checks;
  const lines: string[] = [];
  let well: { titles: string[]; checks: number } = { titles: [], checks: 0 };
  const tellWell = () => {
    if (well.checks > 0) lines.push(...wellLines(well, style));
    well = { titles: [], checks: 0 };
  };
  for (const [category, results] of grouped(told, (result) => result.category)) {
    if (!all && results.every(({ status }) => status === "pass")) {
      well.titles.push(style.text(category));
      well.checks += results.length;
      continue;
    }
    tellWell();
    lines.push(`  ${style.paint("strong", style.text(category))}`, ...categoryLines(results, style, all));
  }
  tellWell();
  return [...lines, ...(lines.length > 0 ? [""] : []), lastLine(checks, style, exitCode)];
}

const isProblem = ({ status }: CheckResult) => status === "fail" || status === "warn";

/** Of one code in one category as many are told; of what only follows from another code, as few. */
const MOST = 10;
const MOST_CONSEQUENCES = 3;

function categoryLines(results: readonly CheckResult[], style: Style, all: boolean): string[] {
  if (all) return checkLines(results, style, "    ");
  const passed = results.filter(({ status }) => status === "pass");
  const others = passed.length < 2 ? results : results.filter(({ status }) => status !== "pass");
  const { told, left } = foremost(others);
  return [
    ...checkLines(told, style, "    "),
    ...left.map(([first, amount]) => {
      const why = first.follows ? `: follow from ${first.follows}` : ` with ${first.code}`;
      return `    ${signOf(first.status, style)} ${count(amount, "other")}${why}  (-v shows all)`;
    }),
    ...(passed.length < 2 ? [] : [`    ${signOf("pass", style)} ${count(passed.length, "other")}`]),
  ];
}

interface Foremost {
  readonly told: readonly CheckResult[];
  /** One of each kind that is too many, and how many more there are. */
  readonly left: readonly (readonly [first: CheckResult, amount: number])[];
}

function foremost(results: readonly CheckResult[]): Foremost {
  const kinds = grouped(
    results.filter(isProblem),
    ({ status, code, follows }) => `${status} ${follows ?? code}`,
  );
  const crowded = kinds.flatMap(([, [first, ...rest]]) => {
    const most = first?.follows ? MOST_CONSEQUENCES : MOST;
    // One that is left over takes no less room than its count.
    return first && rest.length > most ? [{ first, rest: rest.slice(most - 1) }] : [];
  });
  const hidden = new Set(crowded.flatMap(({ rest }) => rest));
  return {
    told: results.filter((result) => !hidden.has(result)),
    left: crowded.map(({ first, rest }) => [first, rest.length]),
  };
}

function wellLines({ titles, checks }: { titles: string[]; checks: number }, style: Style): string[] {
  const text = `${titles.join(` ${style.sign("dot")} `)}   (${count(checks, "check")})`;
  return wrap(text, style.columns - 4).map(
    (line, index) => `  ${index === 0 ? signOf("pass", style) : " "} ${line}`,
  );
}

function lastLine(checks: readonly CheckResult[], style: Style, exitCode: number | undefined): string {
  return [tally(checks).join(", "), ...(exitCode === undefined ? [] : [`exit ${exitCode}`])].join(
    ` ${style.sign("dot")} `,
  );
}
