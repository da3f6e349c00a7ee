/** Status, logins and tokens (infisical-api.md 1.1, 1.8): the routes without a bearer token. */

import { createHash, timingSafeEqual } from "node:crypto";
import { badRequest, notFound, serverError, unauthorized } from "../errors.ts";
import { requireTrustedIp } from "../ip.ts";
import { isUuid } from "../../random.ts";
import type { Context, Handler, Route } from "../router.ts";
import { reviewServiceAccount } from "../token-review.ts";
import { issueToken, renewToken, revokeToken } from "../tokens.ts";
import type { ClientSecret, UniversalAuth } from "../types.ts";
import { object, string } from "../validation.ts";

const status: Handler = ({ world }) => ({
  date: world.state.clock.now(),
  message: "Ok",
  emailConfigured: false,
  inviteOnlySignup: true,
  redisConfigured: true,
  secretScanningConfigured: false,
});

const universalLoginBody = object({ clientId: string({ trim: true }), clientSecret: string({ trim: true }) });

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

/** The hash a client secret is kept as. */
export const clientSecretHash = hashOf;

function matchingSecret(
  { world }: Context,
  auth: UniversalAuth,
  clientSecret: string,
): ClientSecret | undefined {
  const hash = Buffer.from(hashOf(clientSecret));
  return world.state.clientSecrets.find(
    (row) => row.universalAuthId === auth.id && !row.revoked && timingSafeEqual(Buffer.from(row.hash), hash),
  );
}

/** After `lockoutThreshold` failures in a row the method is locked for a while (2026). */
function countFailure({ world }: Context, auth: UniversalAuth): void {
  if (!world.era.lockout || !auth.lockoutEnabled) return;
  const now = world.state.clock.now().getTime();
  if (now - auth.lastFailureAt > auth.lockoutCounterResetSeconds * 1000) auth.failures = 0;
  auth.failures += 1;
  auth.lastFailureAt = now;
  if (auth.failures < auth.lockoutThreshold) return;
  auth.lockedUntil = now + auth.lockoutDurationSeconds * 1000;
  auth.failures = 0;
}

const universalLogin: Handler = (context) => {
  const { world, clientIp } = context;
  const { clientId, clientSecret } = context.body(universalLoginBody);
  const auth = world.state.universalAuths.find((row) => row.clientId === clientId);
  if (auth === undefined) {
    if (world.era.lockout) throw unauthorized("Invalid credentials");
    throw notFound("No identity with specified client ID was found");
  }
  requireTrustedIp(clientIp, auth.clientSecretTrustedIps);
  const now = world.state.clock.now();
  if (now.getTime() < auth.lockedUntil) {
    throw unauthorized("This identity auth method is temporarily locked, please try again later");
  }
  const secret = matchingSecret(context, auth, clientSecret);
  if (secret === undefined) {
    countFailure(context, auth);
    throw unauthorized("Invalid credentials");
  }
  auth.failures = 0;
  if (secret.ttl > 0 && now.getTime() > secret.createdAt.getTime() + secret.ttl * 1000) {
    secret.revoked = true;
    throw unauthorized("Access denied due to expired client secret");
  }
  if (secret.numUsesLimit > 0 && secret.numUses >= secret.numUsesLimit) {
    secret.revoked = true;
    throw unauthorized("Access denied due to client secret usage limit reached");
  }
  secret.numUses += 1;
  secret.updatedAt = now;
  return issueToken(world, auth, "universal-auth", secret.id);
};

const kubernetesLoginBody = object({
  identityId: string({ trim: true, lowercase: true }),
  jwt: string({ trim: true }),
});

const kubernetesLogin: Handler = async ({ world, body }) => {
  const { identityId, jwt } = body(kubernetesLoginBody);
  if (!isUuid(identityId)) throw serverError("Find one");
  const config = world.state.kubernetesAuths.find((row) => row.identityId === identityId);
  if (config === undefined) {
    throw notFound("Kubernetes auth method not found for identity, did you configure Kubernetes auth?");
  }
  if (config.tokenReviewMode === "gateway") {
    throw badRequest("Gateway or Gateway Pool is required when token review mode is set to Gateway");
  }
  await reviewServiceAccount(world, config, jwt);
  return issueToken(world, config, "kubernetes-auth");
};

const tokenBody = object({ accessToken: string({ trim: true }) });

const renew: Handler = ({ world, body }) => renewToken(world, body(tokenBody).accessToken);

const revoke: Handler = ({ world, body }) => {
  revokeToken(world, body(tokenBody).accessToken);
  return { message: "Successfully revoked access token" };
};

const login = { method: "POST", auth: "none", bucket: "write", isRead: true } as const;

export const authRoutes: readonly Route[] = [
  { method: "GET", path: "/api/status", auth: "none", handler: status },
  { ...login, path: "/api/v1/auth/universal-auth/login", handler: universalLogin },
  { ...login, path: "/api/v1/auth/kubernetes-auth/login", handler: kubernetesLogin },
  { ...login, path: "/api/v1/auth/token/renew", handler: renew },
  { ...login, path: "/api/v1/auth/token/revoke", handler: revoke },
];
