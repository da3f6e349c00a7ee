/**
 * Access tokens of identities: JWTs signed with HMAC-SHA256, and the rows behind them (infisical-api.md 1.1, 10.4).
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { ApiError, serverError, unauthorized } from "./errors.ts";
import { requireTrustedIp } from "./ip.ts";
import type { AccessToken, AuthConfig, AuthMethod, Identity } from "./types.ts";
import type { World } from "./world.ts";

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const sign = (text: string, key: Buffer) => createHmac("sha256", key).update(text).digest("base64url");
const seconds = (date: Date) => Math.floor(date.getTime() / 1000);

const tokenError = (message: string) => new ApiError(403, "TokenError", message);
const malformed = () =>
  tokenError(
    "The provided access token is malformed. Please use a valid token or generate a new one and try again.",
  );

/** Who calls: the identity and the token it showed. */
export interface Actor {
  readonly identity: Identity;
  readonly token: AccessToken;
}

/** Answer of every login and renewal. */
export interface TokenAnswer {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly accessTokenMaxTTL: number;
  readonly tokenType: "Bearer";
}

function render(world: World, token: AccessToken): TokenAnswer {
  const { era, state, signingKey } = world;
  const issuedAt = seconds(state.clock.now());
  const lifetime = era.tokenExpiry === "maxTTL" ? token.maxTTL : token.ttl;
  const payload = {
    identityId: token.identityId,
    clientSecretId: token.clientSecretId ?? "",
    identityAccessTokenId: token.id,
    authTokenType: "identityAccessToken",
    iat: issuedAt,
    ...(lifetime === 0 ? {} : { exp: issuedAt + lifetime }),
  };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(payload)}`;
  return {
    accessToken: `${signed}.${sign(signed, signingKey)}`,
    expiresIn: token.ttl,
    accessTokenMaxTTL: token.maxTTL,
    tokenType: "Bearer",
  };
}

/** Writes a token row and returns the answer of a login. */
export function issueToken(
  world: World,
  config: AuthConfig,
  method: AuthMethod,
  clientSecretId: string | null = null,
): TokenAnswer {
  const token = world.state.tokens.insert({
    ...world.state.stamp(),
    identityId: config.identityId,
    authMethod: method,
    clientSecretId,
    ttl: config.accessTokenTTL,
    maxTTL: config.accessTokenMaxTTL,
    numUsesLimit: config.accessTokenNumUsesLimit,
    numUses: 0,
    lastRenewedAt: null,
  });
  return render(world, token);
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Not JSON: malformed, as below.
  }
  throw malformed();
}

/** Checks signature and expiry, returns the id of the token's row (403 `TokenError` otherwise). */
function verify(world: World, jwt: string): string {
  const [header = "", payload = "", signature = "", ...rest] = jwt.split(".");
  if (payload === "" || rest.length > 0) throw malformed();
  const { alg } = decode(header);
  const claims = decode(payload);
  if (signature === "") throw tokenError("jwt signature is required");
  if (typeof alg !== "string" || !/^HS(?:256|384|512)$/u.test(alg)) {
    throw tokenError(
      "The access token is signed with an invalid algorithm. Please provide a valid token and try again.",
    );
  }
  const expected = Buffer.from(sign(`${header}.${payload}`, world.signingKey));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw tokenError("invalid signature");
  }
  const { exp, identityAccessTokenId } = claims;
  if (typeof exp === "number" && seconds(world.state.clock.now()) >= exp) {
    throw tokenError("Your token has expired. Please re-authenticate.");
  }
  return typeof identityAccessTokenId === "string" ? identityAccessTokenId : "";
}

/** The row of a token shown, or 401 `No identity access token found`. */
function findToken(world: World, jwt: string): AccessToken {
  const row = world.state.tokens.get(verify(world, jwt));
  if (row === undefined) throw unauthorized("No identity access token found");
  return row;
}

/** The checks of every use; a token that fails one is gone afterwards (10.4). */
function requireLive(world: World, token: AccessToken): void {
  const { state } = world;
  const now = state.clock.now().getTime();
  const refuse = (message: string) => {
    state.tokens.remove((row) => row === token);
    return unauthorized(message);
  };
  if (token.numUsesLimit > 0 && token.numUses >= token.numUsesLimit) {
    throw refuse("Unable to renew because access token number of uses limit reached");
  }
  const since = (token.lastRenewedAt ?? token.createdAt).getTime();
  if (token.ttl > 0 && now > since + token.ttl * 1000) {
    throw refuse("Failed to renew MI access token due to TTL expiration");
  }
  if (token.maxTTL > 0 && now > token.createdAt.getTime() + token.maxTTL * 1000) {
    throw refuse("Failed to renew MI access token due to Max TTL expiration");
  }
}

function configOf(world: World, token: AccessToken): AuthConfig | undefined {
  const { universalAuths, kubernetesAuths } = world.state;
  const table = token.authMethod === "universal-auth" ? universalAuths : kubernetesAuths;
  return table.find((row) => row.identityId === token.identityId);
}

/** A bearer token, used: who it is, or why not. Counts the use. */
export function authenticate(world: World, jwt: string, clientIp: string): Actor {
  const token = findToken(world, jwt);
  const identity = world.state.identities.get(token.identityId);
  if (identity === undefined) throw unauthorized("No identity access token found");
  const config = configOf(world, token);
  // E0: a token whose auth method was deleted is a 500 until one is attached again (10.4).
  if (config === undefined) throw serverError();
  requireTrustedIp(clientIp, config.accessTokenTrustedIps);
  requireLive(world, token);
  token.numUses += 1;
  return { identity, token };
}

/** POST /api/v1/auth/token/renew. With TTL = MaxTTL it always fails and destroys the token (10.4). */
export function renewToken(world: World, jwt: string): TokenAnswer {
  const token = findToken(world, jwt);
  requireLive(world, token);
  const now = world.state.clock.now();
  const end = token.createdAt.getTime() + token.maxTTL * 1000;
  if (token.maxTTL > 0 && now.getTime() + token.ttl * 1000 > end) {
    world.state.tokens.remove((row) => row === token);
    throw unauthorized("Failed to renew MI access token past its Max TTL expiration");
  }
  token.lastRenewedAt = now;
  return render(world, token);
}

/** POST /api/v1/auth/token/revoke. */
export function revokeToken(world: World, jwt: string): void {
  const token = findToken(world, jwt);
  world.state.tokens.remove((row) => row === token);
}
