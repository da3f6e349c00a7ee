import { storesOf } from "../../checks/view/external-secret.ts";
import { placeOf, storeKey } from "../../checks/view/store.ts";
import type { AccessQuery, ObjectRef } from "../../kubernetes/cluster.ts";
import { rightsFor } from "../objects.ts";
import { describeAccess } from "../rights.ts";
import type { RemovalContext } from "./context.ts";
import { secretRef } from "./let-go.ts";
import type { Live, LiveSecret, LiveStore, World } from "./survey.ts";

/** An object that is meant. `stays`: why it is left (somebody else's, or in use); `blocked`: what we may not do. */
export interface Verdict<Item> {
  readonly item: Item;
  readonly stays?: string;
  readonly blocked?: string;
}

/** What becomes of each ExternalSecret and store that is meant: one goes only with its last user. */
export interface Judged {
  readonly secrets: readonly Verdict<LiveSecret>[];
  readonly stores: readonly Verdict<LiveStore>[];
  /** Stores and ExternalSecrets that will still be there afterwards. */
  readonly remaining: { readonly secrets: readonly LiveSecret[]; readonly stores: readonly LiveStore[] };
}

const FOREIGN = "somebody else made it";

export async function judge(context: Omit<RemovalContext, "survey">, world: World): Promise<Judged> {
  const { scope, removal } = context;
  const meantStores = world.stores.filter((store) => scope.hasStore(store));
  const ourStores = new Set(meantStores.filter(({ ours }) => ours).map(keyOf));
  const meantSecrets = world.secrets.filter(
    (secret) =>
      (scope.hasSecret(secret) && (secret.ours || scope.kind === "file")) ||
      (secret.ours && storeKeysOf(secret).some((key) => ourStores.has(key))),
  );
  const verbs = removal.keepSecrets ? ["delete", "patch"] : ["delete"];
  const secrets = await withRights(
    context,
    meantSecrets.map((item) => (item.ours ? { item } : { item, stays: FOREIGN })),
    (item) => [...rightsOn(item.ref, verbs), ...rightsOnTarget(item, removal)],
  );
  const leftSecrets = without(world.secrets, secrets);
  const stores = await withRights(context, storeVerdicts(meantStores, leftSecrets, world), ({ ref }) =>
    rightsOn(ref, ["delete"]),
  );
  return {
    secrets,
    stores: stores.filter(({ item }) => item.ours || scope.kind === "file"),
    remaining: { secrets: leftSecrets, stores: without(world.stores, stores) },
  };
}

function storeVerdicts(
  stores: readonly LiveStore[],
  left: readonly LiveSecret[],
  { hidden }: World,
): Verdict<LiveStore>[] {
  const users = new Map<string, string>();
  for (const secret of left) for (const key of storeKeysOf(secret)) users.set(key, placeOf(secret.view));
  const blind = hidden.some((what) => what.startsWith("ExternalSecrets in the whole"));
  return stores.map((item) => {
    if (!item.ours) return { item, stays: FOREIGN };
    const user = users.get(keyOf(item));
    if (user !== undefined) return { item, stays: `ExternalSecret ${user} still reads from it` };
    if (blind && item.view.kind === "ClusterSecretStore")
      return {
        item,
        blocked: "ExternalSecrets of the whole cluster may not be listed, so its users are unknown",
      };
    return { item };
  });
}

const keyOf = ({ view }: LiveStore) => storeKey(view.kind, view.namespace, view.name);

function storeKeysOf({ view }: LiveSecret): string[] {
  return storesOf(view).map(({ kind, name }) => storeKey(kind, view.namespace, name));
}

function without<Item extends Live>(all: readonly Item[], verdicts: readonly Verdict<Item>[]): Item[] {
  const going = new Set(verdicts.filter(goes).map(({ item }) => item.uid));
  return all.filter(({ uid }) => !going.has(uid));
}

/** True for what is taken away. */
export const goes = ({ stays, blocked }: Verdict<unknown>) => stays === undefined && blocked === undefined;

const rightsOn = ({ apiVersion, kind, ...metadata }: ObjectRef, verbs: readonly string[]) =>
  rightsFor({ apiVersion, kind, metadata }, verbs);

/** Whoever cannot make its Secret stand on its own must not delete the ExternalSecret: the Secret would be collected with it. */
function rightsOnTarget(secret: LiveSecret, { keepSecrets }: RemovalContext["removal"]): AccessQuery[] {
  if (secret.view.creationPolicy === "None") return [];
  return rightsOn(secretRef(secret), keepSecrets ? ["get", "patch"] : ["get"]);
}

/** Asks once per namespace, and by name only where that is refused: thousands of objects share a right. */
async function withRights<Item extends Live>(
  { cluster }: Pick<RemovalContext, "cluster">,
  verdicts: readonly Verdict<Item>[],
  needsOf: (item: Item) => readonly AccessQuery[],
): Promise<Verdict<Item>[]> {
  const needs = new Map(verdicts.filter(goes).map(({ item }) => [item.uid, needsOf(item)]));
  const all = [...needs.values()].flat();
  const wide = new Set((await cluster.missingRights(all.map(unnamed))).map(textOfRight));
  const open = all.filter((right) => wide.has(textOfRight(unnamed(right))));
  const missing = new Set((await cluster.missingRights(open)).map(textOfRight));
  return verdicts.map((verdict) => {
    const lacking = (needs.get(verdict.item.uid) ?? []).filter((right) => missing.has(textOfRight(right)));
    return lacking.length > 0
      ? { ...verdict, blocked: `not allowed here: ${lacking.map(describeAccess).join(", ")}` }
      : verdict;
  });
}

const unnamed = ({ name: _name, ...right }: AccessQuery): AccessQuery => right;
const textOfRight = (right: AccessQuery) =>
  JSON.stringify([right.verb, right.resource, right.namespace, right.name]);
