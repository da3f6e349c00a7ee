import type { Clock } from "../../src/system/system.ts";

/** Time that passes only by sleeping, at once. `onSleep` lets the world move on meanwhile. */
export function createFakeClock(
  options: { start?: number; onSleep?: (now: number) => void } = {},
): Clock & { readonly slept: readonly number[] } {
  const slept: number[] = [];
  let now = options.start ?? Date.parse("2026-11-23T12:00:00Z");
  return {
    slept,
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
      options.onSleep?.(now);
      signal?.throwIfAborted();
    },
  };
}
