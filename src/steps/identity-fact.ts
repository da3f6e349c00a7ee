import type { DesiredStore } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Identity, Membership, Project } from "../infisical/infisical.ts";
import { MANAGED_BY_LABEL, MANAGER } from "../kubernetes/cluster.ts";
import type { Ports } from "./context.ts";
import { at } from "./eso-fact.ts";
import type { Facts } from "./facts.ts";

/** The machine identity of a store, as it stands. */
export interface IdentityFact {
  readonly identity: Identity | undefined;
  /** Carries our mark; on servers of 2024, which have no metadata, see ADR 0005. */
  readonly ours: boolean;
}

/** Our mark on an identity (product.md section 1). */
export function markOf(store: DesiredStore, clusterUid: string): Record<string, string> {
  return { "managed-by": MANAGER, cluster: clusterUid, store: store.id };
}

const isMarked = (identity: Identity, mark: Record<string, string>) =>
  Object.entries(mark).every(([key, value]) => identity.metadata[key] === value);

/**
 * Finds a store's identity: by the id in the Secret that ESO reads, then by the id in the configuration, then by mark or name.
 * Names are not unique at Infisical: two that match are refused (ESOB-I205).
 */
export async function findIdentity(ports: Ports, facts: Facts, store: DesiredStore): Promise<IdentityFact> {
  const [traits, uid, project] = await Promise.all([
    facts.traits(),
    facts.clusterUid(),
    facts.project(store.project),
  ]);
  const mark = markOf(store, uid);
  const judge = async (identity: Identity, named: boolean): Promise<IdentityFact> => ({
    identity,
    ours: traits.identityMetadata
      ? isMarked(identity, mark)
      : named || (await looksOurs(ports, identity, project, store)),
  });

  const recorded = await recordedId(ports, store);
  if (recorded) {
    const identity = await ports.infisical.findIdentity(recorded);
    if (identity) return judge(identity, true);
  }
  if (store.identityId) {
    const identity = await ports.infisical.findIdentity(store.identityId);
    if (identity) return judge(identity, identity.name === store.identityName);
  }
  const named = await ports.infisical.findIdentitiesByName(store.identityName, project);
  const marked = named.filter((identity) => isMarked(identity, mark));
  const candidates = marked.length > 0 ? marked : named;
  if (candidates.length > 1) throw ambiguous(store, candidates);
  return candidates[0] ? judge(candidates[0], false) : { identity: undefined, ours: true };
}

function ambiguous(store: DesiredStore, candidates: readonly Identity[]): BootstrapError {
  return new BootstrapError("ESOB-I205", {
    message: `${candidates.length} machine identities are named "${store.identityName}".`,
    reason: "names are not unique at Infisical, and nothing in the cluster says which one is meant",
    fix: {
      summary: `Set identityId at store ${store.name} to the right one, or remove the others at Infisical.`,
    },
    facts: { Exists: candidates.map(({ id }) => id).join(", ") },
  });
}

/** The id in a Secret of ours that ESO reads; in the first of the store's namespaces that has one. */
async function recordedId({ cluster }: Ports, store: DesiredStore): Promise<string | undefined> {
  for (const namespace of store.namespaces) {
    const secret = await cluster.get({
      apiVersion: "v1",
      kind: "Secret",
      namespace,
      name: store.identitySecret,
    });
    if (secret?.metadata.labels?.[MANAGED_BY_LABEL] !== MANAGER) continue;
    const id = at(secret["data"], "identityId");
    if (typeof id === "string" && id) return Buffer.from(id, "base64").toString("utf8").trim();
  }
  return undefined;
}

/**
 * Servers of 2024 keep no metadata. There an identity of our name is ours when it can do nothing but what we would let it:
 * no other auth method than ours, and no other role in the project than ours (a run that was killed leaves just that).
 */
async function looksOurs(
  ports: Ports,
  identity: Identity,
  project: Project | undefined,
  store: DesiredStore,
): Promise<boolean> {
  if (identity.authMethods.some((method) => method !== "kubernetes-auth")) return false;
  const membership: Membership | undefined =
    project && (await ports.infisical.findMembership(project, identity.id));
  return (membership?.roles ?? []).every((role) => role === store.roleSlug || role === "no-access");
}
