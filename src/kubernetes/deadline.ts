/** A signal that ends with the first of `signals`, or when the time is up. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** True when it was the time, not one of the signals. */
  readonly timedOut: () => boolean;
  /** Lets go of timer and signals; must be called. */
  readonly clear: () => void;
}

/** Our own, because AbortSignal.any over AbortSignal.timeout may be collected before it fires on Node 20 (nodejs/node#54614). */
export function deadline(ms: number, signals: readonly (AbortSignal | undefined)[]): Deadline {
  const controller = new AbortController();
  const parents = signals.filter((signal) => signal !== undefined);
  const abort = () => controller.abort(parents.find((signal) => signal.aborted)?.reason);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    controller.abort();
  }, ms);
  for (const signal of parents) signal.addEventListener("abort", abort, { once: true });
  if (parents.some((signal) => signal.aborted)) abort();
  return {
    signal: controller.signal,
    timedOut: () => late,
    clear: () => {
      clearTimeout(timer);
      for (const signal of parents) signal.removeEventListener("abort", abort);
    },
  };
}

/** Sleeps, and wakes early (without throwing) when the signal ends. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener("abort", wake);
  });
}
