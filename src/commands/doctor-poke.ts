import { isOfEso } from "../checks/retry.ts";
import type { Emit } from "../engine/events.ts";
import type { CheckResult, Subject } from "../engine/check.ts";
import { isBootstrapError } from "../errors.ts";
import type { Cluster, ObjectRef } from "../kubernetes/cluster.ts";
import { isOurs } from "../steps/objects.ts";
import { pokeLive } from "../steps/poke.ts";
import { inParallel } from "../sync/parallel.ts";
import type { Clock } from "../system/system.ts";

/** Has ESO look again at what waits in its back-off, and remembers whom it reached. */
export interface Poker {
  /** Stores first: ESO refuses ExternalSecrets of a store that is not ready. */
  poke(results: readonly CheckResult[]): Promise<void>;
  /** True when ESO was told to look at the subject: what it says of it then is no older than that. */
  reached(result: CheckResult): boolean;
}

/** ESO's back-off grows to 7 minutes (eso.md 1.7); whoever waits here does not want to wait for that. */
const POKE_EVERY_MS = 10_000;
const CONCURRENCY = 16;

/** `others`: what does not carry our mark, too, as `sync` does; only where a sync was asked for. */
export function createPoker(
  { cluster, clock, emit }: { readonly cluster: Cluster; readonly clock: Clock; readonly emit: Emit },
  { others }: { readonly others: boolean },
): Poker {
  const poked = new Map<string, number>();
  const refused = new Set<string>();
  const told = new Set<string>();
  const say = (text: string) => {
    if (!told.has(text)) emit({ type: "note", text });
    told.add(text);
  };
  const pokeOne = async (subject: Subject) => {
    const key = keyOf(subject);
    const place = `${subject.kind} ${subject.namespace ?? ""}`;
    if (refused.has(place) || clock.now() - (poked.get(key) ?? Number.NEGATIVE_INFINITY) < POKE_EVERY_MS)
      return;
    const live = await cluster.get({ apiVersion: "external-secrets.io/v1", ...subject } satisfies ObjectRef);
    if (!live) return;
    if (!others && !isOurs(live))
      return say(
        `${subject.kind} ${subject.name} was made by somebody else: ESO is not told to look at it now`,
      );
    await pokeLive(cluster, clock, live);
    poked.set(key, clock.now());
  };
  /** What may not be told to ESO is waited for, no less. */
  const tryOne = async (subject: Subject) => {
    try {
      await pokeOne(subject);
    } catch (error) {
      if (!isBootstrapError(error)) throw error;
      if (error.code !== "ESOB-K104") return;
      refused.add(`${subject.kind} ${subject.namespace ?? ""}`);
      say(
        `not allowed to patch ${subject.kind}s: ESO looks again when its own time has come, and that may take minutes`,
      );
    }
  };
  return {
    async poke(results) {
      const waiting = subjectsOf(results);
      for (const isFirst of [true, false])
        await inParallel(
          waiting.filter(({ kind }) => isFirst === (kind !== "ExternalSecret")),
          CONCURRENCY,
          tryOne,
        );
    },
    reached: ({ subject }) => subject !== undefined && poked.has(keyOf(subject)),
  };
}

function subjectsOf(results: readonly CheckResult[]): Subject[] {
  const subjects = results.filter(isOfEso).flatMap(({ subject }) => subject ?? []);
  return [...new Map(subjects.map((subject) => [keyOf(subject), subject])).values()];
}

const keyOf = ({ kind, namespace, name }: Subject) => `${kind}/${namespace ?? ""}/${name}`;
