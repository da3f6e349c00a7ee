import { isBootstrapError } from "../errors.ts";
import type { CommandDeps } from "../commands.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { ClusterResult, CommandResult } from "../ui/reporter.ts";

/** What a command ends with on one cluster. */
export interface ClusterOutcome {
  readonly result: ClusterResult["result"];
  readonly exitCode: number;
}

/** Worst first (product.md section 4). */
export const WORST_FIRST = [70, 130, 124, 5, 2, 1, 3, 4, 6, 0];

/** One cluster: its result. Several: a table of all at the end; a broken one does not stop the others; the exit code is the worst. */
export async function onEachCluster(
  all: readonly Inputs[],
  { reporter, signal }: CommandDeps,
  work: (inputs: Inputs) => Promise<ClusterOutcome>,
): Promise<number> {
  const [only] = all;
  if (only && all.length === 1) {
    const { result, exitCode } = await work(only);
    if (result.kind === "Error") throw result.error;
    reporter.end(result);
    return exitCode;
  }
  const items: ClusterResult[] = [];
  const codes: number[] = [];
  for (const inputs of all) {
    signal.throwIfAborted();
    const cluster = inputs.cluster.name ?? inputs.cluster.context ?? "?";
    const { result, exitCode } = await work(inputs).catch(errorOutcome);
    items.push({ cluster, result });
    codes.push(exitCode);
  }
  const list: CommandResult = { kind: "List", items };
  reporter.end(list);
  return WORST_FIRST.find((code) => codes.includes(code)) ?? 0;
}

function errorOutcome(error: unknown): ClusterOutcome {
  if (!isBootstrapError(error)) throw error;
  return { result: { kind: "Error", error }, exitCode: error.exitCode };
}
