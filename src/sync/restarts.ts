import { isBootstrapError, type BootstrapError } from "../errors.ts";
import { findRestarts, nameOf, restart, type Restart } from "../steps/restart.ts";
import { inParallel } from "./parallel.ts";
import type { SyncedSecret } from "./result.ts";
import type { SyncContext, Synced } from "./sync.ts";
import type { Target } from "./targets.ts";

const CONCURRENCY = 8;

/** Restarts what uses the Secrets and was not started with what they hold now; each workload once. Results in the same order. */
export async function restartUsers(
  context: SyncContext,
  synced: readonly Synced[],
  targets: readonly Target[],
  timeoutMs: number,
): Promise<SyncedSecret[]> {
  const meant = synced.flatMap(({ secret, hash }, index) =>
    hash === undefined
      ? []
      : [
          {
            target: secret.target,
            namespace: secret.namespace,
            restart: targets[index]?.restart ?? "auto",
            isChanging: false,
          },
        ],
  );
  const restarts = await findRestarts(context, meant);
  for (const { workload, isReloaded } of restarts)
    if (isReloaded)
      context.emit({ type: "note", text: `${workload.kind} ${workload.metadata.name} is left to Reloader.` });
  const ours = restarts.filter(({ isReloaded }) => !isReloaded);
  const options = { timeoutMs, signal: context.signal };
  const outcomes = await inParallel(ours, CONCURRENCY, async (one) => ({
    one,
    error: await restart({ ...context, options }, one).then(() => undefined, expected),
  }));
  return synced.map(({ secret, result }) => {
    const concerning = outcomes.filter(({ one }) => isFor(one, secret));
    const error = concerning.find((outcome) => outcome.error)?.error;
    const restarted = concerning.filter((outcome) => !outcome.error).map(({ one }) => nameOf(one.workload));
    return { ...result, restarted, ...(error && { result: "failed" as const, error }) };
  });
}

function isFor({ workload, secrets }: Restart, { namespace, target }: Synced["secret"]): boolean {
  return workload.metadata.namespace === namespace && secrets.includes(target);
}

function expected(error: unknown): BootstrapError {
  if (isBootstrapError(error)) return error;
  throw error;
}
