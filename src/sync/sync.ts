import { recordOf } from "../data.ts";
import { parseExternalSecret, storesOf, type SecretView } from "../checks/view/external-secret.ts";
import { storeKey } from "../checks/view/store.ts";
import { dataHash } from "../desired/manifests.ts";
import type { Emit } from "../engine/events.ts";
import { isBootstrapError, type BootstrapError } from "../errors.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { pokeLive } from "../steps/poke.ts";
import type { Clock } from "../system/system.ts";
import { didNotSync, isReadOnceError, lacksKeys, notInTime, warningOfSecret } from "./cause.ts";
import { isFresh, isReadOnce, isRefused, keysOf } from "./fresh.ts";
import { createHub, type Hub, type Place, type Watched } from "./hub.ts";
import { watchForLate, type AskServer, type Late } from "./late.ts";
import { createPace, rateLimitIn, type Pace } from "./pace.ts";
import { inParallel } from "./parallel.ts";
import type { SyncedSecret } from "./result.ts";
import { wakeStores } from "./stores.ts";

export interface SyncContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export interface SyncOptions {
  /** Milliseconds without any progress; with `isStrict` for all together. */
  readonly timeoutMs: number;
  readonly isStrict?: boolean;
  readonly patience?: Partial<Patience>;
  /** Looks at the server itself where ESO has nothing to say. */
  readonly askServer?: AskServer;
}

/** Milliseconds. */
interface Patience {
  /** After a failure: ESO tries again by itself after 1 s and 2 s. */
  readonly graceMs: number;
  /** For one that was failing before: the same failure again does not show in its condition. */
  readonly staleMs: number;
}

const PATIENCE: Patience = { graceMs: 5000, staleMs: 20_000 };

/** ExternalSecrets under way at once: ESO works on one at a time unless told otherwise, and this is only its queue. */
const CONCURRENCY = 16;

/** One that was synced, and what its Secret holds now. */
export interface Synced {
  readonly secret: SecretView;
  readonly result: SyncedSecret;
  /** Of the Secret's data; undefined where there is none or it failed. */
  readonly hash: string | undefined;
}

interface Run extends SyncContext {
  readonly hub: Hub;
  readonly pace: Pace;
  readonly patience: Patience;
  readonly timeoutMs: number;
  readonly askServer: AskServer | undefined;
  readonly stores: ReadonlyMap<string, BootstrapError>;
  /** Milliseconds that are left. */
  left(): number;
}

/** Forces a sync of each and proves it newer than the force. Failures are results; only what ends the whole run is thrown. */
export async function syncSecrets(
  context: SyncContext,
  secrets: readonly SecretView[],
  { timeoutMs, isStrict = false, patience: given, askServer }: SyncOptions,
): Promise<Synced[]> {
  const patience = { ...PATIENCE, ...given };
  let until = context.clock.now() + timeoutMs;
  const left = () => Math.max(0, until - context.clock.now());
  const stores = await wakeStores(context, secrets, Math.min(timeoutMs, patience.staleMs));
  const hub = createHub(context.cluster, placesOf(secrets), context.signal);
  const pace = createPace(context.clock, context.emit, context.signal);
  const run: Run = { ...context, hub, pace, patience, timeoutMs, askServer, stores, left };
  const tell = progress(context, secrets.length);
  try {
    return await inParallel(secrets, CONCURRENCY, async (secret) => {
      const synced = await syncOne(run, secret).catch(failedWith(secret));
      if (!isStrict) until = context.clock.now() + timeoutMs;
      tell();
      return synced;
    });
  } finally {
    hub.close();
  }
}

/** Says how far it is, at most every other second: without a terminal each is a line. */
function progress({ clock, emit }: SyncContext, all: number): () => void {
  let [done, told] = [0, clock.now()];
  return () => {
    done += 1;
    if (clock.now() - told < 2000) return;
    told = clock.now();
    emit({ type: "waiting", what: "synced", state: `${done} of ${all}` });
  };
}

/** Few in a namespace are watched by name, as may be all that one is allowed. */
function placesOf(secrets: readonly SecretView[]): Place[] {
  const names = new Map<string, string[]>();
  for (const { namespace, name } of secrets) names.set(namespace, [...(names.get(namespace) ?? []), name]);
  if (names.size > MANY_NAMESPACES) return [{}];
  return [...names].map(([namespace, [name = "", ...others]]) => ({
    namespace,
    ...(others.length === 0 && { fieldSelector: `metadata.name=${name}` }),
  }));
}

/** From here on one watch over the whole cluster costs less than one each. */
const MANY_NAMESPACES = 20;

function failedWith(secret: SecretView): (error: unknown) => Synced {
  return (error) => {
    if (isBootstrapError(error)) return failed(secret, error);
    throw error;
  };
}

function failed(secret: SecretView, error: BootstrapError): Synced {
  const { namespace, name, refreshTime } = secret;
  const result = { namespace, name, result: "failed" as const, refreshTime, keys: 0, restarted: [], error };
  return { secret, hash: undefined, result };
}

async function syncOne(run: Run, secret: SecretView): Promise<Synced> {
  const { namespace, name } = secret;
  const behind = storesOf(secret).find((ref) => run.stores.has(storeKey(ref.kind, namespace, ref.name)));
  const blocked = behind && run.stores.get(storeKey(behind.kind, namespace, behind.name));
  if (blocked) return failed(secret, blocked);
  if (isReadOnce(secret)) return failed(secret, isReadOnceError(secret));
  const watched = run.hub.watch(namespace, name);
  try {
    for (;;) {
      await run.pace.open();
      const hashBefore = dataHash(await dataOf(run, secret));
      const forced = await force(run, secret, watched);
      if (forced.fresh) return await settle(run, forced.now, hashBefore);
      if (run.left() === 0) return failed(forced.now, forced.error);
      if (forced.again === undefined) return failed(forced.now, forced.error);
      run.pace.hold(forced.again);
    }
  } finally {
    watched.close();
  }
}

type Forced =
  | { readonly fresh: true; readonly now: SecretView }
  /** `again`: seconds until it is worth another try. */
  | {
      readonly fresh: false;
      readonly now: SecretView;
      readonly error: BootstrapError;
      readonly again?: number | undefined;
    };

/** Pokes once and waits until ESO has synced it, or has tried and failed. */
async function force(run: Run, secret: SecretView, watched: Watched): Promise<Forced> {
  const { cluster, clock, askServer, left } = run;
  const { namespace, name } = secret;
  const live = await cluster.get({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    namespace,
    name,
  });
  if (!live)
    return { fresh: false, now: secret, error: didNotSync({ ...secret, ready: undefined }, undefined) };
  const before = parseExternalSecret(live);
  await pokeLive(cluster, clock, live);
  const late = watchForLate(clock, askServer, before, left());
  try {
    return await answerTo(run, before, watched, late);
  } finally {
    late.close();
  }
}

/** What ESO makes of the poke. */
async function answerTo(run: Run, before: SecretView, watched: Watched, late: Late): Promise<Forced> {
  const { cluster, patience, timeoutMs, left } = run;
  const fresh = (now: SecretView) => isFresh(before, now);
  const wasFailing = before.ready?.ready === false;
  let now = await watched.until(
    (state) => fresh(state) || isRefused(before, state),
    wasFailing ? Math.min(left(), patience.staleMs) : left(),
  );
  const isTrouble = now !== undefined && now !== "gone" && now.ready?.ready === false;
  if (isTrouble) now = await watched.until(fresh, Math.min(left(), patience.graceMs));
  if (now === "gone")
    return { fresh: false, now: before, error: didNotSync({ ...before, ready: undefined }, undefined) };
  if (now && fresh(now)) return { fresh: true, now };
  const last = now ?? before;
  if (last.ready?.ready !== false)
    return { fresh: false, now: last, error: notInTime(before, last, timeoutMs, await late.why()) };
  const reason = await warningOfSecret(cluster, last);
  return { fresh: false, now: last, error: didNotSync(last, reason), again: rateLimitIn(reason) };
}

/** What was synced, next to the Secret: `Ready=True` alone does not mean that it is there (eso.md 3.2). */
async function settle(run: Run, now: SecretView, hashBefore: string): Promise<Synced> {
  const { namespace, name, refreshTime, creationPolicy } = now;
  const base = { namespace, name, refreshTime, restarted: [] };
  if (creationPolicy === "None")
    return { secret: now, hash: undefined, result: { ...base, result: "unchanged", keys: 0 } };
  const data = await dataOf(run, now);
  const missing = keysOf(now).filter((key) => !data || !(key in data));
  if (!data || missing.length > 0) return failed(now, lacksKeys(now, data ? missing : []));
  const hash = dataHash(data);
  const result = hash === hashBefore ? "unchanged" : "changed";
  return { secret: now, hash, result: { ...base, result, keys: Object.keys(data).length } };
}

async function dataOf({ cluster }: Run, { namespace, target, creationPolicy }: SecretView) {
  if (creationPolicy === "None") return undefined;
  const live = await cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name: target });
  return live && recordOf(live["data"]);
}
