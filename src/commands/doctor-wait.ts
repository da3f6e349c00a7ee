import type { Seen } from "../checks/examine.ts";
import { AWAY, isOfEso } from "../checks/retry.ts";
import type { CheckResult } from "../engine/check.ts";
import type { Emit } from "../engine/events.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { Clock } from "../system/system.ts";
import type { Poker } from "./doctor-poke.ts";

/** What waiting needs of the world. */
export interface Ground {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** How long, and for what. */
export interface Patience {
  /** ms since 1970. */
  readonly deadline: number;
  /** How long what is left may look hopeless, in ms. */
  readonly graceMs?: number;
  /** What must be gone. */
  isTrouble(result: CheckResult): boolean;
  /** undefined: nothing is told to ESO. */
  readonly poker?: Poker;
}

export interface Waited {
  /** False: the time was up, and what was left might have come. */
  readonly inTime: boolean;
  readonly seen: Seen;
}

/** The first looks follow fast: most of what is waited for takes a second. */
const PAUSES_MS = [500, 1_000, 2_000] as const;
/** What looks hopeless for so long is: controllers, caches and back-offs of seconds have had their chance. */
const GRACE_MS = 10_000;
/** Looks again until no trouble is left, none that can come by itself, or the time is up. */
export async function waitForHealth(
  first: Seen,
  look: () => Promise<Seen>,
  ground: Ground,
  { deadline, isTrouble, poker, graceMs = GRACE_MS }: Patience,
): Promise<Waited> {
  const { clock, emit, signal } = ground;
  let seen = first;
  let hopelessSince: number | undefined;
  for (let round = 0; ; round += 1) {
    const troubles = seen.results.filter(isTrouble);
    if (troubles.length === 0) return { inTime: true, seen };
    const now = clock.now();
    const causes = causesOf(troubles);
    hopelessSince = causes.some((cause) => mayPass(cause, seen, poker)) ? undefined : (hopelessSince ?? now);
    if (hopelessSince !== undefined && now - hopelessSince >= graceMs) {
      emit({ type: "note", text: "Nothing of what is left comes by waiting." });
      return { inTime: true, seen };
    }
    if (now >= deadline) return { inTime: false, seen };
    emit({ type: "waiting", what: "health", state: `${troubles.length} left, first ${causes[0]?.code}` });
    await poker?.poke(troubles);
    const pause = PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)] ?? 0;
    await clock.sleep(Math.min(pause, Math.max(0, deadline - clock.now())), signal);
    const next = await untilAnswered(look, ground, deadline);
    if ("value" in next) seen = next.value;
    else emit({ type: "warning", text: `This is the last state that was seen: ${next.error.message}` });
  }
}

/** What only follows from a cause ends with it. */
function causesOf(troubles: readonly CheckResult[]): readonly CheckResult[] {
  const causes = troubles.filter(({ follows }) => follows === undefined);
  return causes.length > 0 ? causes : troubles;
}

/** What ESO said before it was told to look again may be over. */
function mayPass(cause: CheckResult, { passing }: Seen, poker: Poker | undefined): boolean {
  return passing.has(cause.id) || (poker !== undefined && isOfEso(cause) && !poker.reached(cause));
}

type Answered<Value> = { readonly value: Value } | { readonly error: BootstrapError };

/** Waits out an API server that is away; its last word when the time is up. */
export async function untilAnswered<Value>(
  work: () => Promise<Value>,
  { clock, emit, signal }: Ground,
  deadline: number,
): Promise<Answered<Value>> {
  for (;;) {
    try {
      return { value: await work() };
    } catch (error) {
      if (!isBootstrapError(error) || !AWAY.has(error.code)) throw error;
      if (clock.now() >= deadline) return { error };
      emit({ type: "waiting", what: "the API server", state: error.message });
      await clock.sleep(Math.min(PAUSES_MS[2], Math.max(0, deadline - clock.now())), signal);
    }
  }
}

/** ESOB-C206: nothing at all was seen in the time that was given. */
export function neverAnswered(error: BootstrapError): BootstrapError {
  return new BootstrapError("ESOB-C206", {
    message: "Nothing could be judged in the time that --wait gives.",
    reason: [error.message, error.reason].filter(Boolean).join(" "),
    fix: error.fix,
  });
}
