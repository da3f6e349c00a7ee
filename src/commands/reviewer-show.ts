import type { CommandDeps } from "../commands.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { createFacts, type Facts } from "../steps/facts.ts";
import type { ReviewerUsers } from "../steps/reviewer-users.ts";
import { onEachCluster, type ClusterOutcome } from "./each-cluster.ts";
import { readInputs } from "./read-inputs.ts";
import { metricsText, reviewerStatus, statusText } from "./reviewer-text.ts";
import { openSession } from "./session.ts";

/** Age, expiry and users of the reviewer's tokens; reads only, and shows no token. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const all = await readInputs(invocation, deps);
  if (invocation.flags["metrics"] === true && all.length > 1)
    throw new BootstrapError("ESOB-C108", {
      message: "--metrics is about one cluster.",
      fix: { summary: "Name one with --context, and write a file for each." },
    });
  return onEachCluster(all, deps, (inputs) => showOne(invocation, deps, inputs));
}

async function showOne(invocation: Invocation, deps: CommandDeps, inputs: Inputs): Promise<ClusterOutcome> {
  const session = await openSession(invocation, deps, inputs);
  try {
    const { ports, desired } = session;
    const facts = createFacts(ports, desired);
    await ports.cluster.version();
    const [secrets, found] =
      desired.reviewer.mode === "self"
        ? [[], { users: [], unlisted: { organization: false, projects: [] } }]
        : await Promise.all([facts.reviewerSecrets(), usersOrWhy(facts)]);
    const status = reviewerStatus(desired, { secrets, found, now: ports.clock.now() });
    const text = invocation.flags["metrics"] === true ? metricsText(status) : statusText(status);
    return {
      result: { kind: "Text", text, items: [status] },
      exitCode: "because" in found ? found.exitCode : 0,
    };
  } finally {
    await session.close();
  }
}

/**
 * Without Infisical the cluster alone is told of, and that Infisical was not asked. Who has given a credential wanted it asked: the
 * failure is the exit code then.
 */
async function usersOrWhy(
  facts: Facts,
): Promise<ReviewerUsers | { readonly because: string; readonly exitCode: number }> {
  try {
    return await facts.reviewerUsers();
  } catch (error) {
    if (!isBootstrapError(error) || !error.code.startsWith("ESOB-I1")) throw error;
    return { because: error.message, exitCode: error.code === "ESOB-I104" ? 0 : error.exitCode };
  }
}
