import { placesOf, subjectsOf, type Hidden } from "../checks/collect.ts";
import { parseExternalSecret, type SecretView } from "../checks/view/external-secret.ts";
import { parseStore, storeKey, type StoreView } from "../checks/view/store.ts";
import type { Emit } from "../engine/events.ts";
import { isBootstrapError } from "../errors.ts";
import type { Extras } from "./build.ts";
import type { FollowEars, KubeObject, ListQuery } from "../kubernetes/cluster.ts";
import type { Clock } from "../system/system.ts";
import { readExtras, readSurroundings, reportOf, type StatusGround, type Surroundings } from "./read.ts";
import type { StatusReport } from "./report.ts";

export interface WatchOptions {
  show(report: StatusReport): void;
  readonly emit: Emit;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Changes come in bursts; a person sees no more than this. */
const REDRAW_MS = 500;
/** Ages move on also where nothing else does; ESO and reviewer are read again as often. */
const REFRESH_MS = 15_000;

const RETRY_MS = 2000;

const API = "external-secrets.io/v1";

/** Views of everything that is followed, by kind and place. */
interface State {
  readonly stores: Map<string, StoreView>;
  readonly secrets: Map<string, SecretView>;
  readonly hidden: Hidden[];
  isNew: boolean;
  /** Why what is shown may be old; told once. */
  lost: string | undefined;
  extras: Extras | undefined;
}

/** Shows the state, and again whenever it has changed, until `signal` aborts. */
export async function watchStatus(ground: StatusGround, options: WatchOptions): Promise<void> {
  const { signal, clock } = options;
  const state: State = {
    stores: new Map(),
    secrets: new Map(),
    hidden: [],
    isNew: false,
    lost: undefined,
    extras: undefined,
  };
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const collections = await collectionsOf(ground);
  const waiting = new Set(collections);
  const following = Promise.all(
    collections.map((query) =>
      followOne(ground, query, state, { ...options, signal: until }, () => void waiting.delete(query)),
    ),
  ).finally(() => ended.abort());
  const drawing = (async () => {
    let surroundings: Surroundings | undefined;
    let readAt = 0;
    while (!until.aborted) {
      const isDue = clock.now() - readAt >= REFRESH_MS;
      if (waiting.size === 0 && (state.isNew || isDue)) {
        if (isDue) readAt = clock.now();
        surroundings = isDue ? ((await again(ground, state, options.emit)) ?? surroundings) : surroundings;
        state.isNew = false;
        if (surroundings) await draw(ground, state, surroundings, options);
      }
      await clock.sleep(REDRAW_MS, until).catch(() => undefined);
    }
  })();
  await Promise.all([following, drawing]);
}

/** What the file says may be in namespaces that are not there yet: they are followed all the same. */
async function collectionsOf({ cluster, scope }: StatusGround): Promise<ListQuery[]> {
  const places = await placesOf(cluster, scope);
  return [
    { apiVersion: API, kind: "ClusterSecretStore" },
    ...places.flatMap((place) => [
      { apiVersion: API, kind: "SecretStore", ...place },
      { apiVersion: API, kind: "ExternalSecret", ...place },
    ]),
  ];
}

async function followOne(
  { cluster }: StatusGround,
  query: ListQuery,
  state: State,
  { emit, clock, signal }: WatchOptions,
  onListed: () => void,
): Promise<void> {
  const [put, drop] = handlers(state, query);
  let unseen = new Set<string>();
  const hide = () => {
    state.hidden.push({ kind: query.kind, namespace: query.namespace });
    onListed();
  };
  for (let hasListed = false; !signal.aborted; await clock.sleep(RETRY_MS, signal).catch(() => undefined)) {
    const ears: FollowEars = {
      onListing: () => (unseen = new Set(keysOf(state, query))),
      onListed: () => {
        for (const key of unseen) drop(key);
        onListed();
        hasListed = true;
        state.lost = undefined;
        state.isNew = true;
      },
      onLost: (reason) => tellLost(state, reason, emit),
    };
    try {
      for await (const { object, gone } of cluster.follow(query, signal, ears)) {
        if (gone) drop(keyOf(object));
        else unseen.delete(put(object));
        state.isNew = true;
      }
    } catch (error) {
      if (!isBootstrapError(error)) throw error;
      // An API server that has just started refuses (401, 403) until it knows its own roles.
      if (hasListed) tellLost(state, error.message, emit);
      else if (error.code === "ESOB-K104") return hide();
      else throw error;
    }
  }
}

const keyOf = ({ kind, metadata: { namespace, name } }: KubeObject) => storeKey(kind, namespace, name);

/** How an object of this kind gets into the state, and out of it. */
function handlers(state: State, { kind }: ListQuery) {
  const put = (object: KubeObject) => {
    const key = keyOf(object);
    if (kind === "ExternalSecret") state.secrets.set(key, parseExternalSecret(object));
    else state.stores.set(key, parseStore(object));
    return key;
  };
  const drop = (key: string) => void (state.secrets.delete(key) || state.stores.delete(key));
  return [put, drop] as const;
}

function keysOf({ stores, secrets }: State, { kind, namespace }: ListQuery): string[] {
  const keys = kind === "ExternalSecret" ? secrets.keys() : stores.keys();
  const prefix = namespace === undefined ? `${kind} ` : `${kind} ${namespace}/`;
  return [...keys].filter((key) => key.startsWith(prefix));
}

/** While the API server is away, what was read before stays; a watch may hear of it much later than a read. */
async function again(ground: StatusGround, state: State, emit: Emit): Promise<Surroundings | undefined> {
  try {
    const read = await readSurroundings(ground);
    state.lost = undefined;
    return read;
  } catch (error) {
    if (!isBootstrapError(error)) throw error;
    tellLost(state, error.message, emit);
    return undefined;
  }
}

function tellLost(state: State, reason: string, emit: Emit): void {
  if (state.lost === undefined) emit({ type: "warning", text: `${reason} What is shown may be old.` });
  state.lost = reason;
  state.isNew = true;
}

const NO_EXTRAS: Extras = { identities: new Map(), present: new Map() };

async function draw(
  ground: StatusGround,
  state: State,
  surroundings: Surroundings,
  { show }: WatchOptions,
): Promise<void> {
  const { stores, secrets, hidden, lost } = state;
  const subjects = subjectsOf(ground.scope, [...secrets.values()], stores, hidden);
  // Who is away knows nothing new.
  const read = lost === undefined ? readExtras(ground, subjects) : Promise.resolve(state.extras);
  state.extras = await read.catch((error: unknown) => {
    if (isBootstrapError(error)) return state.extras;
    throw error;
  });
  const report = reportOf(ground, subjects, surroundings, state.extras ?? NO_EXTRAS);
  show({ ...report, ...(lost !== undefined && { stale: lost }) });
}
