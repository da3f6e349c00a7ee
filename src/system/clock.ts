import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "./system.ts";

/** The real clock. An aborted sleep throws the signal's reason. */
export function createClock(): Clock {
  return {
    now: () => Date.now(),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      try {
        await wait(ms, undefined, signal && { signal });
      } catch (error) {
        // node:timers wraps the reason in an AbortError of its own
        signal?.throwIfAborted();
        throw error;
      }
    },
  };
}
