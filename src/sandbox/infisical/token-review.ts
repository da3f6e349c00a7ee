/**
 * Kubernetes Auth login: a real TokenReview, and what each of its outcomes is called (infisical-api.md 4.2, 4.3, 10.3).
 */

import { sendToCluster, ClusterTimeout, type ClusterResponse } from "./cluster-request.ts";
import { ApiError, DroppedConnection, badRequest, serverError, unauthorized } from "./errors.ts";
import { matchesGlob } from "./glob.ts";
import { requireAllowedHost } from "./host-guard.ts";
import type { KubernetesAuth } from "./types.ts";
import type { World } from "./world.ts";

const reviewPath = "/apis/authentication.k8s.io/v1/tokenreviews";

/** `authentication.k8s.io/v1` TokenReview status, as far as it is read. */
interface ReviewStatus {
  readonly error?: unknown;
  readonly authenticated?: unknown;
  readonly audiences?: unknown;
  readonly user?: { readonly username?: unknown };
}

/** From E5 on a host without a scheme is https; before, the text is used as it is. */
export const baseUrl = (world: World, host: string): string =>
  world.era.validatesOnAttach && !/^https?:\/\//u.test(host) ? `https://${host}` : host;

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const selfSigned = new Set(["SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT"]);
const badCertificate = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
]);

/** The sentence of a network failure; `label` and `prefix` differ between login and attach (4.3). */
export function describeNetworkError(
  error: unknown,
  prefix: "Kubernetes" | "KubernetesHost",
  label: string,
  host: string,
): ApiError {
  const code = codeOf(error);
  const at = `${label} at ${host}`;
  if (code === "ECONNREFUSED") {
    return badRequest(
      `Failed to connect to ${at}: Connection refused. Verify the host URL and ensure the kubernetes api server is accessible.`,
      `${prefix}ConnectionRefused`,
    );
  }
  if (code === "ENOTFOUND") {
    return badRequest(
      `Failed to resolve ${label} hostname: ${host}. Verify the hostname is correct.`,
      `${prefix}HostNotFound`,
    );
  }
  if (code === "ETIMEDOUT") {
    return badRequest(
      `Connection to ${at} timed out. Verify network connectivity and firewall rules.`,
      `${prefix}ConnectionTimeout`,
    );
  }
  if (selfSigned.has(code)) {
    return badRequest(
      `SSL certificate verification failed for ${at}. The server uses a self-signed certificate. Please provide the CA certificate in the configuration.`,
      `${prefix}CertificateError`,
    );
  }
  if (badCertificate.has(code)) {
    return badRequest(
      `SSL certificate verification failed for ${at}. Verify the CA certificate is correct and the server certificate is valid.`,
      `${prefix}CertificateError`,
    );
  }
  const verb = prefix === "Kubernetes" ? "Failed to communicate with" : "Failed to connect to";
  return badRequest(`${verb} ${at}: ${messageOf(error)}`, `${prefix}ConnectionError`);
}

function networkFailure(world: World, error: unknown, host: string): Error {
  if (error instanceof ApiError) return error;
  if (!world.era.describesLoginErrors) {
    return error instanceof ClusterTimeout ? new DroppedConnection("socket hang up") : serverError();
  }
  return describeNetworkError(error, "Kubernetes", "Kubernetes API server", host);
}

async function requireReachableByGuard(world: World, url: string): Promise<void> {
  if (!world.era.validatesOnAttach) return;
  try {
    await requireAllowedHost(url, world.settings);
  } catch (error) {
    // E5 guard: a name that does not resolve or a bad URL, in Node's words.
    throw error instanceof ApiError ? error : badRequest(messageOf(error), "KubernetesTokenReviewError");
  }
}

/** A TokenReview that was answered with an error status. */
function refusedReview(world: World, response: ClusterResponse): Error {
  const text = response.json?.["message"];
  const message = typeof text === "string" ? text : undefined;
  if (!world.era.describesLoginErrors) {
    // E0: whatever the API server says is a 401, what is not JSON with a message is a 500 (10.3).
    return message === undefined ? serverError() : unauthorized(message, "KubernetesTokenReviewRequestError");
  }
  if (response.status === 401) {
    return unauthorized(
      message ??
        "Token reviewer JWT is invalid or expired. Please verify the token reviewer JWT is correct and has not expired.",
      "KubernetesTokenReviewerUnauthorized",
    );
  }
  if (response.status === 403) {
    return unauthorized(
      message ??
        "Token reviewer JWT does not have permission to perform TokenReviews. Ensure the service account has the 'system:auth-delegator' ClusterRole binding.",
      "KubernetesTokenReviewerForbidden",
    );
  }
  return badRequest(
    message ?? `Kubernetes returned HTTP ${response.status}: ${response.statusText}`,
    "KubernetesTokenReviewRequestError",
  );
}

async function review(world: World, config: KubernetesAuth, jwt: string): Promise<ReviewStatus> {
  const { era, settings } = world;
  const host = config.kubernetesHost ?? "";
  const url = `${baseUrl(world, host)}${reviewPath}`;
  await requireReachableByGuard(world, url);
  const audiences =
    era.sendsAudiences && config.allowedAudience !== "" ? [config.allowedAudience] : undefined;
  let response: ClusterResponse;
  try {
    response = await sendToCluster({
      method: "POST",
      url,
      bearer: config.tokenReviewerJwt === "" ? jwt : config.tokenReviewerJwt,
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token: jwt, ...(audiences === undefined ? {} : { audiences }) },
      },
      caCert: config.caCert,
      verifyTls: config.verifyTlsCertificate,
      timeoutMs: settings.reviewTimeoutMs,
    });
  } catch (error) {
    throw networkFailure(world, error, host);
  }
  if (response.status < 200 || response.status >= 300) throw refusedReview(world, response);
  const status = response.json?.["status"];
  if (typeof status === "object" && status !== null) return status;
  if (!era.describesLoginErrors) throw serverError();
  throw badRequest("Cannot read properties of undefined (reading 'error')", "KubernetesAuthLoginError");
}

function serviceAccountOf(world: World, username: unknown): { namespace: string; name: string } {
  const text = String(username);
  const [system, kind, namespace, name, ...rest] = text.split(":");
  const fits = system === "system" && kind === "serviceaccount" && rest.length === 0;
  if (fits && namespace !== undefined && name !== undefined) return { namespace, name };
  if (!world.era.describesLoginErrors) throw serverError();
  throw badRequest(
    `Invalid Kubernetes service account username format: "${text}". Expected format: system:serviceaccount:<namespace>:<name>`,
    "KubernetesUsernameParseError",
  );
}

/** Is `value` in the comma-separated list? Empty allows all. E5 reads globs and trips over an empty entry. */
function isListed(world: World, list: string, value: string): boolean {
  if (list === "") return true;
  const entries = list.split(",").map((entry) => entry.trim());
  if (!world.era.globsInAllowedLists) return entries.includes(value);
  try {
    return entries.some((entry) => matchesGlob(entry, value));
  } catch (error) {
    throw badRequest(messageOf(error), "KubernetesAuthLoginError");
  }
}

/** Reviews the token and holds its owner against the configuration, in the order of section 4.2. */
export async function reviewServiceAccount(world: World, config: KubernetesAuth, jwt: string): Promise<void> {
  if (config.kubernetesHost === null) {
    throw badRequest("Kubernetes host is required when token review mode is set to API");
  }
  const status = await review(world, config, jwt);
  if (typeof status.error === "string") throw unauthorized(status.error, "KubernetesTokenReviewError");
  if (status.authenticated !== true) {
    throw unauthorized("Kubernetes token not authenticated", "KubernetesTokenReviewError");
  }
  const { namespace, name } = serviceAccountOf(world, status.user?.username);
  if (!isListed(world, config.allowedNamespaces, namespace)) {
    throw unauthorized("Access denied: K8s namespace not allowed.");
  }
  if (!isListed(world, config.allowedNames, name)) throw unauthorized("Access denied: K8s name not allowed.");
  const audiences: unknown[] = Array.isArray(status.audiences) ? status.audiences : [];
  if (config.allowedAudience !== "" && !audiences.includes(config.allowedAudience)) {
    throw unauthorized("Access denied: K8s audience not allowed.");
  }
}
