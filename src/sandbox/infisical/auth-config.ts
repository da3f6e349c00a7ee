/** What Universal Auth and Kubernetes Auth configurations share: fields, defaults and checks (infisical-api.md 1.4, 1.5). */

import { identityAbility, orgRulesOf } from "./access.ts";
import { ApiError, badRequest } from "./errors.ts";
import type { Era } from "./generations.ts";
import { requireIdentity } from "./identities.ts";
import type { Context } from "./router.ts";
import type { Identity } from "./types.ts";
import { array, number, object, optional, string, withDefault } from "./validation.ts";

const longest = 315_360_000;
const fromAnywhere = [{ ipAddress: "0.0.0.0/0" }, { ipAddress: "::/0" }];
const thirtyDays = 2_592_000;

export const trustedIps = array(object({ ipAddress: string({ trim: true }) }), { min: 1 });
const ttl = (era: Era, onAttach: boolean) =>
  number({ int: true, min: onAttach && !era.modernIdentities ? 1 : 0, max: longest });
/** E0 takes negative numbers here (10.4), but not zero. */
const maxTtl = (era: Era) =>
  era.modernIdentities
    ? number({ int: true, min: 0, max: longest })
    : number({
        int: true,
        max: longest,
        checks: [{ test: (value) => value !== 0, message: "accessTokenMaxTTL must have a non zero number" }],
      });
const uses = number({ int: true, min: 0 });

/** Token fields of an attach. */
export const attachTokenFields = (era: Era) => ({
  accessTokenTrustedIps: withDefault(trustedIps, fromAnywhere),
  accessTokenTTL: withDefault(ttl(era, true), thirtyDays),
  accessTokenMaxTTL: withDefault(maxTtl(era), thirtyDays),
  accessTokenNumUsesLimit: withDefault(uses, 0),
});

/** Token fields of a PATCH. */
export const patchTokenFields = (era: Era) => ({
  accessTokenTrustedIps: optional(trustedIps),
  accessTokenTTL: optional(ttl(era, false)),
  accessTokenMaxTTL: optional(maxTtl(era)),
  accessTokenNumUsesLimit: optional(uses),
});

/** 422 of the newer servers; it compares the bare numbers, so a MaxTTL of 0 is refused with any TTL. */
export const ttlWithinMax =
  (era: Era) => (body: { readonly accessTokenTTL: number; readonly accessTokenMaxTTL: number }) =>
    era.modernIdentities && body.accessTokenTTL > body.accessTokenMaxTTL
      ? { path: ["accessTokenTTL"], message: "Access Token TTL cannot be greater than Access Token Max TTL." }
      : undefined;

/** 400 of the service. A PATCH puts the stored MaxTTL in the place of a TTL left out (a trap, 1.5). */
export function requireTtlWithinMax(timeToLive: number, max: number): void {
  if (max > 0 && timeToLive > max) throw badRequest("Access token TTL cannot be greater than max TTL");
}

/** The identity an auth route names. */
export function authIdentity({ world, actor, params }: Context): Identity {
  const missing = (id: string) =>
    world.era.modernIdentities ? `Failed to find identity with ID ${id}` : "Failed to find identity";
  return requireIdentity(world, actor.identity.orgId, params["identityId"] ?? "", "FindByOrgId", missing);
}

/** May the actor do `action` on this identity (in its organization, or in its project when project-scoped)? */
export function requireOnIdentity({ world, actor }: Context, identity: Identity, action: string): void {
  identityAbility(world, actor, identity).require(action, "identity");
}

/** The privilege boundary: nobody changes an identity that may do more in the organization than he. */
export function requireBoundary({ world, actor }: Context, identity: Identity, message: string): void {
  if (identity.projectId !== null) return;
  const target = orgRulesOf(world, identity);
  if (identityAbility(world, actor, identity).covers(target)) return;
  throw new ApiError(403, world.era.modernIdentities ? "PermissionBoundaryError" : "ForbiddenError", message);
}
