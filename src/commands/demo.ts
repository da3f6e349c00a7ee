import { once } from "node:events";
import type { CommandDeps } from "../commands.ts";
import type { Deps } from "../deps.ts";
import { BootstrapError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import type { HelmRun } from "../sandbox/demo/helm-program.ts";
import { breakageCalled, breakAndMend, listBreakages } from "./demo-break.ts";
import { type Act, createStage, type Stage } from "./demo-stage.ts";

/** Sandbox → the true `init` → `doctor` → `add-secret`, as a person would type them; then nothing is left. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const { openDemo, BREAKAGES, EARLY, LATE, SECRET, SHOP } = await import("../sandbox/demo/index.ts");
  const wanted = invocation.flags["break"];
  if (wanted === "list") return listBreakages(BREAKAGES, deps);
  const breakage = typeof wanted === "string" ? breakageCalled(wanted, BREAKAGES) : undefined;
  const demo = await openDemo(deps, { seed: seedOf(invocation) });
  try {
    const stage = createStage(invocation, deps, demo.deps);
    const { project, environment, path, namespace } = SHOP;
    const place = ["--project", project, "--environment", environment, "--path", path];
    const given = [...place, "--keys", EARLY.join(","), "--yes"];
    const asks = invocation.flags["interactive"] === true;
    const sample = () =>
      stage.tell([`The shop, a workload with five variables: ${demo.page}`, ...demo.variables()]);
    stage.tell([
      `A simulated cluster and Infisical, on this machine only: ${demo.folder}`,
      "The commands are the true ones; helm is a stand-in that makes what ESO's chart would.",
    ]);
    sample();
    if (asks)
      stage.tell([
        `Its values are at Infisical: project ${project}, environment ${environment}, folder ${path}.`,
      ]);
    const road: Act[] = [
      {
        line: ["init", "-n", namespace, "--secret-name", SECRET, "--restart", ...(asks ? [] : given)],
        after: sample,
      },
      { line: ["doctor"] },
    ];
    const later: Act = { line: ["add-secret", LATE, "--value-stdin", "--restart", "--yes"], after: sample };
    let code = await stage.play(breakage ? road : [...road, later]);
    if (code === 0 && breakage) code = await breakAndMend(breakage, stage, demo, { invocation, deps });
    stage.end();
    if (invocation.flags["keep"] === true) await keep(stage, demo, deps.signal);
    else if (!deps.signal.aborted) stage.tell(code === 0 && !breakage ? AND_NOW : GONE);
    return code;
  } finally {
    await demo.close();
  }
}

const GONE = ["All of it is gone again; nothing is left on this machine."];
const AND_NOW = [
  ...GONE,
  "",
  "What now:",
  "  eso-bootstrap demo --interactive       you answer the questions",
  "  eso-bootstrap demo --break list        what can break, and how doctor mends it",
  "  eso-bootstrap demo --keep              it stays up, for kubectl and curl",
  "  eso-bootstrap init                     the same on your cluster",
];

/** The world of a demo is its own: what names another is refused. */
function seedOf({ flags, global }: Invocation): string | undefined {
  const foreign = (["file", "context", "kubeconfig", "namespace"] as const).find((name) => global[name]);
  if (foreign !== undefined)
    throw new BootstrapError("ESOB-C108", {
      message: `demo takes no --${foreign}: it has a cluster and a file of its own.`,
      fix: { summary: "Leave it out.", command: "eso-bootstrap demo" },
    });
  return typeof flags["seed"] === "string" ? flags["seed"] : undefined;
}

/** What `--break` knows, for shell completion. */
export async function breakages(): Promise<{ name: string; about: string }[]> {
  const { BREAKAGES } = await import("../sandbox/demo/index.ts");
  return BREAKAGES.map(({ name, what }) => ({ name, about: what }));
}

/** The stand-in for the program helm, in another process: see `sandbox/demo/others.ts`. */
export async function helm(server: string, argv: readonly string[], deps: Deps): Promise<HelmRun> {
  const { runHelm } = await import("../sandbox/demo/helm-program.ts");
  return runHelm(server, argv, deps);
}

/** Until Ctrl-C. */
async function keep(
  stage: Stage,
  demo: { openToOthers(): Promise<readonly string[]> },
  signal: AbortSignal,
): Promise<void> {
  stage.tell(await demo.openToOthers());
  if (!signal.aborted) await once(signal, "abort");
}
