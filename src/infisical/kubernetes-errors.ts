import type { Code } from "../codes.ts";
import { BootstrapError } from "../errors.ts";
import { quote, wordsOf, type Answer, type ServerWords } from "./answers.ts";
import { refusal } from "./errors.ts";

/** A row from the server's words to our code; `says` is matched against `error: message`, the first that fits wins. */
interface ReviewRow {
  readonly code: Code;
  readonly says: RegExp;
  /** In our words, before the server's. */
  readonly reason?: string;
}

/** How reaching the API server goes wrong, at attach and at login alike (infisical-api.md 4.3, 4.4, 10.3). */
const REACHING: readonly ReviewRow[] = [
  { code: "ESOB-R105", says: /Local IPs not allowed as URL/ },
  { code: "ESOB-R116", says: /host must only contain|user credentials .* are not allowed|Invalid URL/ },
  {
    code: "ESOB-R107",
    says: /HostNotFound|Failed to resolve|Could not resolve hostname|ENOTFOUND|EAI_AGAIN/,
  },
  { code: "ESOB-R108", says: /ConnectionRefused|Connection refused|ECONNREFUSED/ },
  { code: "ESOB-R109", says: /ConnectionTimeout|timed out|ETIMEDOUT|: canceled|timeout of \d+/ },
  {
    code: "ESOB-R106",
    says: /CertificateError|SSL certificate|altnames|self[- ]signed|issuer certificate|certificate has expired|CA certificate is required/,
  },
  { code: "ESOB-R116", says: /maxContentLength|Kubernetes returned HTTP \d|returned server error: \d/ },
  { code: "ESOB-R116", says: /could not find the requested resource|Route \S+ not found/ },
  {
    code: "ESOB-R116",
    says: /authentication\.k8s\.io "v1" is forbidden/,
    reason: "the path of the address is wrong",
  },
];

/** What the API server said of the reviewer's token. */
const REVIEWING: readonly ReviewRow[] = [
  { code: "ESOB-R103", says: /ReviewerForbidden|tokenreviews\.authentication\.k8s\.io is forbidden/ },
  {
    code: "ESOB-R103",
    says: /auth-delegator|does not have permission to perform TokenReviews|TokenReviewerUnauthorized: Gateway/,
  },
  { code: "ESOB-R102", says: /TokenReviewerUnauthorized/ },
  { code: "ESOB-R102", says: /token reviewer JWT is invalid or expired/i },
];

/** Attach and PATCH, which servers since December 2025 try at once. Other refusals are ours to make: `refusal`. */
export const ATTACH_ROWS: readonly ReviewRow[] = [
  ...REVIEWING,
  ...REACHING,
  { code: "ESOB-R104", says: /^(KubernetesHost\w*|KubernetesConnection\w*|Gateway\w*|TokenReviewer\w*):/ },
  { code: "ESOB-R104", says: /gateway on the legacy|Gateway (pool )?with ID/ },
];

/** POST kubernetes-auth/login. The verdict on ESO's own token comes first: its texts hold words of the other tables. */
export const LOGIN_ROWS: readonly ReviewRow[] = [
  { code: "ESOB-R113", says: /Kubernetes auth method not found/ },
  {
    code: "ESOB-R113",
    says: /Identity not found|[Ii]dentity organization membership/,
    reason: "the identity is gone",
  },
  { code: "ESOB-R110", says: /K8s namespace not allowed/ },
  { code: "ESOB-R111", says: /K8s name not allowed/ },
  { code: "ESOB-R112", says: /K8s audience not allowed/ },
  { code: "ESOB-R112", says: /token audiences \[.*\] is invalid for the target audiences/ },
  {
    code: "ESOB-R114",
    says: /invalid bearer token|has been invalidated|not authenticated|token is required for TokenReview/,
  },
  { code: "ESOB-R114", says: /UsernameParseError|Invalid Kubernetes service account username/ },
  ...REVIEWING,
  { code: "ESOB-R102", says: /TokenReviewRequestError: Unauthorized$/ },
  ...REACHING,
  { code: "ESOB-R104", says: /^(Kubernetes|Gateway)ConnectionError:/ },
  { code: "ESOB-R104", says: /host is required when token review mode|[Gg]ateway .*(not found|required)/ },
  { code: "ESOB-R115", says: /legacy gateway system|Invalid token review mode|Failed to review token/ },
  { code: "ESOB-R115", says: /non-empty string/, reason: "an allowed list has an empty entry" },
];

const findRow = (rows: readonly ReviewRow[], { error, message }: ServerWords) =>
  rows.find(({ says }) => says.test(`${error}: ${message}`));

/** The error for a refused attach or PATCH, or undefined where it has nothing to do with the cluster. */
export function attachRefusal(answer: Answer, doing: string): BootstrapError | undefined {
  const words = wordsOf(answer);
  const row = answer.status >= 500 ? undefined : findRow(ATTACH_ROWS, words);
  return (
    row &&
    new BootstrapError(row.code, {
      message: `Infisical refused to ${doing}.`,
      reason: reasonOf(row, words),
    })
  );
}

/** The error for a refused login as ESO. */
export function loginRefusal(answer: Answer, identityId: string): BootstrapError {
  const words = wordsOf(answer);
  const row = findRow(LOGIN_ROWS, words);
  const message = `Infisical refused ESO's login with the identity ${identityId}.`;
  if (row) return new BootstrapError(row.code, { message, reason: reasonOf(row, words) });
  if (answer.status >= 500)
    return new BootstrapError("ESOB-R115", {
      message,
      reason: `the server hides the cause (HTTP ${answer.status}: ${quote(words)}); usually it cannot reach the API server`,
    });
  // Validation and network rules are the same as for any call; every other word is a failed login.
  const usual = refusal(answer, "let ESO log in");
  const isUsual = usual.code === "ESOB-I112" && words.issues.length > 0;
  return isUsual ? usual : new BootstrapError("ESOB-R115", { message, reason: quote(words) });
}

function reasonOf({ reason }: ReviewRow, words: ServerWords): string {
  return reason === undefined ? quote(words) : `${reason}: ${quote(words)}`;
}
