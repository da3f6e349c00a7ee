import type { CommandDeps } from "../commands.ts";
import type { Invocation } from "../invocation.ts";
import { createStage } from "./demo-stage.ts";

/** Sandbox → the true `init` → `doctor` → `add-secret`, as a person would type them; then nothing is left. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const { openDemo, addLate, EARLY, SHOP } = await import("../sandbox/demo/index.ts");
  const demo = await openDemo(deps);
  try {
    const stage = createStage(invocation, deps, demo.deps);
    stage.say(`A simulated cluster and Infisical, on this machine only: ${demo.folder}`);
    stage.say("The commands are the true ones; helm is a stand-in that makes what ESO's chart would.");
    const { project, environment, path, namespace } = SHOP;
    const place = ["--project", project, "--environment", environment, "--path", path, "-n", namespace];
    const asks = invocation.flags["interactive"] === true;
    const given = [...place, "--secret-name", "shop-db", "--keys", EARLY.join(","), "--yes"];
    const code = await stage.play([["init", ...(asks ? [] : given)], ["doctor"], addLate]);
    stage.end();
    return code;
  } finally {
    await demo.close();
  }
}
