import { describe, expect, test } from "vitest";
import {
  ATTACH_ROWS,
  attachRefusal,
  LOGIN_ROWS,
  loginRefusal,
} from "../../../src/infisical/kubernetes-errors.ts";
import { Secret } from "../../../src/secret.ts";
import { startApiServer, type Review } from "./api-server.ts";
import { listenOn } from "./fault-server.ts";
import { failureOf, GENERATIONS, stage } from "./server.ts";
import { createServer } from "node:http";
import type { Generation } from "../../../src/sandbox/infisical/index.ts";

const answer = (status: number, error: string, message: string) =>
  ({ kind: "answer", status, headers: {}, body: { statusCode: status, error, message } }) as const;

const H = "https://k8s.example:6443";
const SA = "system:serviceaccount:external-secrets:infisical-token-reviewer";
const FORBIDDEN = `tokenreviews.authentication.k8s.io is forbidden: User "${SA}" cannot create resource "tokenreviews" in API group "authentication.k8s.io" at the cluster scope`;
const DELEGATOR = "Ensure the service account has the 'system:auth-delegator' ClusterRole binding.";
const AUDIENCES = `[invalid bearer token, token audiences ["infisical"] is invalid for the target audiences ["https://kubernetes.default.svc.cluster.local"]]`;

/** POST kubernetes-auth/login: the rows of infisical-api.md 4.3 and 10.3, one sample each. */
const LOGINS: [string, number, string, string][] = [
  [
    "ESOB-R113",
    404,
    "NotFound",
    "Kubernetes auth method not found for identity, did you configure Kubernetes auth?",
  ],
  ["ESOB-R113", 404, "NotFound", "Identity organization membership for identity with ID 'X' not found"],
  ["ESOB-R113", 401, "UnauthorizedError", "Identity not found"],
  ["ESOB-R115", 500, "InternalServerError", "Something went wrong"],
  [
    "ESOB-R115",
    400,
    "BadRequest",
    "This Kubernetes auth method is attached to a gateway created on the legacy gateway system, which is no longer supported. Deploy a new gateway",
  ],
  ["ESOB-R104", 404, "NotFound", "Gateway with ID 'X' was not found. It was either deleted, or moved."],
  ["ESOB-R104", 404, "NotFound", "Connection details for gateway with ID 'X' not found"],
  ["ESOB-R104", 400, "BadRequest", "Kubernetes host is required when token review mode is set to API"],
  ["ESOB-R104", 400, "BadRequest", "Gateway ID is required when token review mode is set to Gateway"],
  ["ESOB-R115", 400, "BadRequest", "Invalid token review mode: X"],
  [
    "ESOB-R108",
    400,
    "KubernetesConnectionRefused",
    `Failed to connect to Kubernetes API server at ${H}: Connection refused. Verify the host URL and ensure the kubernetes api server is accessible.`,
  ],
  [
    "ESOB-R107",
    400,
    "KubernetesHostNotFound",
    `Failed to resolve Kubernetes API server hostname: ${H}. Verify the hostname is correct.`,
  ],
  [
    "ESOB-R109",
    400,
    "KubernetesConnectionTimeout",
    `Connection to Kubernetes API server at ${H} timed out. Verify network connectivity and firewall rules.`,
  ],
  [
    "ESOB-R106",
    400,
    "KubernetesCertificateError",
    `SSL certificate verification failed for Kubernetes API server at ${H}. The server uses a self-signed certificate. Please provide the CA certificate in the configuration.`,
  ],
  [
    "ESOB-R106",
    400,
    "KubernetesCertificateError",
    `SSL certificate verification failed for Kubernetes API server at ${H}. Verify the CA certificate is correct and the server certificate is valid.`,
  ],
  [
    "ESOB-R106",
    400,
    "KubernetesConnectionError",
    `Failed to communicate with Kubernetes API server at ${H}: Hostname/IP does not match certificate's altnames: Host: k8s.example. is not in the cert's altnames`,
  ],
  [
    "ESOB-R106",
    400,
    "KubernetesConnectionError",
    `Failed to communicate with Kubernetes API server at ${H}: unable to get local issuer certificate`,
  ],
  [
    "ESOB-R109",
    400,
    "KubernetesConnectionError",
    `Failed to communicate with Kubernetes API server at ${H}: canceled`,
  ],
  [
    "ESOB-R116",
    400,
    "KubernetesConnectionError",
    `Failed to communicate with Kubernetes API server at ${H}: maxContentLength size of 65536 exceeded`,
  ],
  [
    "ESOB-R104",
    400,
    "KubernetesConnectionError",
    `Failed to communicate with Kubernetes API server at ${H}: socket hang up`,
  ],
  [
    "ESOB-R108",
    400,
    "GatewayConnectionRefused",
    `Failed to connect to gateway proxy at ${H}: Connection refused.`,
  ],
  [
    "ESOB-R104",
    400,
    "GatewayConnectionError",
    `Failed to communicate with gateway proxy at ${H}: socket hang up`,
  ],
  ["ESOB-R105", 400, "BadRequest", "Local IPs not allowed as URL"],
  ["ESOB-R107", 400, "BadRequest", "Could not resolve hostname to any IP address"],
  ["ESOB-R116", 400, "BadRequest", "URLs with user credentials (e.g., user:pass@) are not allowed"],
  ["ESOB-R107", 400, "KubernetesTokenReviewError", "getaddrinfo ENOTFOUND k8s.example"],
  ["ESOB-R116", 400, "KubernetesTokenReviewError", "Invalid URL"],
  ["ESOB-R102", 401, "KubernetesTokenReviewerUnauthorized", "Unauthorized"],
  [
    "ESOB-R102",
    401,
    "KubernetesTokenReviewerUnauthorized",
    "Token reviewer JWT is invalid or expired. Please verify the token reviewer JWT is correct and has not expired.",
  ],
  ["ESOB-R102", 401, "KubernetesTokenReviewRequestError", "Unauthorized"],
  ["ESOB-R103", 401, "KubernetesTokenReviewerForbidden", FORBIDDEN],
  ["ESOB-R103", 401, "KubernetesTokenReviewRequestError", FORBIDDEN],
  [
    "ESOB-R103",
    401,
    "KubernetesTokenReviewerForbidden",
    `Token reviewer JWT does not have permission to perform TokenReviews. ${DELEGATOR}`,
  ],
  [
    "ESOB-R103",
    401,
    "GatewayTokenReviewerUnauthorized",
    "Gateway service account is not authorized to perform TokenReviews. Verify the gateway has the 'system:auth-delegator' ClusterRole binding.",
  ],
  [
    "ESOB-R103",
    401,
    "GatewayTokenReviewerForbidden",
    `Gateway service account does not have permission to perform TokenReviews. ${DELEGATOR}`,
  ],
  ["ESOB-R116", 401, "KubernetesTokenReviewRequestError", "the server could not find the requested resource"],
  [
    "ESOB-R116",
    401,
    "KubernetesTokenReviewRequestError",
    `authentication.k8s.io "v1" is forbidden: User "${SA}" cannot create`,
  ],
  [
    "ESOB-R116",
    401,
    "KubernetesTokenReviewRequestError",
    "Route POST:/apis/authentication.k8s.io/v1/tokenreviews not found",
  ],
  [
    "ESOB-R116",
    400,
    "KubernetesTokenReviewRequestError",
    "Kubernetes returned HTTP 503: Service Unavailable",
  ],
  [
    "ESOB-R114",
    401,
    "KubernetesTokenReviewRequestError",
    "token is required for TokenReview in authentication",
  ],
  ["ESOB-R114", 401, "KubernetesTokenReviewError", "invalid bearer token"],
  [
    "ESOB-R114",
    401,
    "KubernetesTokenReviewError",
    "[invalid bearer token, service account token has expired]",
  ],
  [
    "ESOB-R114",
    401,
    "KubernetesTokenReviewError",
    `[invalid bearer token, serviceaccounts "external-secrets" not found]`,
  ],
  [
    "ESOB-R114",
    401,
    "KubernetesTokenReviewError",
    "[invalid bearer token, invalid signature, no keys found]",
  ],
  ["ESOB-R114", 401, "KubernetesTokenReviewError", "service account token has been invalidated"],
  ["ESOB-R114", 401, "KubernetesTokenReviewError", "Kubernetes token not authenticated"],
  ["ESOB-R112", 401, "KubernetesTokenReviewError", AUDIENCES],
  [
    "ESOB-R114",
    400,
    "KubernetesUsernameParseError",
    `Invalid Kubernetes service account username format: "admin". Expected format: system:serviceaccount:<namespace>:<name>`,
  ],
  ["ESOB-R110", 401, "UnauthorizedError", "Access denied: K8s namespace not allowed."],
  ["ESOB-R111", 401, "UnauthorizedError", "Access denied: K8s name not allowed."],
  ["ESOB-R112", 401, "UnauthorizedError", "Access denied: K8s audience not allowed."],
  ["ESOB-R115", 400, "KubernetesAuthLoginError", "Expected pattern to be a non-empty string"],
  [
    "ESOB-R115",
    400,
    "KubernetesAuthLoginError",
    "An unexpected error occurred during Kubernetes authentication",
  ],
];

test.each(LOGINS)("login %s: %i %s %s", (code, status, error, message) => {
  expect(loginRefusal(answer(status, error, message), "id").code).toBe(code);
});

/** POST and PATCH of Kubernetes Auth on servers that try it at once (4.3, last table). */
const ATTACHES: [string | undefined, number, string, string][] = [
  [
    "ESOB-R108",
    400,
    "KubernetesHostConnectionRefused",
    `Failed to connect to Kubernetes host at ${H}: Connection refused. Verify the host URL`,
  ],
  [
    "ESOB-R107",
    400,
    "KubernetesHostHostNotFound",
    `Failed to resolve Kubernetes host hostname: ${H}. Verify the hostname is correct.`,
  ],
  [
    "ESOB-R107",
    400,
    "KubernetesHostConnectionError",
    `Failed to connect to Kubernetes host at ${H}: queryA ENOTFOUND k8s.example`,
  ],
  ["ESOB-R109", 400, "KubernetesHostConnectionTimeout", `Connection to Kubernetes host at ${H} timed out.`],
  [
    "ESOB-R106",
    400,
    "KubernetesHostCertificateError",
    `SSL certificate verification failed for Kubernetes host at ${H}.`,
  ],
  [
    "ESOB-R105",
    400,
    "KubernetesHostConnectionError",
    `Failed to connect to Kubernetes host at ${H}: Local IPs not allowed as URL`,
  ],
  [
    "ESOB-R116",
    400,
    "KubernetesHostConnectionError",
    `Failed to connect to Kubernetes host at ${H}: Invalid URL`,
  ],
  [
    "ESOB-R116",
    400,
    "KubernetesHostConnectionError",
    "Kubernetes API returned server error: 503 - Service Unavailable",
  ],
  [
    "ESOB-R104",
    400,
    "KubernetesHostConnectionError",
    `Failed to connect to Kubernetes host at ${H}: socket hang up`,
  ],
  [
    "ESOB-R104",
    400,
    "GatewayConnectionError",
    "Failed to connect to Kubernetes through gateway: socket hang up",
  ],
  [
    "ESOB-R102",
    400,
    "TokenReviewerPermissionError",
    "The token reviewer JWT is invalid or expired. Please provide a valid service account token with TokenReview permissions.",
  ],
  [
    "ESOB-R103",
    400,
    "TokenReviewerPermissionError",
    `Token reviewer lacks required permissions: ${FORBIDDEN}. ${DELEGATOR}`,
  ],
  ["ESOB-R103", 400, "TokenReviewerPermissionError", `${FORBIDDEN}. ${DELEGATOR}`],
  ["ESOB-R104", 400, "TokenReviewerPermissionError", "Unexpected response from Kubernetes API: 418 - teapot"],
  [
    "ESOB-R109",
    400,
    "TokenReviewerPermissionError",
    "Failed to validate token reviewer permissions: timeout of 10000ms exceeded",
  ],
  [
    "ESOB-R103",
    400,
    "GatewayTokenReviewPermissionError",
    `Gateway service account does not have permission to perform TokenReviews.. ${DELEGATOR}`,
  ],
  ["ESOB-R104", 404, "NotFound", "Gateway with ID X not found"],
  [
    "ESOB-R106",
    400,
    "BadRequest",
    "A CA certificate is required when TLS certificate verification is enabled. Either paste the Kubernetes API server's CA certificate or disable verification.",
  ],
  [undefined, 400, "BadRequest", "Access token TTL cannot be greater than max TTL"],
  [undefined, 404, "NotFound", "Failed to find identity with ID X"],
  [undefined, 403, "PermissionDenied", "You are not allowed to edit-auth on identity"],
  [undefined, 500, "Create", "Something went wrong"],
];

test.each(ATTACHES)("attach %s: %i %s %s", (code, status, error, message) => {
  expect(attachRefusal(answer(status, error, message), "attach it")?.code).toBe(code);
});

test("every row of the tables has a sample", () => {
  const rowOf = (rows: typeof LOGIN_ROWS, [, , error, message]: (typeof ATTACHES)[number]) =>
    rows.find(({ says }) => says.test(`${error}: ${message}`));
  const hit = new Set([
    ...LOGINS.map((sample) => rowOf(LOGIN_ROWS, sample)),
    ...ATTACHES.map((sample) => rowOf(ATTACH_ROWS, sample)),
  ]);
  expect([...LOGIN_ROWS, ...ATTACH_ROWS].filter((row) => !hit.has(row))).toEqual([]);
});

const AUTH = {
  ca: "",
  allowedNamespaces: "external-secrets",
  allowedNames: "external-secrets",
  allowedAudience: "",
  accessTokenTtl: 600,
  accessTokenMaxTtl: 600,
  accessTokenUses: 0,
  reviewer: new Secret("re.view.er"),
};
const JWT = new Secret("eso.jwt.token");

/** An identity with Kubernetes Auth that asks `host`, a member of `shop` that may read `/shop` in prod. */
async function ready(generation: Generation, host: string, role: "reader" | "no-access" = "reader") {
  const whole = await stage(generation);
  const { server } = whole;
  const { id } = server.createIdentity({ name: "eso" });
  const action = generation === "2026" ? ["describeSecret", "readValue"] : ["read"];
  const conditions = { environment: { $eq: "prod" }, secretPath: { $glob: "/shop/**" } };
  server.createRole("shop", "reader", [{ subject: "secrets", action, conditions, inverted: false }]);
  server.addMember("shop", id, role);
  server.setSecret("shop", "prod", "/shop", "DB_HOST", "hush-hush");
  server.setSecret("shop", "prod", "/shop/api", "KEY", "hush-hush");
  server.attachKubernetesAuth(id, {
    kubernetesHost: host,
    tokenReviewerJwt: "re.view.er",
    allowedNamespaces: AUTH.allowedNamespaces,
    allowedNames: AUTH.allowedNames,
  });
  return { ...whole, id };
}

describe.each(GENERATIONS)("as ESO on a server of %s", (generation) => {
  const place = { projectSlug: "shop", environment: "prod", path: "/shop", recursive: false };

  test("lists the names of its scope, is refused elsewhere, and revokes", async () => {
    const { infisical, server, id, writes } = await ready(generation, await startApiServer());
    const eso = await infisical.loginAsEso(id, JWT);
    expect(await eso.list(place)).toEqual({ allowed: true, names: ["DB_HOST"] });
    const below = await eso.list({ ...place, recursive: true });
    expect(below.allowed && below.names.toSorted()).toEqual(["DB_HOST", "KEY"]);
    for (const other of [{ path: "/" }, { environment: "dev" }, { path: "/", recursive: true }]) {
      const refused = await eso.list({ ...place, ...other });
      expect(refused.allowed ? "allowed" : refused.reason).toMatch(/not allowed to/);
    }
    expect((await eso.list({ ...place, projectSlug: "nowhere" })).allowed).toBe(false);
    await eso.revoke();
    expect((await failureOf(eso.list(place))).code).toBe("ESOB-I107");
    expect(writes()).toBe(0);
    expect(server.log.sawToken("eso.jwt.token").map(({ where }) => where)).toEqual(["body.jwt"]);
  });

  test("an identity without rights is refused, also recursively", async () => {
    const { infisical, id } = await ready(generation, await startApiServer(), "no-access");
    const eso = await infisical.loginAsEso(id, JWT);
    expect((await eso.list(place)).allowed).toBe(false);
    expect((await eso.list({ ...place, recursive: true })).allowed).toBe(false);
  });

  test.each<[string, Review]>([
    ["ESOB-R102", { status: 401, body: { message: "Unauthorized" } }],
    ["ESOB-R103", { status: 403, body: { message: FORBIDDEN } }],
    [
      "ESOB-R114",
      { body: { status: { error: "[invalid bearer token, service account token has expired]" } } },
    ],
    [
      "ESOB-R110",
      {
        body: {
          status: { authenticated: true, user: { username: "system:serviceaccount:other:external-secrets" } },
        },
      },
    ],
    [
      "ESOB-R111",
      {
        body: {
          status: { authenticated: true, user: { username: "system:serviceaccount:external-secrets:x" } },
        },
      },
    ],
  ])("%s when the API server says so", async (code, review) => {
    const { infisical, id } = await ready(generation, await startApiServer(review));
    expect((await failureOf(infisical.loginAsEso(id, JWT))).code).toBe(code);
  });

  test("nobody at the API server's address", async () => {
    const { infisical, id, server } = await ready(generation, "http://127.0.0.1:1");
    const error = await failureOf(infisical.loginAsEso(id, JWT));
    const [code, reason] =
      generation === "2026" ? ["ESOB-R108", "Connection refused"] : ["ESOB-R115", "hides the cause"];
    expect([error.code, error.reason]).toEqual([code, expect.stringContaining(reason)]);
    expect((await failureOf(infisical.loginAsEso("eso", JWT))).code).toBe("ESOB-R113");
    expect(server.log.entries.filter(({ path }) => path.endsWith("kubernetes-auth/login"))).toHaveLength(1);
    const without = server.createIdentity({ name: "none" });
    expect((await failureOf(infisical.loginAsEso(without.id, JWT))).code).toBe("ESOB-R113");
  });

  test("a silent API server: the login ends without an answer, Infisical itself answers", async () => {
    const { server, id, open } = await ready(generation, await startApiServer());
    server.faults.add({ kind: "silence", match: { path: /kubernetes-auth\/login/ } });
    const error = await failureOf(open({ timeoutMs: 100 }).loginAsEso(id, JWT));
    expect([error.code, error.reason]).toEqual([
      "ESOB-R109",
      expect.stringContaining("Infisical answers otherwise"),
    ]);
    server.faults.clear();
    server.faults.add({ kind: "reset", match: { path: /./ } });
    expect((await failureOf(open().loginAsEso(id, JWT))).code).toBe("ESOB-I101");
  });
});

test("names without values are no reading", async () => {
  const { infisical, id, server } = await ready("2026", await startApiServer());
  const eso = await infisical.loginAsEso(id, JWT);
  const secrets = [{ secretKey: "DB_HOST", secretValue: "<hidden-by-infisical>", secretValueHidden: true }];
  server.faults.add({ kind: "json", status: 200, body: { secrets }, match: { path: /secrets\/raw/ } });
  const place = { projectSlug: "shop", environment: "prod", path: "/shop", recursive: false };
  expect(await eso.list(place)).toEqual({ allowed: false, reason: "names may be read, but not values" });
});

describe("attaching on a server that tries it at once", () => {
  test.each<[string, Review]>([
    ["ESOB-R102", { status: 401, body: { message: "Unauthorized" } }],
    ["ESOB-R103", { status: 403, body: { message: FORBIDDEN } }],
  ])("%s when the reviewer is not accepted", async (code, review) => {
    const { infisical, server } = await stage("2026");
    const { id } = server.createIdentity({ name: "eso" });
    const host = await startApiServer(review);
    const error = await failureOf(infisical.attachKubernetesAuth(id, { ...AUTH, host }));
    expect(error.code).toBe(code);
    expect(await infisical.findKubernetesAuth(id)).toBeUndefined();
  });

  test("a refused connection, a private address, and a token that is kept when a new one is refused", async () => {
    const { infisical, server } = await stage("2026");
    const { id } = server.createIdentity({ name: "eso" });
    const refused = infisical.attachKubernetesAuth(id, { ...AUTH, host: "http://127.0.0.1:1" });
    expect((await failureOf(refused)).code).toBe("ESOB-R108");
    const guarded = await stage("2026", { server: { allowInternalIps: false } });
    const other = guarded.server.createIdentity({ name: "eso" });
    const host = await startApiServer();
    const attached = guarded.infisical.attachKubernetesAuth(other.id, { ...AUTH, host });
    expect((await failureOf(attached)).code).toBe("ESOB-R105");
    await infisical.attachKubernetesAuth(id, { ...AUTH, host });
    await infisical.updateKubernetesAuth(id, { reviewer: null });
    expect((await infisical.findKubernetesAuth(id))?.reviewer).toBeUndefined();
    await infisical.updateKubernetesAuth(id, {});
    const silent = await listenOn(createServer((request) => request.socket.destroy()));
    expect((await failureOf(infisical.updateKubernetesAuth(id, { host: silent }))).code).toMatch(
      /^ESOB-R10[489]$/,
    );
  });

  test("ESO may review itself: no reviewer token is stored", async () => {
    const { infisical, server } = await stage("2026");
    const { id } = server.createIdentity({ name: "eso" });
    await infisical.attachKubernetesAuth(id, { ...AUTH, reviewer: null, host: await startApiServer() });
    expect((await infisical.findKubernetesAuth(id))?.reviewer).toBeUndefined();
  });

  test("what the server stored otherwise is said, by field and without a value", async () => {
    const { infisical, server } = await stage("2026");
    const { id } = server.createIdentity({ name: "eso" });
    const stored = { identityKubernetesAuth: { kubernetesHost: "https://x", tokenReviewerJwt: "other" } };
    server.faults.add({
      kind: "json",
      status: 200,
      body: stored,
      match: { method: "GET", path: /kubernetes-auth/ },
    });
    const error = await failureOf(
      infisical.attachKubernetesAuth(id, { ...AUTH, host: await startApiServer() }),
    );
    expect(error.reason).toBe(
      "it differs in: host, allowedNamespaces, allowedNames, accessTokenTtl, accessTokenMaxTtl, reviewer token",
    );
  });
});
