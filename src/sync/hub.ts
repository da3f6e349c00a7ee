import { parseExternalSecret, type SecretView } from "../checks/view/external-secret.ts";
import type { Cluster, ListQuery, Sighting } from "../kubernetes/cluster.ts";

/** One ExternalSecret that somebody waits for. */
export interface Watched {
  /** The first state that fits, else the last one when the time is up. "gone": it was deleted. */
  until(fits: (secret: SecretView) => boolean, ms: number): Promise<SecretView | "gone" | undefined>;
  close(): void;
}

export interface Hub {
  watch(namespace: string, name: string): Watched;
  close(): void;
}

/**
 * One watch per place for however many ExternalSecrets: only those that somebody waits for are parsed, and only their last
 * state is held. Where a watch fails for good, all who wait are told why.
 */
export function createHub(cluster: Cluster, places: readonly Place[], signal: AbortSignal): Hub {
  const end = new AbortController();
  const all = AbortSignal.any([signal, end.signal]);
  const waiting = new Map<string, Waiter>();
  let failure: unknown;
  const fail = (error: unknown) => {
    failure = error;
    for (const waiter of waiting.values()) waiter.fail(error);
  };
  const follow = async (place: Place) => {
    const query = { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", ...place };
    for await (const sighting of cluster.follow(query, all)) {
      const { namespace, name } = sighting.object.metadata;
      waiting.get(`${namespace}/${name}`)?.see(sighting);
    }
    if (signal.aborted) throw signal.reason;
  };
  for (const place of places) follow(place).catch(fail);
  return {
    watch(namespace, name) {
      const key = `${namespace}/${name}`;
      const waiter = createWaiter(() => waiting.delete(key));
      waiting.set(key, waiter);
      if (failure !== undefined) waiter.fail(failure);
      return waiter;
    },
    close: () => end.abort(),
  };
}

export type Place = Pick<ListQuery, "namespace" | "fieldSelector">;

interface Waiter extends Watched {
  see(sighting: Sighting): void;
  fail(error: unknown): void;
}

function createWaiter(close: () => void): Waiter {
  let last: SecretView | "gone" | undefined;
  let failure: { error: unknown } | undefined;
  let wake = (): void => undefined;
  return {
    see({ object, gone }) {
      last = gone ? "gone" : parseExternalSecret(object);
      wake();
    },
    fail(error) {
      failure = { error };
      wake();
    },
    until: (fits, ms) =>
      new Promise((resolve, reject) => {
        const finish = () => {
          clearTimeout(timer);
          wake = () => undefined;
          if (failure) reject(failure.error);
          else resolve(last);
        };
        const timer = setTimeout(finish, ms);
        wake = () => {
          if (failure || last === "gone" || (last && fits(last))) finish();
        };
        wake();
      }),
    close,
  };
}
