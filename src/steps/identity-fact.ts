import { at } from "../data.ts";
import type { DesiredStore } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Identity } from "../infisical/infisical.ts";
import { MANAGED_BY_LABEL, MANAGER } from "../kubernetes/cluster.ts";
import type { Ports } from "./context.ts";
import type { Facts } from "./facts.ts";

/** The machine identity of a store, as it stands. */
export interface IdentityFact {
  readonly identity: Identity | undefined;
  /** Carries our mark. */
  readonly ours: boolean;
}

/** Our mark on an identity (product.md section 1). */
export function markOf(store: DesiredStore, clusterUid: string): Record<string, string> {
  return { "managed-by": MANAGER, cluster: clusterUid, store: store.id };
}

const isMarked = (identity: Identity, mark: Record<string, string>) =>
  Object.entries(mark).every(([key, value]) => identity.metadata[key] === value);

/**
 * Finds a store's identity: by the id in the Secret that ESO reads where that one is ours, then by the id in the configuration, then by
 * mark; else whatever the Secret or the name leads to. Names are not unique at Infisical: two that match are refused (ESOB-I205).
 */
export async function findIdentity(ports: Ports, facts: Facts, store: DesiredStore): Promise<IdentityFact> {
  const [uid, project] = await Promise.all([facts.clusterUid(), facts.project(store.project)]);
  const mark = markOf(store, uid);
  const judge = (identity: Identity): IdentityFact => ({ identity, ours: isMarked(identity, mark) });

  const recorded = await recordedId(ports, store);
  const written = recorded === undefined ? undefined : await ports.infisical.findIdentity(recorded);
  // Somebody may have written the id of another one: that is put right, and not followed.
  if (written && isMarked(written, mark)) return judge(written);
  if (store.identityId) {
    const identity = await ports.infisical.findIdentity(store.identityId);
    if (identity) return judge(identity);
  }
  const named = await ports.infisical.findIdentitiesByName(store.identityName, project);
  const marked = named.filter((identity) => isMarked(identity, mark));
  if (written && marked.length === 0) return judge(written);
  const candidates = marked.length > 0 ? marked : named;
  if (candidates.length > 1) throw ambiguous(store, candidates);
  return candidates[0] ? judge(candidates[0]) : { identity: undefined, ours: true };
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
