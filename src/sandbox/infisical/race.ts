/** Two callers at once (infisical-api.md 10.6): where they meet between look-up and write. */

/** Waits for a second caller to come this far, at most as long as the window is open. */
export type RaceWindow = () => Promise<void>;

/** A meeting point; a window of 0 ms is closed: everybody passes at once. */
export function createRaceWindow(windowMs: number): RaceWindow {
  let wakeFirst: (() => void) | undefined;
  return () => {
    if (windowMs === 0) return Promise.resolve();
    if (wakeFirst !== undefined) {
      wakeFirst();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => wakeFirst?.(), windowMs);
      wakeFirst = () => {
        clearTimeout(timer);
        wakeFirst = undefined;
        resolve();
      };
    });
  };
}
