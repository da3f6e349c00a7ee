import { runChecks, type CheckResult } from "../engine/check.ts";
import type { Emit } from "../engine/events.ts";
import { collect, type Subjects } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import type { Scope } from "./scope.ts";
import { askForFile } from "./identity/seen.ts";
import { assertSomethingSeen } from "./readable.ts";
import { checksFor, shown, type Choice } from "./index.ts";
import { passingIds } from "./retry.ts";

/** Everything that a look needs but what it finds itself. */
export type Ground = Omit<CheckContext, keyof Subjects | "once">;

/** What one look found. */
export interface Seen {
  readonly results: readonly CheckResult[];
  readonly context: CheckContext;
  /** Ids of the troubles that time alone may mend. */
  readonly passing: ReadonlySet<string>;
}

/** One look: reads the stores and ExternalSecrets of the scope and runs the checks. Throws where nothing can be judged (exit 5). */
export async function examine(ground: Ground, choice: Choice, emit: Emit): Promise<Seen> {
  const once = createOnce();
  const { scope } = ground;
  if (scope.desired && isWhole(scope, choice)) askForFile({ ...ground, once }, scope.desired);
  const subjects = await collect(ground.cluster, scope);
  assertSomethingSeen(subjects);
  const context: CheckContext = { ...ground, ...subjects, once };
  const checks = checksFor(context, choice);
  const results = await runChecks(checks, context, emit, () => ground.clock.now());
  return { results: shown(results, choice), context, passing: passingIds(checks, results) };
}

/** Nothing is left out: all of it will be asked for anyway. */
const isWhole = ({ names }: Scope, { only, skip }: Choice) =>
  [names, only, skip].every(({ length }) => length === 0);

/** Remembers the promise, so that parallel askers share one read. */
function createOnce(): CheckContext["once"] {
  const known = new Map<string, Promise<unknown>>();
  return <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const running = known.get(key) ?? read();
    known.set(key, running);
    return running as Promise<T>;
  };
}
