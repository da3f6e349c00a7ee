import { describe, expect, test } from "vitest";
import { find, storeCause } from "../../../src/checks/causes.ts";
import { READY_CAUSES, secretCause } from "../../../src/checks/secrets/causes.ts";
import type { Code } from "../../../src/codes.ts";
import { listSays, loginSays } from "../../helpers/doctor-breaks.ts";
import { allBreakages } from "./all-breakages.ts";

/** A row of the catalogue of ESO's symptoms: the code that its words have, the codes whose breakages it is, or why neither. */
type Row =
  | {
      readonly row: number;
      readonly of: "store" | "secret" | "ready";
      readonly says: string;
      readonly code: Code;
    }
  | { readonly row: number; readonly brokenAs: readonly Code[] }
  | { readonly row: number; readonly because: string };

const store = (row: number, code: Code, says: string): Row => ({ row, of: "store", says, code });
const secret = (row: number, code: Code, says: string): Row => ({ row, of: "secret", says, code });
const ready = (row: number, code: Code, says: string): Row => ({ row, of: "ready", says, code });
const installed = (row: number, ...brokenAs: readonly Code[]): Row => ({ row, brokenAs });
const other = (row: number, because: string): Row => ({ row, because });

const KEY = "error processing spec.data[0] (key: K), err:";

/** The rows of the reference (shared/reference/eso.md 5.1 to 5.4), with its exact texts from 18 on; 1 to 17 are about ESO's installation. */
const ROWS: readonly Row[] = [
  installed(1, "ESOB-H211", "ESOB-H213"),
  other(2, "the words are about a person's own manifests, which no cluster holds; render writes v1 only"),
  other(3, "the answer to CRDs applied by hand from a client; helm, which install uses, annotates nothing"),
  other(
    4,
    "helm's own refusal before anything is there: install tells it (ESOB-H103), doctor finds no trace",
  ),
  installed(5, "ESOB-H221"),
  installed(6, "ESOB-H220", "ESOB-H223"),
  installed(7, "ESOB-H224"),
  installed(8, "ESOB-H225"),
  installed(9, "ESOB-H226"),
  installed(10, "ESOB-H222"),
  installed(11, "ESOB-H224"),
  other(12, "a port that is taken ends the container: ESOB-H206 or H221 quotes the last line of its log"),
  installed(13, "ESOB-H219"),
  installed(14, "ESOB-K203", "ESOB-K204"),
  installed(15, "ESOB-H217"),
  installed(16, "ESOB-H232"),
  installed(17, "ESOB-K201"),
  store(
    18,
    "ESOB-S203",
    'failed to get secret data identityId cannot get Kubernetes secret "X" from namespace "NS": secrets "X" not found',
  ),
  store(
    19,
    "ESOB-S209",
    'cannot get Kubernetes secret "x" from namespace "": an empty namespace may not be set when a resource name is provided',
  ),
  store(
    20,
    "ESOB-S204",
    'failed to get secret data identityId cannot find secret data for key: "identityId"',
  ),
  store(21, "ESOB-S202", "authentication method not found"),
  store(
    22,
    "ESOB-S201",
    'failed to authenticate via universal auth APIError: CallUniversalAuthLogin unsuccessful response [status-code=401] [message="Invalid credentials"]',
  ),
  store(
    23,
    "ESOB-S212",
    "failed to authenticate via kubernetes auth open /var/run/x/token: no such file or directory",
  ),
  store(
    24,
    "ESOB-R113",
    loginSays(404, "Kubernetes auth method not found for identity, did you configure Kubernetes auth?"),
  ),
  store(25, "ESOB-R110", loginSays(401, "Access denied: K8s namespace not allowed.")),
  store(26, "ESOB-R111", loginSays(401, "Access denied: K8s name not allowed.")),
  store(27, "ESOB-R112", loginSays(401, "Access denied: K8s audience not allowed.")),
  store(
    27,
    "ESOB-R112",
    loginSays(401, '[invalid bearer token, token audiences ["a"] is invalid for the target audiences ["b"]]'),
  ),
  store(
    28,
    "ESOB-R102",
    loginSays(
      401,
      "Token reviewer JWT is invalid or expired. Please verify the token reviewer JWT is correct and has not expired.",
    ),
  ),
  store(28, "ESOB-R102", loginSays(401, "Unauthorized")),
  store(
    29,
    "ESOB-R103",
    loginSays(
      401,
      'tokenreviews.authentication.k8s.io is forbidden: User "system:serviceaccount:a:b" cannot create resource "tokenreviews" in API group "authentication.k8s.io" at the cluster scope',
    ),
  ),
  store(30, "ESOB-R114", loginSays(401, "Kubernetes token not authenticated")),
  store(31, "ESOB-R105", loginSays(400, "Local IPs not allowed as URL")),
  store(
    32,
    "ESOB-R109",
    loginSays(
      400,
      "Connection to Kubernetes API server at https://h timed out. Verify network connectivity and firewall rules.",
    ),
  ),
  store(
    32,
    "ESOB-R108",
    loginSays(
      400,
      "Failed to connect to Kubernetes API server at https://h: Connection refused. Verify the host URL and ensure the kubernetes api server is accessible.",
    ),
  ),
  store(
    32,
    "ESOB-R107",
    loginSays(400, "Failed to resolve Kubernetes API server hostname: h. Verify the hostname is correct."),
  ),
  store(
    33,
    "ESOB-R106",
    loginSays(
      400,
      "SSL certificate verification failed for Kubernetes API server at https://h. The server uses a self-signed certificate. Please provide the CA certificate in the configuration.",
    ),
  ),
  store(
    34,
    "ESOB-S230",
    'failed to authenticate via kubernetes auth Post "https://x": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ),
  store(
    35,
    "ESOB-S213",
    "failed to get CA certificate: failed to get cert from secret: failed to resolve secret key ref: cannot get Kubernetes secret",
  ),
  store(35, "ESOB-S213", "failed to get caProvider configMap ca -> ca.crt"),
  store(35, "ESOB-S215", "failed to decode ca bundle: illegal base64 data"),
  store(35, "ESOB-S215", "failed to parse the new certificate, not valid pem data"),
  store(
    36,
    "ESOB-S231",
    'CallKubernetesAuthLogin: unable to complete api request [err=Post "https://x": dial tcp: lookup x: no such host]',
  ),
  store(
    36,
    "ESOB-S216",
    'CallKubernetesAuthLogin: unable to complete api request [err=Post "x/api": unsupported protocol scheme ""]',
  ),
  store(
    37,
    "ESOB-S217",
    'APIError: CallKubernetesAuthLogin unsuccessful response [POST https://x/api/api/v1/auth/kubernetes-auth/login] [status-code=404] [message="Route POST:/api/api/v1 not found"]',
  ),
  store(38, "ESOB-I110", listSays(429, "Rate limit exceeded. Please try again in 12 seconds")),
  store(39, "ESOB-R225", listSays(401, "Failed to authorize revoked access token, access token is revoked")),
  store(40, "ESOB-I201", listSays(404, "Project with slug 'x' not found")),
  store(41, "ESOB-I203", listSays(404, "Folder with path '/x' in environment with slug 'y' not found")),
  store(41, "ESOB-I202", listSays(404, "Environment not found")),
  store(42, "ESOB-R119", listSays(403, "You are not allowed to read on secrets")),
  store(42, "ESOB-I332", listSays(403, "Identity is not a member of the specified project")),
  store(43, "ESOB-I326", listSays(403, "Your token has expired. Please re-authenticate.")),
  store(
    43,
    "ESOB-R223",
    listSays(403, "You are not allowed to access this resource from the current IP address"),
  ),
  store(43, "ESOB-I328", listSays(401, "Unable to renew because access token number of uses limit reached")),
  store(44, "ESOB-I111", listSays(500, "Something went wrong")),
  secret(45, "ESOB-E222", 'ClusterSecretStore "x" is not ready'),
  secret(45, "ESOB-E222", "the desired SecretStore x is not ready"),
  other(46, "not ESO's words: its store is ready again (ESOB-E223, breakages)"),
  secret(47, "ESOB-E202", 'could not get SecretStore "x", secretstores.external-secrets.io "x" not found'),
  secret(
    47,
    "ESOB-E202",
    'could not get ClusterSecretStore "x", clustersecretstores.external-secrets.io "x" not found',
  ),
  secret(
    48,
    "ESOB-E203",
    'using cluster store "x" is not allowed from namespace "n": denied by spec.condition',
  ),
  secret(49, "ESOB-S222", "can not reference unmanaged store"),
  secret(50, "ESOB-E105", `${KEY} Secret does not exist`),
  secret(51, "ESOB-E205", `${KEY} property P does not exist in secret K`),
  other(52, "ESO before 0.19 only; the empty value itself is ESOB-E104 (breakages)"),
  ready(53, "ESOB-E207", "secret retained due to DeletionPolicy=Retain"),
  other(
    54,
    "which of two equal names wins is not to be seen; a store that reads a whole environment is ESOB-S221",
  ),
  ready(55, "ESOB-E213", "secret deleted due to DeletionPolicy=Delete"),
  secret(56, "ESOB-E226", "error processing spec.dataFrom[0].find, err: find by tags not supported"),
  secret(
    57,
    "ESOB-E206",
    "error processing spec.dataFrom[0].extract, err: unable to unmarshal secret K: invalid character '<'",
  ),
  secret(58, "ESOB-E208", "target is owned by another ExternalSecret"),
  secret(58, "ESOB-E208", "failed to take ownership of target secret"),
  secret(59, "ESOB-E209", "could not update secret, target is immutable"),
  ready(60, "ESOB-E210", "secret will not be created due to CreationPolicy=Merge"),
  secret(
    61,
    "ESOB-E211",
    "deletionPolicy=Delete must not be used when the controller doesn't own the secret. Please set creationPolicy=Owner",
  ),
  secret(61, "ESOB-E211", "either data or dataFrom should be specified"),
  secret(61, "ESOB-E211", "duplicate secretKey found: x"),
  other(62, "Argo CD's own comparison: nothing in the cluster says that it is out of sync"),
  other(
    63,
    "pods read variables at their start: needs every pod of a namespace; `restart` in the file does it",
  ),
  other(64, "a pod's own event at its first start; it is over when the ExternalSecret is synced"),
  other(65, "the value in the Secret shows it: ESOB-E214 (breakages)"),
];

const codeOf = (row: Extract<Row, { code: Code }>) => {
  if (row.of === "ready") return find(READY_CAUSES, row.says);
  return (row.of === "store" ? storeCause : secretCause)(row.says)?.code;
};

describe("the catalogue of ESO's symptoms", () => {
  test("has every row from 1 to 65", () => {
    const rows = new Set(ROWS.map(({ row }) => row));
    expect(Array.from({ length: 65 }, (_, index) => index + 1).filter((row) => !rows.has(row))).toEqual([]);
    expect(ROWS.filter((row) => "because" in row && row.because.length < 20)).toEqual([]);
  });

  test("of an installation is broken in a test", async () => {
    const broken = new Set((await allBreakages()).map(({ code }) => code));
    const rows = ROWS.filter((row) => "brokenAs" in row);
    expect(rows.length).toBeGreaterThan(12);
    expect(
      rows.flatMap(({ row, brokenAs }) =>
        brokenAs.filter((code) => !broken.has(code)).map((code) => `${row} ${code}`),
      ),
    ).toEqual([]);
  });

  const withWords = ROWS.filter((row) => "code" in row);
  test.each(withWords.map((row) => [row.row, row.code, row] as const))("row %i is %s", (_row, code, row) => {
    expect(codeOf(row)).toBe(code);
  });

  test("words that nobody knows have no code", () => {
    expect(storeCause("something new")).toBeUndefined();
    expect(secretCause("something new")).toBeUndefined();
  });
});

/** Every string that Infisical answers a login with (shared/reference/infisical-api.md 4.3), as it reaches ESO's event. */
const LOGINS: readonly (readonly [Code, string])[] = [
  ["ESOB-R113", "Kubernetes auth method not found for identity, did you configure Kubernetes auth?"],
  ["ESOB-R115", "Something went wrong"],
  ["ESOB-R113", "Identity organization membership not found"],
  ["ESOB-R113", "Identity organization membership for identity with ID 'X' not found"],
  ["ESOB-R113", "Identity not found"],
  [
    "ESOB-R115",
    "This Kubernetes auth method is attached to a gateway created on the legacy gateway system, which is no longer supported. Deploy a new gateway under Organization Settings > Networking and select it, or remove the gateway to connect directly.",
  ],
  ["ESOB-R104", "Connection details for gateway with ID 'X' not found"],
  ["ESOB-R104", "Gateway ID is required when token review mode is set to Gateway"],
  ["ESOB-R104", "Gateway or Gateway Pool is required when token review mode is set to Gateway"],
  ["ESOB-R104", "Kubernetes host is required when token review mode is set to API"],
  ["ESOB-R115", "Invalid token review mode: X"],
  ["ESOB-R115", "Failed to review token"],
  [
    "ESOB-R106",
    "SSL certificate verification failed for Kubernetes API server at https://h. Verify the CA certificate is correct and the server certificate is valid.",
  ],
  [
    "ESOB-R106",
    "Failed to communicate with Kubernetes API server at https://h: Hostname/IP does not match certificate's altnames: x",
  ],
  [
    "ESOB-R106",
    "Failed to communicate with Kubernetes API server at https://h: unable to get local issuer certificate",
  ],
  ["ESOB-R109", "Failed to communicate with Kubernetes API server at https://h: canceled"],
  [
    "ESOB-R116",
    "Failed to communicate with Kubernetes API server at https://h: maxContentLength size of 65536 exceeded",
  ],
  ["ESOB-R107", "Could not resolve hostname to any IP address"],
  ["ESOB-R116", "URLs with user credentials (e.g., user:pass@) are not allowed"],
  ["ESOB-R107", "getaddrinfo ENOTFOUND h"],
  ["ESOB-R116", "Invalid URL"],
  [
    "ESOB-R103",
    "Token reviewer JWT does not have permission to perform TokenReviews. Ensure the service account has the 'system:auth-delegator' ClusterRole binding.",
  ],
  [
    "ESOB-R103",
    "Gateway service account is not authorized to perform TokenReviews. Verify the gateway has the 'system:auth-delegator' ClusterRole binding.",
  ],
  ["ESOB-R116", "the server could not find the requested resource"],
  ["ESOB-R116", "Kubernetes returned HTTP 502: Bad Gateway"],
  ["ESOB-R116", 'authentication.k8s.io "v1" is forbidden: User "x" cannot create'],
  ["ESOB-R116", "Route POST:/apis/authentication.k8s.io/v1/tokenreviews not found"],
  ["ESOB-R114", "[invalid bearer token, service account token has expired]"],
  ["ESOB-R114", "[invalid bearer token, service account token has been invalidated]"],
  [
    "ESOB-R114",
    'Invalid Kubernetes service account username format: "X". Expected format: system:serviceaccount:<namespace>:<name>',
  ],
  ["ESOB-R115", "An unexpected error occurred during Kubernetes authentication"],
  ["ESOB-R115", "Organization bot not found"],
  ["ESOB-R115", "Sub organization with slug X not found"],
  ["ESOB-R115", "Identity not authorized to access sub organization X"],
  ["ESOB-R115", "Unexpected error during gateway token review"],
];

describe("what Infisical answers to ESO's login", () => {
  test.each(LOGINS)("%s: %s", (code, message) => {
    expect(storeCause(loginSays(401, message))?.code).toBe(code);
  });
});
