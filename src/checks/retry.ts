import type { Code } from "../codes.ts";
import type { Check, CheckResult } from "../engine/check.ts";

/**
 * Codes that no waiting mends, though others of their checks may pass: somebody must change what is written in an object, or at
 * Infisical, or what ESO is told to do.
 */
const FINAL: ReadonlySet<Code> = new Set<Code>([
  // How ESO is installed.
  "ESOB-H202",
  "ESOB-H203",
  "ESOB-H204",
  "ESOB-H215",
  "ESOB-H216",
  "ESOB-H217",
  "ESOB-H218",
  "ESOB-H219",
  "ESOB-H227",
  "ESOB-H228",
  "ESOB-H229",
  "ESOB-H230",
  "ESOB-H232",
  "ESOB-H233",
  // What the server shows.
  "ESOB-I301",
  "ESOB-I304",
  "ESOB-I305",
  "ESOB-I306",
  "ESOB-I307",
  // Places, identities and their rights at Infisical.
  "ESOB-I201",
  "ESOB-I202",
  "ESOB-I203",
  "ESOB-I204",
  "ESOB-I328",
  "ESOB-I332",
  "ESOB-R105",
  "ESOB-R106",
  "ESOB-R107",
  "ESOB-R110",
  "ESOB-R111",
  "ESOB-R112",
  "ESOB-R113",
  "ESOB-R114",
  "ESOB-R116",
  "ESOB-R117",
  "ESOB-R118",
  "ESOB-R119",
  "ESOB-R206",
  "ESOB-R207",
  "ESOB-R221",
  "ESOB-R222",
  "ESOB-R223",
  // What a store says.
  "ESOB-S201",
  "ESOB-S202",
  "ESOB-S204",
  "ESOB-S206",
  "ESOB-S207",
  "ESOB-S208",
  "ESOB-S209",
  "ESOB-S211",
  "ESOB-S212",
  "ESOB-S214",
  "ESOB-S215",
  "ESOB-S216",
  "ESOB-S217",
  "ESOB-S218",
  "ESOB-S219",
  "ESOB-S220",
  "ESOB-S224",
  "ESOB-S226",
  "ESOB-S230",
  "ESOB-S232",
  // What an ExternalSecret says, and what is there for it.
  "ESOB-E104",
  "ESOB-E105",
  "ESOB-E203",
  "ESOB-E205",
  "ESOB-E206",
  "ESOB-E207",
  "ESOB-E208",
  "ESOB-E209",
  "ESOB-E210",
  "ESOB-E211",
  "ESOB-E213",
  "ESOB-E214",
  "ESOB-E215",
  "ESOB-E217",
  "ESOB-E220",
  "ESOB-E225",
  "ESOB-E226",
  "ESOB-E227",
  "ESOB-E228",
]);

/** What a restart of the API server, or of what stands before it, looks like. */
export const AWAY: ReadonlySet<Code> = new Set<Code>(["ESOB-K101", "ESOB-K105", "ESOB-K109", "ESOB-K110"]);

/** Whatever check gives them: a system was away or busy. */
const PASSING: ReadonlySet<Code> = new Set<Code>([
  ...AWAY,
  "ESOB-I101",
  "ESOB-I110",
  "ESOB-I111",
  "ESOB-I113",
]);

/** Ids of the troubles among the results that time alone may mend. */
export function passingIds<Context>(
  checks: readonly Check<Context>[],
  results: readonly CheckResult[],
): ReadonlySet<string> {
  const troubles = results.filter(
    ({ status, code }) => (status === "fail" || status === "warn") && !FINAL.has(code),
  );
  const codes = new Map(troubles.map(({ id, code }) => [id, code]));
  const mayPass = ({ id, retry }: Check<Context>) => {
    const code = codes.get(id);
    return code !== undefined && (retry === true || PASSING.has(code));
  };
  return new Set(checks.filter(mayPass).map(({ id }) => id));
}

/** What ESO itself says of stores and ExternalSecrets, as opposed to what is read in them. */
export const isOfEso = ({ category }: CheckResult) => category === "stores" || category === "secrets";
