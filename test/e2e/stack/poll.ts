import { setTimeout as delay } from "node:timers/promises";

/** How long and how often `until` looks. */
export interface PollOptions {
  timeoutMs?: number;
  everyMs?: number;
  /** Appended to the message when the time is up, for instance the end of a log. */
  explain?: () => string;
  /** Called before every look; throws `GiveUp` when what is awaited cannot come any more. */
  unless?: () => void;
}

/** An error that ends polling at once, because what is awaited cannot come any more. */
export class GiveUp extends Error {}

/** Polls until the probe gives something other than undefined, null or false. A throwing probe is asked again. */
export async function until<T>(
  what: string,
  probe: () => Promise<T> | T,
  { timeoutMs = 30_000, everyMs = 50, explain = () => "", unless = () => undefined }: PollOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      unless();
      const value = await probe();
      if (value !== undefined && value !== null && value !== false)
        return value as NonNullable<Exclude<T, false>>;
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      last = error;
    }
    if (Date.now() > deadline) {
      const because = last instanceof Error ? `: ${last.message}` : "";
      throw new Error(`waited ${timeoutMs / 1000} s for ${what}${because}\n${explain()}`.trim());
    }
    await delay(everyMs);
  }
}
