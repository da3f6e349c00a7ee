import type { Code } from "../codes.ts";
import { BootstrapError, type ErrorDetails } from "../errors.ts";
import { quote, wordsOf, type Answer, type ServerWords } from "./answers.ts";
import type { Exchange } from "./http.ts";

/** A row of a table from the server's words to our code; the first that fits wins. */
interface Row {
  readonly code: Code;
  readonly status?: readonly number[];
  /** Matched against `error: message`, as the server sent them. */
  readonly says?: RegExp;
  /** Why, in our words; default: the server's. */
  readonly reason?: string;
}

/**
 * What a refused call of the operator means (infisical-api.md: general behaviour, 1.1, 1.3, 1.5 to 1.7, 10.4). The status
 * alone does not tell: an expired token is 403, an invalid body 401 on servers of 2024, an unknown client id 404.
 */
export const REFUSALS: readonly Row[] = [
  { code: "ESOB-I114", says: /from the current IP address/ },
  { code: "ESOB-I112", status: [401, 422], says: /^ValidationFailure/ },
  { code: "ESOB-I107", says: /Your token has expired|TTL expiration/ },
  { code: "ESOB-I107", says: /No identity access token found|access token is revoked|number of uses limit/ },
  { code: "ESOB-I108", says: /invalid signature|signed with an invalid algorithm/ },
  { code: "ESOB-I105", says: /access token is malformed|jwt signature is required/ },
  { code: "ESOB-I106", says: /temporarily locked/ },
  { code: "ESOB-I105", says: /Invalid credentials|No identity with specified client ID/ },
  { code: "ESOB-I105", says: /expired client secret|client secret usage limit/ },
  { code: "ESOB-I104", status: [401], says: /Token missing/ },
  {
    code: "ESOB-I115",
    status: [400, 403],
    says: /plan (RBAC )?restriction|current plan does not|limit reached\. Upgrade|Upgrade (to|your) .*plan/i,
  },
  {
    code: "ESOB-I118",
    status: [403],
    says: /Forbidden access to/,
    reason: "the route does not take this kind of token",
  },
  { code: "ESOB-I109", status: [403] },
  { code: "ESOB-I105", status: [401] },
  { code: "ESOB-I111", status: [500, 501, 502, 503, 504] },
  { code: "ESOB-I112" },
];

const fits = (row: Row, status: number, said: string) =>
  (row.status?.includes(status) ?? true) && (row.says?.test(said) ?? true);

/** The error for an answer that refuses a call. `doing`: what was being done, as "create the role shop-read". */
export function refusal(answer: Answer, doing: string): BootstrapError {
  const words = wordsOf(answer);
  const said = `${words.error}: ${words.message}`;
  const row = REFUSALS.find((one) => fits(one, answer.status, said));
  const code = row?.code ?? "ESOB-I111";
  return new BootstrapError(code, describe(code, words, answer.status, doing, row?.reason));
}

function describe(
  code: Code,
  words: ServerWords,
  status: number,
  doing: string,
  reason: string | undefined,
): ErrorDetails {
  const quoted = quote(words);
  const facts = words.requestId === undefined ? {} : { facts: { "Request id": words.requestId } };
  const why = reason === undefined ? quoted : `${reason}: ${quoted}`;
  if (code === "ESOB-I109")
    return { message: `Infisical does not allow us to ${doing}.`, reason: why, ...right(words) };
  if (code === "ESOB-I111")
    return { message: `Infisical could not ${doing}: HTTP ${status}.`, reason: why, ...facts };
  return { message: `Infisical refused to ${doing}.`, reason: why, ...facts };
}

/** `You are not allowed to <action> on <subject>`, and the suffix of the newer privilege system. */
function right({ message }: ServerWords): Pick<ErrorDetails, "fix"> {
  const [, action, subject] =
    /not allowed to ([\w-]+) on ([\w-]+)/.exec(message) ??
    /Missing permission ([\w-]+) on ([\w-]+)/.exec(message) ??
    [];
  if (!action || !subject) return {};
  return { fix: { summary: `Give the operator's identity the right "${action}" on "${subject}".` } };
}

type Failed = Exclude<Exchange, { kind: "answer" }>;

/** The error for a call that got no answer of Infisical's API. Only a text is kept of the cause: no request, no header. */
export function failure(failed: Failed, host: string, doing: string): BootstrapError {
  switch (failed.kind) {
    case "unreachable":
      return failed.why === "tls"
        ? new BootstrapError("ESOB-I102", {
            message: `The certificate of ${host} is not trusted.`,
            reason: failed.reason,
          })
        : new BootstrapError("ESOB-I101", {
            message: `Infisical cannot be reached at ${host}.`,
            reason: failed.reason,
          });
    case "foreign":
      return new BootstrapError("ESOB-I103", {
        message: `${host} does not answer as Infisical's API.`,
        reason: failed.location
          ? `HTTP ${failed.status}, a redirect to ${originOf(failed.location)}`
          : `HTTP ${failed.status} with ${failed.contentType || "no content type"}, while trying to ${doing}`,
      });
    case "lost":
      return new BootstrapError(LOST_CODE[failed.why], {
        message: LOST_TEXT[failed.why](host, doing),
        reason: failed.reason,
      });
  }
}

const LOST_CODE = {
  timeout: "ESOB-I113",
  truncated: "ESOB-I117",
  gateway: "ESOB-I111",
  reset: "ESOB-I101",
} as const satisfies Record<string, Code>;

const LOST_TEXT = {
  timeout: (host: string, doing: string) => `${host} did not answer in time when asked to ${doing}.`,
  truncated: (host: string, doing: string) => `The answer of ${host} is unusable when asked to ${doing}.`,
  gateway: (host: string, doing: string) => `Infisical at ${host} could not ${doing}.`,
  reset: (host: string, doing: string) => `The connection to ${host} broke when asked to ${doing}.`,
} as const;

/** A query may hold anything: only where it leads is said. */
function originOf(location: string): string {
  return URL.canParse(location) ? new URL(location).origin : "another page";
}

/** The rate limit did not clear within the time we are willing to wait. */
export function rateLimited(doing: string, seconds: number, waited: number): BootstrapError {
  return new BootstrapError("ESOB-I110", {
    message: `Infisical's rate limit stops us from trying to ${doing}.`,
    reason: `it asks to wait ${seconds} s more${waited > 0 ? `, after ${waited} s of waiting` : ""}`,
  });
}
