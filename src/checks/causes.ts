import type { Code } from "../codes.ts";
import { LOGIN_ROWS } from "../infisical/kubernetes-errors.ts";
import { scrub } from "../secret.ts";
import { LIST_ROWS } from "./login/listing.ts";

/** A row from ESO's words to our code; the first that fits wins. */
export interface CauseRow {
  readonly code: Code;
  readonly says: RegExp;
}

/** What ESO itself says (eso.md 5.2, 5.3): matched against the whole event. */
export const STORE_CAUSES: readonly CauseRow[] = [
  { code: "ESOB-S209", says: /from namespace "": an empty namespace|empty namespace may not be set/ },
  {
    code: "ESOB-S213",
    says: /failed to get CA certificate|failed to get caProvider|failed to get cert from (secret|configmap)/i,
  },
  {
    code: "ESOB-S215",
    says: /failed to decode ca bundle|failed to parse the new certificate|not valid pem data/,
  },
  { code: "ESOB-S214", says: /caProvider\.namespace (is required|must be empty)/ },
  {
    code: "ESOB-S203",
    says: /cannot get Kubernetes secret "[^"]*" from namespace|secrets "[^"]*" not found/,
  },
  { code: "ESOB-S204", says: /cannot find secret data for key/ },
  { code: "ESOB-S202", says: /authentication method not found/ },
  { code: "ESOB-S212", says: /open \S*: no such file or directory/ },
  { code: "ESOB-S201", says: /failed to authenticate via universal auth|CallUniversalAuthLogin/ },
  { code: "ESOB-S219", says: /projectSlug and secretsScope\.environmentSlug cannot be empty/ },
  { code: "ESOB-S226", says: /exactly one backend specified/ },
  { code: "ESOB-S224", says: /failed to compile .* namespace regex/ },
  { code: "ESOB-S217", says: /\/api\/api\// },
  { code: "ESOB-S216", says: /unsupported protocol scheme/ },
];

/** What Infisical says to ESO, in `[message="…"]` (infisical-api.md 4.3, 10.4). The verdicts of a login are LOGIN_ROWS. */
export const SERVER_CAUSES: readonly CauseRow[] = [
  { code: "ESOB-R102", says: /^Unauthorized$/ },
  { code: "ESOB-R223", says: /from the current IP address/ },
  { code: "ESOB-I328", says: /number of uses limit/ },
  { code: "ESOB-I326", says: /Your token has expired|TTL expiration/ },
  { code: "ESOB-R225", says: /No identity access token found|revoked access token|access token is revoked/ },
  { code: "ESOB-I110", says: /Rate limit exceeded/i },
  { code: "ESOB-I105", says: /Invalid credentials|No identity with specified client ID/ },
  { code: "ESOB-I106", says: /temporarily locked/ },
  { code: "ESOB-E227", says: /attempting to reference secret/ },
  { code: "ESOB-E105", says: /^Secret (with name .* )?not found/ },
];

/** How ESO fails to speak with Infisical at all. */
export const REACH_CAUSES: readonly CauseRow[] = [
  { code: "ESOB-S230", says: /x509: |failed to verify certificate|tls: / },
  {
    code: "ESOB-S231",
    says: /dial tcp|no such host|connection refused|i\/o timeout|deadline exceeded|connection reset|\bEOF\b|proxyconnect/,
  },
  { code: "ESOB-S232", says: /invalid character '<'|<!DOCTYPE|<html/i },
];

const BY_STATUS: readonly CauseRow[] = [
  { code: "ESOB-I110", says: /\[status-code=429\]/ },
  { code: "ESOB-I111", says: /\[status-code=5\d\d\]/ },
  { code: "ESOB-S232", says: /\[status-code=404\]/ },
];

export interface Cause {
  readonly code: Code;
  /** The telling part of ESO's words, on one line. */
  readonly words: string;
}

/** The cause in the words of a store's event or condition; undefined: words that we do not know. */
export function storeCause(text: string): Cause | undefined {
  const message = /\[message="(.*)"\]/s.exec(text)?.[1];
  const words = oneLine(message ?? text);
  const isLogin = /kubernetes auth|KubernetesAuthLogin/i.test(text);
  const code =
    find(STORE_CAUSES, text) ??
    (message === undefined ? undefined : find(SERVER_CAUSES, message)) ??
    (isLogin && message !== undefined ? loginCause(message) : undefined) ??
    (message !== undefined && !isLogin ? find(LIST_ROWS, message) : undefined) ??
    (message === undefined ? find(REACH_CAUSES, text) : undefined) ??
    find(BY_STATUS, text);
  return code && { code, words };
}

/** ESO's own words hold no `error` of the server: the rows see an empty one. A 500 hides the cause (infisical-api.md 10.3). */
function loginCause(message: string): Code {
  return find(LOGIN_ROWS, `: ${message}`) ?? "ESOB-R115";
}

export const find = (rows: readonly CauseRow[], text: string): Code | undefined =>
  rows.find(({ says }) => says.test(text))?.code;

const LONGEST = 300;

/** On one line, without secrets, not too long for a screen. */
export function oneLine(text: string): string {
  const clean = scrub(text).replaceAll(/\s+/g, " ").trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}
