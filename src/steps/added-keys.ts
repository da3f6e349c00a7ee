import { parseExternalSecret } from "../checks/view/external-secret.ts";
import { at, listOf, recordOf, recordsAt } from "../data.ts";
import type { DesiredSecret } from "../desired/desired.ts";
import { dataEntry } from "../desired/manifests.ts";
import { isWrite, type Action, type Change, type Step } from "../engine/plan.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { KeyInput } from "../inputs/inputs.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { lacksKeys } from "../sync/cause.ts";
import { syncSecrets } from "../sync/sync.ts";
import type { RoadContext } from "./context.ts";
import { refOf, rightsFor, sameData, targetOf } from "./objects.ts";
import { readyOf } from "./poke.ts";
import { lookAtRestarts } from "./restart.ts";

const STEP = "secret";
/** ESO writes the object's status all the time: the guard fails on that too, and what counts is looked at again. */
const TRIES = 5;

/** An ExternalSecret that is changed where it lives, because no file of ours says its keys, and the keys that it is to get. */
export interface Adding {
  readonly secret: DesiredSecret;
  readonly keys: readonly KeyInput[];
  /** It takes every key of the folder: nothing has to be added, only synced. */
  readonly takesAll: boolean;
}

/**
 * Adds entries to `spec.data` by a JSON patch guarded by the resourceVersion: the list is atomic, so that a server-side apply
 * would own it whole (eso.md 9). What does not sync is taken back: one bad key stops all the others.
 */
export function addedKeysStep(adding: Adding): Step<RoadContext> {
  return {
    id: STEP,
    title: "the keys are in the ExternalSecret",
    async look(context) {
      const { target, restart, namespaces } = adding.secret;
      const looks = namespaces.map(async (namespace) => {
        const action = await lookAtOne(context, adding, namespace);
        return { action, restarting: { target, restart, namespace, isChanging: isWrite(action.change) } };
      });
      const found = await Promise.all(looks);
      const restarts = await lookAtRestarts(
        context,
        found.map(({ restarting }) => restarting),
      );
      return [...found.map(({ action }) => action), ...restarts];
    },
  };
}

async function lookAtOne(
  context: RoadContext,
  { secret, keys, takesAll }: Adding,
  namespace: string,
): Promise<Action> {
  const { name } = secret;
  const live = await context.cluster.get({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    namespace,
    name,
  });
  if (live) return takesAll ? lookAtAll(context, live, secret, keys) : lookAtEntries(context, live, keys);
  throw new BootstrapError("ESOB-E301", {
    message: `There is no ExternalSecret ${namespace}/${name} in the cluster.`,
    fix: { summary: "Where a file names it, apply that first.", command: "eso-bootstrap apply" },
  });
}

const changeOf = (live: KubeObject, action: Change["action"], summary: string): Change => ({
  step: STEP,
  action,
  target: targetOf(live),
  summary,
});

function lookAtEntries(context: RoadContext, live: KubeObject, keys: readonly KeyInput[]): Action {
  const entries = recordsAt(live["spec"], "data");
  const there = new Set(entries.map(({ secretKey }) => secretKey));
  const missing = keys.filter(({ as }) => !there.has(as)).map(dataEntry);
  const names = keys.map(({ as }) => as).join(", ");
  if (missing.length > 0)
    return {
      change: {
        ...changeOf(live, "update", `add ${missing.map(({ secretKey }) => String(secretKey)).join(", ")}`),
        diff: [{ path: "spec.data", from: entries, to: [...entries, ...missing] }],
      },
      needs: { kubernetes: rightsFor(live, ["patch"]) },
      apply: () => addAndProve(context, live, missing),
    };
  if (readyOf(live)?.ready === true) return { change: changeOf(live, "unchanged", `has ${names}`) };
  return forcedSync(context, live, "not synced: have ESO sync it again");
}

/** Nothing to change in the object: only the Secret says whether the key has come. */
async function lookAtAll(
  context: RoadContext,
  live: KubeObject,
  { target }: DesiredSecret,
  keys: readonly KeyInput[],
): Promise<Action> {
  const namespace = live.metadata.namespace ?? "default";
  const missing = async () => {
    const secret = await context.cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name: target });
    const data = recordOf(secret?.["data"]);
    return keys.filter(({ as }) => !(as in data)).map(({ as }) => as);
  };
  const names = await missing();
  if (names.length === 0) return { change: changeOf(live, "unchanged", "takes every key of the folder") };
  const sync = forcedSync(context, live, `takes every key of the folder: have ESO sync ${names.join(", ")}`);
  return {
    ...sync,
    apply: async () => {
      await sync.apply?.();
      const still = await missing();
      if (still.length > 0) throw lacksKeys(parseExternalSecret(live), still);
    },
  };
}

function forcedSync(context: RoadContext, live: KubeObject, summary: string): Action {
  return {
    change: changeOf(live, "update", summary),
    needs: { kubernetes: rightsFor(live, ["patch"]) },
    apply: () => prove(context, live),
  };
}

async function addAndProve(context: RoadContext, live: KubeObject, entries: readonly Entry[]): Promise<void> {
  await patchData(context, live, (data) => {
    if (!sameData(data, listOf(at(live["spec"], "data")))) throw meanwhile(live);
    return data.length === 0
      ? [{ op: "add", path: "/spec/data", value: entries }]
      : entries.map((value) => ({ op: "add" as const, path: "/spec/data/-", value }));
  });
  try {
    await prove(context, live);
  } catch (error) {
    if (!isBootstrapError(error) || context.options.signal.aborted) throw error;
    await takeBack(context, live, entries);
    throw new BootstrapError(error.code, {
      message: error.message,
      reason: [error.reason, "what was added was taken back, so that the other keys go on"]
        .filter(Boolean)
        .join("; "),
      fix: error.fix,
      cause: error,
    });
  }
}

type Entry = Readonly<Record<string, unknown>>;

async function takeBack(context: RoadContext, live: KubeObject, entries: readonly Entry[]): Promise<void> {
  await patchData(context, live, (data) =>
    data
      .flatMap((entry, index) => (entries.some((added) => isEntry(entry, added)) ? [index] : []))
      .toReversed()
      .map((index) => ({ op: "remove" as const, path: `/spec/data/${index}` })),
  );
}

/** The API server may have filled in defaults (ESO before 2.9). */
function isEntry(entry: unknown, added: Entry): boolean {
  const remoteKey = (one: unknown) => at(one, "remoteRef", "key");
  return at(entry, "secretKey") === added["secretKey"] && remoteKey(entry) === remoteKey(added);
}

/** Patches what is there now, guarded; `operations` sees the list as it is then. */
async function patchData(
  { cluster }: RoadContext,
  live: KubeObject,
  operations: (data: readonly unknown[]) => Parameters<RoadContext["cluster"]["patch"]>[1],
): Promise<void> {
  const ref = refOf(live);
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const now = await cluster.get(ref);
    if (!now || now.metadata.uid !== live.metadata.uid) throw meanwhile(live);
    const wanted = operations(listOf(at(now["spec"], "data")));
    if (wanted.length === 0) return;
    const guard = {
      op: "test" as const,
      path: "/metadata/resourceVersion",
      value: now.metadata.resourceVersion,
    };
    if ((await cluster.patch(ref, [guard, ...wanted])) === "patched") return;
  }
  throw meanwhile(live);
}

function meanwhile({ metadata }: KubeObject): BootstrapError {
  return new BootstrapError("ESOB-C201", {
    message: `ExternalSecret ${metadata.name} has changed since the plan was made.`,
    fix: { summary: "Run it again: it looks at what is there now." },
  });
}

/** Synced after this, whatever was true before. */
async function prove(context: RoadContext, live: KubeObject): Promise<void> {
  const { cluster, clock, emit, options } = context;
  const now = await cluster.get(refOf(live));
  if (!now) throw meanwhile(live);
  const secret = parseExternalSecret(now);
  const { timeoutMs, signal } = options;
  const [synced] = await syncSecrets({ cluster, clock, emit, signal }, [secret], { timeoutMs });
  if (synced?.result.error) throw synced.result.error;
}
