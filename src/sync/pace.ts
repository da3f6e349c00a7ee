import type { Emit } from "../engine/events.ts";
import type { Clock } from "../system/system.ts";

/** Holds everybody back while Infisical refuses more requests: its limits count per address, so all of ESO's calls share them. */
export interface Pace {
  /** Resolves when the way is free. */
  open(): Promise<void>;
  hold(seconds: number): void;
}

export function createPace(clock: Clock, emit: Emit, signal: AbortSignal): Pace {
  let freeAt = 0;
  return {
    async open() {
      for (let ms = freeAt - clock.now(); ms > 0; ms = freeAt - clock.now()) await clock.sleep(ms, signal);
    },
    hold(seconds) {
      const until = clock.now() + seconds * 1000;
      if (until <= freeAt) return;
      freeAt = until;
      emit({ type: "waiting", what: "Infisical", state: `its rate limit: ${seconds}s` });
    },
  };
}

/** Where a server says nothing: the window of Infisical's limits is a minute (infisical-api.md section 6). */
const DEFAULT_SECONDS = 30;

/** Seconds until ESO may ask again, when its error is Infisical's rate limit (429; ESO does not try again by itself, eso.md 1.7). */
export function rateLimitIn(error: string | undefined): number | undefined {
  if (error === undefined || !/status-code=429|rate limit exceeded|too many requests/i.test(error))
    return undefined;
  const [, seconds] = /try again in (\d+) seconds?/i.exec(error) ?? [];
  return seconds === undefined ? DEFAULT_SECONDS : Math.max(1, Math.min(60, Number(seconds)));
}
