/** Rate limits (infisical-api.md section 6 and 10.5): 60 s from the first call, per client IP and route. */

import type { Clock } from "./state.ts";

export type Bucket = "read" | "write" | "secrets" | "identityCreation" | "projectCreation";

/** Calls per minute and bucket. */
export type Limits = Readonly<Record<Bucket, number>>;

/** The free plan's numbers; the two creation buckets exist in the config, their numbers are not known. */
export const freeLimits: Limits = {
  read: 60,
  write: 200,
  secrets: 40,
  identityCreation: 30,
  projectCreation: 30,
};

const windowMs = 60_000;

interface Window {
  readonly startedAt: number;
  calls: number;
}

/** One call counted. */
export interface Allowance {
  readonly allowed: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfter: number;
}

/** Counts calls; `limits` undefined means a server out of production mode: nothing counted, no headers. */
export class RateLimiter {
  readonly #limits: Limits | undefined;
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(limits: Limits | undefined, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  count(clientIp: string, route: string, bucket: Bucket): Allowance | undefined {
    if (this.#limits === undefined) return undefined;
    const limit = this.#limits[bucket];
    const now = this.#clock.now().getTime();
    const key = `${clientIp} ${route}`;
    let window = this.#windows.get(key);
    if (window === undefined || now - window.startedAt >= windowMs) {
      window = { startedAt: now, calls: 0 };
      this.#windows.set(key, window);
    }
    window.calls += 1;
    const retryAfter = Math.max(1, Math.ceil((window.startedAt + windowMs - now) / 1000));
    const allowed = window.calls <= limit;
    return {
      allowed,
      retryAfter,
      headers: {
        "x-ratelimit-limit": String(limit),
        "x-ratelimit-remaining": String(Math.max(0, limit - window.calls)),
        "x-ratelimit-reset": String(retryAfter),
        ...(allowed ? {} : { "retry-after": String(retryAfter) }),
      },
    };
  }

  reset(): void {
    this.#windows.clear();
  }
}
