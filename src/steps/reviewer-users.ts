import type { Desired } from "../desired/desired.ts";
import type { Identity, KubernetesAuth } from "../infisical/infisical.ts";
import { MANAGER, type KubeObject } from "../kubernetes/cluster.ts";
import type { Secret } from "../secret.ts";
import type { Ports } from "./context.ts";
import type { Facts } from "./facts.ts";
import { claimsOf, tokenIn, type TokenClaims } from "./reviewer-fact.ts";

/** A machine identity whose Kubernetes Auth holds a token of this cluster's reviewer. */
export interface ReviewerUser {
  readonly identity: Identity;
  readonly auth: KubernetesAuth;
  readonly token: Secret;
  readonly claims: TokenClaims;
  /** Carries our mark, for this cluster. */
  readonly ours: boolean;
  /** The Secret of ours that its token hangs on; undefined where that is gone, or somebody else's. */
  readonly secret: KubeObject | undefined;
}

export interface ReviewerUsers {
  /** By name. */
  readonly users: readonly ReviewerUser[];
  /** What may not be listed at Infisical, so that there can be more of them. */
  readonly unlisted: { readonly organization: boolean; readonly projects: readonly string[] };
}

/** Reads under way at once: Infisical counts them. */
const PARALLEL = 6;

/**
 * Looks through all identities that the operator may list, whatever the configuration says: whoever holds the token would be
 * locked out when it goes. What a token says of itself tells whose it is; lists leave out the metadata, so that is read last.
 */
export async function findReviewerUsers(
  { infisical, cluster }: Ports,
  facts: Facts,
  desired: Desired,
): Promise<ReviewerUsers> {
  // A server of 2024 tells an identity its organization only by a project that was found.
  await Promise.all([...new Set(desired.stores.map(({ project }) => project))].map(facts.project));
  const { namespace, serviceAccount: name } = desired.reviewer;
  const ref = { apiVersion: "v1", kind: "ServiceAccount", namespace, name };
  const [account, secrets, uid, { identities, unlisted }] = await Promise.all([
    cluster.get(ref),
    facts.reviewerSecrets(),
    facts.clusterUid(),
    infisical.listIdentities(),
  ]);
  const lookAt = async (row: Identity): Promise<ReviewerUser | undefined> => {
    const auth = await infisical.findKubernetesAuth(row.id);
    const token = auth?.reviewer;
    const claims = token && claimsOf(token);
    if (!claims || claims.account.namespace !== namespace || claims.account.name !== name) return undefined;
    const identity = (await infisical.findIdentity(row.id)) ?? row;
    const isOfCluster = identity.metadata["cluster"] === uid;
    // Another cluster's reviewer may have the same name.
    if (!isOfCluster && claims.account.uid !== account?.metadata.uid) return undefined;
    const ours = isOfCluster && identity.metadata["managed-by"] === MANAGER;
    return { identity, auth, token, claims, ours, secret: secretOf(secrets, token, claims) };
  };
  const found = await inTurns(identities.filter(mayHaveKubernetesAuth), lookAt);
  const users = found.filter((user) => user !== undefined);
  return { users: users.toSorted((a, b) => a.identity.name.localeCompare(b.identity.name)), unlisted };
}

/** Some servers leave the methods out of lists: then it is read. */
const mayHaveKubernetesAuth = ({ authMethods }: Identity) =>
  authMethods.length === 0 || authMethods.includes("kubernetes-auth");

function secretOf(
  secrets: readonly KubeObject[],
  token: Secret,
  claims: TokenClaims,
): KubeObject | undefined {
  return secrets.find((secret) =>
    claims.secret.uid === undefined
      ? tokenIn(secret)?.fingerprint() === token.fingerprint()
      : claims.secret.uid === secret.metadata.uid,
  );
}

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += PARALLEL)
    results.push(...(await Promise.all(items.slice(first, first + PARALLEL).map(work))));
  return results;
}
