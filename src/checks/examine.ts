import { runChecks, type CheckResult } from "../engine/check.ts";
import type { Emit } from "../engine/events.ts";
import { collect } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { checksFor, shown, type Choice } from "./index.ts";

/** Everything that a look needs but what it finds itself. */
export type Ground = Omit<CheckContext, "stores" | "secrets" | "known" | "hidden" | "once">;

/** One look: reads the stores and ExternalSecrets of the scope and runs the checks. Throws where nothing can be judged (exit 5). */
export async function examine(
  ground: Ground,
  choice: Choice,
  emit: Emit,
): Promise<{ readonly results: readonly CheckResult[]; readonly context: CheckContext }> {
  const context: CheckContext = {
    ...ground,
    ...(await collect(ground.cluster, ground.scope)),
    once: createOnce(),
  };
  const results = await runChecks(checksFor(context, choice), context, emit, () => ground.clock.now());
  return { results: shown(results, choice), context };
}

/** Remembers the promise, so that parallel askers share one read. */
function createOnce(): CheckContext["once"] {
  const known = new Map<string, Promise<unknown>>();
  return <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const running = known.get(key) ?? read();
    known.set(key, running);
    return running as Promise<T>;
  };
}
