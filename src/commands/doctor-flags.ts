import { CATEGORIES, type Choice } from "../checks/index.ts";
import { CODES } from "../codes.ts";
import { BootstrapError } from "../errors.ts";
import { parseDuration } from "../inputs/durations.ts";
import { normaliseHost } from "../inputs/host.ts";
import { didYouMean } from "../inputs/nearest.ts";
import type { Invocation } from "../invocation.ts";

/** What doctor's own flags say. */
export interface DoctorFlags extends Choice {
  readonly all: boolean;
  /** Milliseconds to wait for health; undefined: look once. A sync that is newer than the command takes time: --fresh waits, too. */
  readonly waitMs: number | undefined;
  readonly fresh: boolean;
  readonly fix: boolean;
  readonly noSecrets: boolean;
  readonly trustHosts: readonly string[];
  readonly failOnWarning: boolean;
}

const DEFAULT_WAIT_S = 300;

/** Throws ESOB-C104 for a value that no flag knows. */
export function readDoctorFlags({ flags }: Invocation): DoctorFlags {
  return {
    all: flags["allNamespaces"] === true,
    only: wordsOf(flags["only"], "--only"),
    skip: wordsOf(flags["skip"], "--skip"),
    waitMs: waitOf(flags["wait"] ?? flags["fresh"]),
    fresh: flags["fresh"] === true,
    fix: flags["fix"] === true,
    noSecrets: flags["secrets"] === false,
    trustHosts: textsOf(flags["trustHost"]).map((text) => normaliseHost(text, "--trust-host")),
    failOnWarning: failOn(flags["failOn"]),
  };
}

/** Categories in lower case, codes in capitals. */
function wordsOf(value: unknown, flag: string): string[] {
  const known = CATEGORIES.map(({ id }) => id);
  return textsOf(value).map((word) => {
    const code = /^(esob-)?([khirsecl]\d{3})$/i.exec(word)?.[2]?.toUpperCase();
    if (code !== undefined && `ESOB-${code}` in CODES) return `ESOB-${code}`;
    if (known.includes(word.toLowerCase())) return word.toLowerCase();
    throw wrong(
      flag,
      `"${word}" is neither a category nor a code${didYouMean(word, known)}`,
      known.join(", "),
    );
  });
}

function textsOf(value: unknown): string[] {
  return [value]
    .flat()
    .filter((entry) => typeof entry === "string")
    .flatMap((entry) => entry.split(","))
    .map((entry) => entry.trim())
    .filter(Boolean);
}

function waitOf(value: unknown): number | undefined {
  if (value === undefined || value === false) return undefined;
  const [text] = textsOf(value);
  const seconds = text === undefined ? DEFAULT_WAIT_S : parseDuration(text, { days: true });
  if (seconds !== undefined) return seconds * 1000;
  throw wrong("--wait", `"${text}" is no duration`, "90s, 5m");
}

function failOn(value: unknown): boolean {
  if (value === undefined || value === "error") return false;
  if (value === "warning") return true;
  throw wrong("--fail-on", `"${textsOf(value)[0]}" is not known`, "error, warning");
}

function wrong(flag: string, reason: string, known: string): BootstrapError {
  return new BootstrapError("ESOB-C104", {
    message: `${flag} has a value that doctor does not know.`,
    reason,
    fix: { summary: `Give one of: ${known}.` },
  });
}
