/** What a 2026 server tries before it stores a Kubernetes Auth configuration (infisical-api.md 1.5, 4.3). */

import { sendToCluster, type ClusterResponse } from "./cluster-request.ts";
import { ApiError, badRequest } from "./errors.ts";
import { requireAllowedHost } from "./host-guard.ts";
import { baseUrl, describeNetworkError } from "./token-review.ts";
import type { KubernetesAuth } from "./types.ts";
import type { World } from "./world.ts";

type Connection = Pick<KubernetesAuth, "kubernetesHost" | "caCert" | "verifyTlsCertificate">;

const permissionError = (message: string) => badRequest(message, "TokenReviewerPermissionError");
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function transport(world: World, connection: Connection) {
  return {
    caCert: connection.caCert,
    verifyTls: connection.verifyTlsCertificate,
    timeoutMs: world.settings.reviewTimeoutMs,
  };
}

/** GET `<host>/version`: any answer below 500 will do. */
export async function requireReachableHost(world: World, connection: Connection): Promise<void> {
  const host = connection.kubernetesHost;
  if (host === null) {
    throw badRequest("Kubernetes host is required for API mode validation", "KubernetesHostConnectionError");
  }
  let response: ClusterResponse;
  try {
    const url = `${baseUrl(world, host)}/version`;
    await requireAllowedHost(url, world.settings);
    response = await sendToCluster({ method: "GET", url, ...transport(world, connection) });
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw describeNetworkError(error, "KubernetesHost", "Kubernetes host", host);
  }
  if (response.status >= 500) {
    throw badRequest(
      `Kubernetes API returned server error: ${response.status} - ${response.statusText}`,
      "KubernetesHostConnectionError",
    );
  }
}

/** A TokenReview of a dummy token with the reviewer's JWT: 2xx passes. */
export async function requireWorkingReviewer(
  world: World,
  connection: Connection,
  reviewerJwt: string,
): Promise<void> {
  const host = connection.kubernetesHost;
  if (host === null) {
    throw permissionError("Kubernetes host and token reviewer JWT are required for API mode validation");
  }
  let response: ClusterResponse;
  try {
    const url = `${baseUrl(world, host)}/apis/authentication.k8s.io/v1/tokenreviews`;
    await requireAllowedHost(url, world.settings);
    response = await sendToCluster({
      method: "POST",
      url,
      bearer: reviewerJwt,
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token: "validation-token" },
      },
      ...transport(world, connection),
    });
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw permissionError(`Failed to validate token reviewer permissions: ${messageOf(error)}`);
  }
  if (response.status >= 200 && response.status < 300) return;
  throw permissionError(reviewerRefusal(response));
}

function reviewerRefusal(response: ClusterResponse): string {
  const text = response.json?.["message"];
  const message = typeof text === "string" ? text : response.statusText;
  if (response.status === 401) {
    return "The token reviewer JWT is invalid or expired. Please provide a valid service account token with TokenReview permissions.";
  }
  if (response.status === 403) {
    return `${message}. Ensure the service account has the 'system:auth-delegator' ClusterRole binding.`;
  }
  return `Unexpected response from Kubernetes API: ${response.status} - ${message}`;
}
