import type { Code } from "../codes.ts";
import { BootstrapError, type Fix } from "../errors.ts";
import { scrub } from "../secret.ts";
import type { RunResult } from "../system/system.ts";

const TIMED_OUT = 124;
/** Enough to see what helm was at, few enough for a screen. */
const LAST_LINES = 6;
/** An API server may answer with all that it was sent, and helm with all that it was answered: a release is a megabyte. */
const LONGEST = 500;

/**
 * What helm says, and which of our codes that is. Helm has no exit codes of its own, so its words are all there is;
 * `test/unit/helm/errors.test.ts` holds samples of Helm 3.17.3 and 4.1.4.
 */
const WORDS: readonly (readonly [RegExp, Code, string])[] = [
  [/context ".*" does not exist/, "ESOB-L102", "The kubeconfig that Helm reads has no such context."],
  [
    /\bUnauthorized\b|must be logged in|asked for the client to provide credentials/,
    "ESOB-K102",
    "The API server did not accept Helm.",
  ],
  [/kubernetes cluster unreachable/i, "ESOB-K101", "Helm cannot reach the API server."],
  [/\bis forbidden: User\b/, "ESOB-K104", "Helm lacks rights in the cluster."],
  [
    /is not a valid chart repository or cannot be reached/,
    "ESOB-H105",
    "The chart repository cannot be read.",
  ],
  [/chart .* not found in .* repository/, "ESOB-H105", "The repository has no such chart or version."],
  [
    /path ".*" not found|Chart\.yaml file is missing|unable to detect chart/,
    "ESOB-H105",
    "There is no chart at that path.",
  ],
  [
    /in form of repo_name\/path_to_chart|^Error: (\w+ FAILED: )?repo \S+ not found/m,
    "ESOB-H105",
    "Helm knows no such chart.",
  ],
  [
    /failed to (fetch|download)|FetchReference|failed to do request: Head|\/v2\/.*\/(tags|manifests)\//,
    "ESOB-H105",
    "The chart cannot be fetched.",
  ],
];

const FIX: Partial<Record<Code, Fix>> = {
  "ESOB-H105": {
    summary: "Check the network and the chart's name and version, or name a local chart with eso.chart.",
  },
};

/** Turns a helm that failed into an error; `doing` completes "helm failed to …". */
export function helmError(result: RunResult, doing: string): BootstrapError {
  const lines = lastLines(result.stderr);
  const reason = lines.at(-1)?.replace(/^Error: /, "") ?? `it ended with exit code ${result.exitCode}`;
  const facts = lines.length > 1 ? { facts: { "helm said": lines.join("\n") } } : {};
  if (result.exitCode === TIMED_OUT)
    return new BootstrapError("ESOB-C206", { message: `helm did not ${doing} in time.`, reason, ...facts });
  const known = WORDS.find(([words]) => words.test(result.stderr));
  if (!known)
    return new BootstrapError("ESOB-H103", { message: `helm failed to ${doing}.`, reason, ...facts });
  const [, code, message] = known;
  const fix = FIX[code];
  return new BootstrapError(code, { message, reason, ...(fix && { fix }), ...facts });
}

/** Helm warns on every call about a kubeconfig that others may read; that is not why it failed. */
function lastLines(stderr: string): string[] {
  return scrub(stderr)
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !line.startsWith("WARNING: Kubernetes configuration file"))
    .slice(-LAST_LINES)
    .map((line) => (line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line));
}

export function helmMissing(): BootstrapError {
  return new BootstrapError("ESOB-H101", {
    message: "helm is not installed, or not in PATH.",
    reason: "ESO is installed with Helm",
  });
}

export function helmTooOld(found: string, wanted: string): BootstrapError {
  return new BootstrapError("ESOB-H102", {
    message: `helm ${found} is too old; ${wanted} or newer is needed.`,
    reason: "older ones cannot label a release, so we could not tell ours from others",
  });
}
