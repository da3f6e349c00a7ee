/** Machine identities: how they come and go. */

import { badRequest, notFound, serverError } from "./errors.ts";
import { removeMemberships } from "./projects.ts";
import { isUuid } from "../random.ts";
import type { State } from "./state.ts";
import type { AuthMethod, Identity } from "./types.ts";
import type { World } from "./world.ts";

interface NewIdentity {
  readonly orgId: string;
  readonly name: string;
  readonly orgRole?: string;
  readonly projectId?: string | null;
  readonly hasDeleteProtection?: boolean;
  readonly metadata?: readonly { readonly key: string; readonly value: string }[];
}

/** Metadata as stored: every pair has an id. */
export const withIds = (state: State, pairs: readonly { readonly key: string; readonly value: string }[]) =>
  pairs.map(({ key, value }) => ({ id: state.random.uuid(), key, value }));

/** 400 when the plan allows no further identity. */
export function requireIdentityLimit(world: World): void {
  const { identityLimit } = world.settings.plan;
  if (identityLimit !== null && world.state.identities.all().length >= identityLimit) {
    throw badRequest(
      "Failed to create identity due to identity limit reached. Upgrade plan to create more identities.",
    );
  }
}

/** Adds an identity with its organization membership. Names are not unique (recorded). */
export function insertIdentity(state: State, wanted: NewIdentity): Identity {
  const identity = state.identities.insert({
    ...state.stamp(),
    name: wanted.name,
    orgId: wanted.orgId,
    projectId: wanted.projectId ?? null,
    hasDeleteProtection: wanted.hasDeleteProtection ?? false,
    metadata: withIds(state, wanted.metadata ?? []),
  });
  state.orgMemberships.insert({
    ...state.stamp(),
    orgId: wanted.orgId,
    identityId: identity.id,
    role: wanted.orgRole ?? "no-access",
  });
  return identity;
}

/** The auth methods attached, in the order of attachment. */
export function authMethodsOf(state: State, identity: Identity): AuthMethod[] {
  const belongs = (row: { readonly identityId: string }) => row.identityId === identity.id;
  const attached: { readonly method: AuthMethod; readonly at: number }[] = [
    ...state.universalAuths.where(belongs).map((row) => ({
      method: "universal-auth" as const,
      at: row.createdAt.getTime(),
    })),
    ...state.kubernetesAuths.where(belongs).map((row) => ({
      method: "kubernetes-auth" as const,
      at: row.createdAt.getTime(),
    })),
  ];
  return attached.toSorted((a, b) => a.at - b.at).map(({ method }) => method);
}

/** The identity of the actor's organization, or 404 in the words of `missing`; no uuid is a database error. */
export function requireIdentity(
  world: World,
  orgId: string,
  identityId: string,
  operation: string,
  missing: (id: string) => string,
): Identity {
  if (!isUuid(identityId)) throw serverError(operation);
  const identity = world.state.identities.get(identityId);
  if (identity === undefined || identity.orgId !== orgId) throw notFound(missing(identityId));
  return identity;
}

/** Removes Universal Auth with its client secrets and tokens (10.6: those tokens are gone for good). */
export function removeUniversalAuth(state: State, identity: Identity): void {
  const gone = state.universalAuths.where((row) => row.identityId === identity.id);
  for (const auth of gone) state.clientSecrets.remove((row) => row.universalAuthId === auth.id);
  state.universalAuths.remove((row) => row.identityId === identity.id);
  state.tokens.remove((row) => row.identityId === identity.id && row.authMethod === "universal-auth");
}

/** Removes an identity with all that belongs to it. */
export function removeIdentity(state: State, identity: Identity): void {
  removeUniversalAuth(state, identity);
  state.kubernetesAuths.remove((row) => row.identityId === identity.id);
  removeMemberships(state, (row) => row.identityId === identity.id);
  state.orgMemberships.remove((row) => row.identityId === identity.id);
  state.tokens.remove((row) => row.identityId === identity.id);
  state.identities.remove((row) => row === identity);
}
