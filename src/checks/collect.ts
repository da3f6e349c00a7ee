import type { Finding } from "../engine/check.ts";
import { isBootstrapError } from "../errors.ts";
import { nearest } from "../inputs/nearest.ts";
import type { Cluster, KubeObject, ListQuery } from "../kubernetes/cluster.ts";
import { skip } from "./finding.ts";
import { isNamed, type Scope } from "./scope.ts";
import { parseExternalSecret, storesOf, type SecretView, type StoreRef } from "./view/external-secret.ts";
import { createShare } from "./view/share.ts";
import { parseStore, storeKey, type StoreView } from "./view/store.ts";

/** A store that is in the cluster, or should be. `line`: of eso-bootstrap.yaml. */
export interface StoreSubject {
  readonly key: string;
  readonly kind: "SecretStore" | "ClusterSecretStore";
  readonly namespace: string | undefined;
  readonly name: string;
  readonly live: StoreView | undefined;
}

/** An ExternalSecret that is in the cluster, or should be. */
export interface SecretSubject {
  readonly namespace: string;
  readonly name: string;
  readonly live: SecretView | undefined;
  /** The target Secret that the file or the object names. */
  readonly target: string;
}

/** Everything that is judged one by one, read once; objects are turned into views page by page. */
export interface Subjects {
  readonly stores: readonly StoreSubject[];
  readonly secrets: readonly SecretSubject[];
  /** Every store that was read, by `storeKey`: also of other providers. */
  readonly known: ReadonlyMap<string, StoreView>;
  /** Lists that we may not read. */
  readonly hidden: readonly Hidden[];
  /** Names of the scope that nothing has. */
  readonly unmatched: readonly Unmatched[];
}

/** A kind that may not be listed in a namespace (undefined: in the cluster): what is there is not known, and not absent. */
export interface Hidden {
  readonly kind: string;
  readonly namespace: string | undefined;
}

export interface Unmatched {
  readonly name: string;
  /** What was most likely meant. */
  readonly close: string | undefined;
}

/** True where an object that was not found may be there all the same. */
export function isHidden(
  { hidden }: Pick<Subjects, "hidden">,
  kind: string,
  namespace: string | undefined,
): boolean {
  return hidden.some(
    (one) => one.kind === kind && (one.namespace === undefined || one.namespace === namespace),
  );
}

/** A verdict over all objects of these kinds is none where some may not be listed. */
export async function unlessHidden(
  { hidden }: Pick<Subjects, "hidden">,
  kinds: readonly string[],
  judge: () => Promise<Finding> | Finding,
): Promise<Finding> {
  const unseen = hidden.find(({ kind }) => kinds.includes(kind));
  if (!unseen) return judge();
  return skip(`not judged: list ${unseen.kind}s in ${unseen.namespace ?? "the cluster"} is not allowed here`);
}

const API = "external-secrets.io/v1";

/** Reads stores and ExternalSecrets of the scope. A place that may not be read is told in `hidden`; other failures are thrown. */
export async function collect(cluster: Cluster, scope: Scope): Promise<Subjects> {
  // Nearly everybody may list the whole cluster, or asks for one namespace: the question costs no round trip then.
  const everywhere = scope.namespaces === "all" ? readAll(cluster, [{}]) : undefined;
  everywhere?.catch(() => undefined);
  const places = await placesOf(cluster, scope);
  const isWhole = places.length === 1 && places[0]?.namespace === undefined;
  const { found, known, hidden } = await (isWhole && everywhere ? everywhere : readAll(cluster, places));
  return subjectsOf(scope, found, known, hidden);
}

interface Read {
  readonly found: readonly SecretView[];
  readonly known: ReadonlyMap<string, StoreView>;
  readonly hidden: readonly Hidden[];
}

async function readAll(cluster: Cluster, places: readonly { namespace?: string }[]): Promise<Read> {
  const hidden: Hidden[] = [];
  const known = new Map<string, StoreView>();
  const found: SecretView[] = [];
  const share = createShare();
  const read = async (query: Omit<ListQuery, "apiVersion">, take: (object: KubeObject) => void) => {
    try {
      for await (const object of cluster.list({ apiVersion: API, ...query })) take(object);
    } catch (error) {
      if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
      hidden.push({ kind: query.kind, namespace: query.namespace });
    }
  };
  const takeStore = (object: KubeObject) => {
    const view = parseStore(object);
    known.set(storeKey(view.kind, view.namespace, view.name), view);
  };
  await Promise.all([
    read({ kind: "ClusterSecretStore" }, takeStore),
    ...places.flatMap((place) => [
      read({ kind: "SecretStore", ...place }, takeStore),
      read(
        { kind: "ExternalSecret", ...place },
        (object) => void found.push(parseExternalSecret(object, share)),
      ),
    ]),
  ]);
  return { found, known, hidden };
}

/** What of all that was found the scope is about. Pure. */
export function subjectsOf(
  scope: Scope,
  found: readonly SecretView[],
  known: ReadonlyMap<string, StoreView>,
  hidden: readonly Hidden[],
): Subjects {
  const secrets = secretSubjects(scope, found, known);
  const stores = storeSubjects(scope, known, secrets);
  const unmatched = unmatchedOf(scope, [...found, ...secrets, ...known.values()]);
  return { stores, secrets, known, hidden, unmatched };
}

function unmatchedOf({ names }: Scope, there: readonly { namespace: string | undefined; name: string }[]) {
  if (names.length === 0) return [];
  const texts = new Set(there.flatMap(({ namespace, name }) => [name, `${namespace}/${name}`]));
  return names
    .filter((name) => !texts.has(name))
    .map((name): Unmatched => ({ name, close: nearest(name, texts) }));
}

/** One list for the whole cluster where that is allowed, else one per namespace. */
export async function placesOf(cluster: Cluster, { namespaces }: Scope): Promise<{ namespace?: string }[]> {
  if (namespaces !== "all") return namespaces.map((namespace) => ({ namespace }));
  const everywhere = { verb: "list", group: "external-secrets.io", resource: "externalsecrets" };
  if ((await cluster.missingRights([everywhere])).length === 0) return [{}];
  const names: { namespace: string }[] = [];
  try {
    for await (const { metadata } of cluster.list({ apiVersion: "v1", kind: "Namespace" }))
      names.push({ namespace: metadata.name });
  } catch (error) {
    if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
    return [{ namespace: cluster.info.namespace }];
  }
  return names;
}

/** What the file wants, else every ExternalSecret that reads from Infisical, or from a store that is not there. */
function secretSubjects(
  scope: Scope,
  found: readonly SecretView[],
  known: ReadonlyMap<string, StoreView>,
): SecretSubject[] {
  if (!scope.desired) {
    return found
      .filter(({ namespace, name }) => isNamed(scope, namespace, name))
      .filter((secret) => {
        const refs = storesOf(secret);
        return refs.length === 0 || refs.some((ref) => isInfisicalOrAbsent(ref, secret.namespace, known));
      })
      .map((live) => ({ namespace: live.namespace, name: live.name, live, target: live.target }));
  }
  const live = new Map(found.map((secret) => [`${secret.namespace}/${secret.name}`, secret]));
  return scope.desired.secrets.flatMap(({ name, namespaces, target }) =>
    namespaces
      .filter((namespace) => isIn(scope, namespace) && isNamed(scope, namespace, name))
      .map((namespace) => ({ namespace, name, live: live.get(`${namespace}/${name}`), target })),
  );
}

function isInfisicalOrAbsent(
  ref: StoreRef,
  namespace: string,
  known: ReadonlyMap<string, StoreView>,
): boolean {
  const store = known.get(storeKey(ref.kind, namespace, ref.name));
  return store === undefined || store.provider === "infisical";
}

/** With names: the stores of the named ExternalSecrets, and those named themselves. */
function storeSubjects(
  scope: Scope,
  known: ReadonlyMap<string, StoreView>,
  secrets: readonly SecretSubject[],
): StoreSubject[] {
  const used = new Set(
    secrets.flatMap(({ live }) =>
      live ? storesOf(live).map((ref) => storeKey(ref.kind, live.namespace, ref.name)) : [],
    ),
  );
  const wanted = ({ key, namespace, name }: StoreSubject) =>
    scope.names.length === 0 || used.has(key) || isNamed(scope, namespace, name);
  const all = scope.desired ? desiredStores(scope, known) : [...known.values()].flatMap(liveStore);
  return all.filter(wanted);
}

const liveStore = (live: StoreView): StoreSubject[] =>
  live.provider === "infisical"
    ? [
        {
          key: storeKey(live.kind, live.namespace, live.name),
          kind: live.kind,
          namespace: live.namespace,
          name: live.name,
          live,
        },
      ]
    : [];

function desiredStores(scope: Scope, known: ReadonlyMap<string, StoreView>): StoreSubject[] {
  return (scope.desired?.stores ?? []).flatMap(({ kind, name, namespaces }) =>
    (kind === "ClusterSecretStore"
      ? [undefined]
      : namespaces.filter((namespace) => isIn(scope, namespace))
    ).map((namespace) => {
      const key = storeKey(kind, namespace, name);
      return { key, kind, namespace, name, live: known.get(key) };
    }),
  );
}

function isIn({ namespaces }: Scope, namespace: string): boolean {
  return namespaces === "all" || namespaces.includes(namespace);
}
