/** Universal Auth of an identity and its client secrets (infisical-api.md 1.4). */

import {
  attachTokenFields,
  authIdentity,
  patchTokenFields,
  requireBoundary,
  requireOnIdentity,
  requireTtlWithinMax,
  trustedIps,
  ttlWithinMax,
} from "../auth-config.ts";
import { badRequest, notFound, serverError } from "../errors.ts";
import { removeUniversalAuth } from "../identities.ts";
import { readTrustedIps } from "../ip.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { ClientSecret, Identity, UniversalAuth } from "../types.ts";
import { boolean, number, object, optional, refined, string, withDefault } from "../validation.ts";
import { universalAuthView } from "../auth-views.ts";
import type { World } from "../world.ts";
import { clientSecretHash } from "./auth.ts";

const anywhere = [{ ipAddress: "0.0.0.0/0" }, { ipAddress: "::/0" }];

/** Lockout fields, stripped where the server does not know them. */
const lockoutFields = {
  lockoutEnabled: withDefault(boolean, true),
  lockoutThreshold: withDefault(number({ int: true, min: 1, max: 30 }), 3),
  lockoutDurationSeconds: withDefault(number({ int: true, min: 30, max: 86_400 }), 300),
  lockoutCounterResetSeconds: withDefault(number({ int: true, min: 5, max: 3600 }), 30),
};

const attachBody = (world: World) =>
  refined(
    object({
      clientSecretTrustedIps: withDefault(trustedIps, anywhere),
      ...attachTokenFields(world.era),
      ...lockoutFields,
    }),
    ttlWithinMax(world.era),
  );

function attachedTo({ world }: Context, identity: Identity): UniversalAuth | undefined {
  return world.state.universalAuths.find((row) => row.identityId === identity.id);
}

function requireAttached(context: Context, identity: Identity): UniversalAuth {
  const auth = attachedTo(context, identity);
  if (auth === undefined) throw badRequest("The identity does not have universal auth");
  return auth;
}

const attach: Handler = async (context) => {
  const { world } = context;
  const body = context.body(attachBody(world));
  const identity = authIdentity(context);
  const other = world.state.kubernetesAuths.find((row) => row.identityId === identity.id);
  const occupied = !world.era.manyAuthMethods && other !== undefined;
  if (occupied || attachedTo(context, identity) !== undefined) {
    throw badRequest("Failed to add universal auth to already configured identity");
  }
  requireTtlWithinMax(body.accessTokenTTL, body.accessTokenMaxTTL);
  requireOnIdentity(context, identity, world.era.attachAction);
  const { ipAllowlisting } = world.settings.plan;
  const clientSecretTrustedIps = readTrustedIps(body.clientSecretTrustedIps, ipAllowlisting);
  const accessTokenTrustedIps = readTrustedIps(body.accessTokenTrustedIps, ipAllowlisting);
  await context.raceWindow();
  if (attachedTo(context, identity) !== undefined) throw serverError("Create");
  identity.updatedAt = world.state.clock.now();
  const auth = world.state.universalAuths.insert({
    ...world.state.stamp(),
    ...body,
    identityId: identity.id,
    clientId: world.state.random.uuid(),
    clientSecretTrustedIps,
    accessTokenTrustedIps,
    failures: 0,
    lastFailureAt: 0,
    lockedUntil: 0,
  });
  return { identityUniversalAuth: universalAuthView(world, auth) };
};

const patch: Handler = (context) => {
  const { world } = context;
  const body = context.body(
    object({ clientSecretTrustedIps: optional(trustedIps), ...patchTokenFields(world.era) }),
  );
  const identity = authIdentity(context);
  const auth = attachedTo(context, identity);
  if (auth === undefined) throw badRequest("Failed to updated universal auth");
  const maxTTL = body.accessTokenMaxTTL ?? auth.accessTokenMaxTTL;
  requireTtlWithinMax(body.accessTokenTTL ?? auth.accessTokenMaxTTL, maxTTL);
  requireOnIdentity(context, identity, world.era.patchAuthAction);
  if (Object.keys(body).length === 0 && !world.era.modernIdentities) throw serverError("Update by id");
  const { clientSecretTrustedIps, accessTokenTrustedIps, ...numbers } = body;
  const { ipAllowlisting } = world.settings.plan;
  Object.assign(auth, numbers, { updatedAt: world.state.clock.now() });
  if (accessTokenTrustedIps !== undefined) {
    auth.accessTokenTrustedIps = readTrustedIps(accessTokenTrustedIps, ipAllowlisting);
  }
  if (clientSecretTrustedIps !== undefined) {
    auth.clientSecretTrustedIps = readTrustedIps(clientSecretTrustedIps, ipAllowlisting);
  }
  return { identityUniversalAuth: universalAuthView(world, auth) };
};

const read: Handler = (context) => {
  const identity = authIdentity(context);
  const auth = requireAttached(context, identity);
  requireOnIdentity(context, identity, "read");
  return { identityUniversalAuth: universalAuthView(context.world, auth) };
};

const remove: Handler = (context) => {
  const { world } = context;
  const identity = authIdentity(context);
  const auth = requireAttached(context, identity);
  requireOnIdentity(context, identity, identity.projectId === null ? "edit" : "revoke-auth");
  requireBoundary(context, identity, "Failed to revoke universal auth of identity with more privileged role");
  removeUniversalAuth(world.state, identity);
  identity.updatedAt = world.state.clock.now();
  return { identityUniversalAuth: universalAuthView(world, auth) };
};

const clientSecretView = (secret: ClientSecret) => ({
  id: secret.id,
  createdAt: secret.createdAt,
  updatedAt: secret.updatedAt,
  description: secret.description,
  clientSecretPrefix: secret.prefix,
  clientSecretNumUses: secret.numUses,
  clientSecretNumUsesLimit: secret.numUsesLimit,
  clientSecretTTL: secret.ttl,
  identityUAId: secret.universalAuthId,
  isClientSecretRevoked: secret.revoked,
});

/** Makes a client secret; its clear text is only ever in this answer. */
export function insertClientSecret(
  world: World,
  auth: UniversalAuth,
  wanted: { readonly description: string; readonly numUsesLimit: number; readonly ttl: number },
): { readonly clientSecret: string; readonly row: ClientSecret } {
  const clientSecret = world.state.random.hex(64);
  const row = world.state.clientSecrets.insert({
    ...world.state.stamp(),
    ...wanted,
    universalAuthId: auth.id,
    hash: clientSecretHash(clientSecret),
    prefix: clientSecret.slice(0, 4),
    numUses: 0,
    revoked: false,
  });
  return { clientSecret, row };
}

const newClientSecretBody = object({
  description: withDefault(string(), ""),
  numUsesLimit: withDefault(number({ min: 0 }), 0),
  ttl: withDefault(number({ min: 0, max: 315_360_000 }), 0),
});

const createClientSecret: Handler = (context) => {
  const wanted = context.body(newClientSecretBody);
  const identity = authIdentity(context);
  const auth = requireAttached(context, identity);
  requireOnIdentity(context, identity, "create");
  requireBoundary(context, identity, "Failed to add identity to project with more privileged role");
  const { clientSecret, row } = insertClientSecret(context.world, auth, wanted);
  return { clientSecret, clientSecretData: clientSecretView(row) };
};

const listClientSecrets: Handler = (context) => {
  const identity = authIdentity(context);
  const auth = requireAttached(context, identity);
  requireOnIdentity(context, identity, "read");
  const rows = context.world.state.clientSecrets.where(
    (row) => row.universalAuthId === auth.id && !row.revoked,
  );
  return { clientSecretData: rows.map(clientSecretView) };
};

const revokeClientSecret: Handler = (context) => {
  const { world, params } = context;
  const identity = authIdentity(context);
  const auth = requireAttached(context, identity);
  requireOnIdentity(context, identity, "delete");
  const row = world.state.clientSecrets.get(params["clientSecretId"] ?? "");
  if (row === undefined || row.universalAuthId !== auth.id) {
    throw notFound("The client secret was not found");
  }
  row.revoked = true;
  row.updatedAt = world.state.clock.now();
  world.state.tokens.remove((token) => token.clientSecretId === row.id);
  return { clientSecretData: clientSecretView(row) };
};

const path = "/api/v1/auth/universal-auth/identities/:identityId";
const readRoute = { method: "GET", auth: "identity", bucket: "read" } as const;
const writeRoute = { auth: "identity", bucket: "write" } as const;

export const universalAuthRoutes: readonly Route[] = [
  { ...writeRoute, method: "POST", path, handler: attach },
  { ...writeRoute, method: "PATCH", path, handler: patch },
  { ...readRoute, path, handler: read },
  { ...writeRoute, method: "DELETE", path, handler: remove },
  { ...writeRoute, method: "POST", path: `${path}/client-secrets`, handler: createClientSecret },
  { ...readRoute, path: `${path}/client-secrets`, handler: listClientSecrets },
  {
    ...writeRoute,
    method: "POST",
    path: `${path}/client-secrets/:clientSecretId/revoke`,
    handler: revokeClientSecret,
  },
];
