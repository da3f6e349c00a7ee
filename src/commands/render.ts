import { join } from "node:path";
import { typedWith } from "../command-line.ts";
import type { CommandDeps } from "../commands.ts";
import { desiredOf, type Desired } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Inputs, Namespaces } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { resolveAll } from "../inputs/resolve.ts";
import { resolveOptions } from "./read-inputs.ts";
import { extraIn } from "./render-extras.ts";
import { render, renderGaps, yamlText, type Rendered } from "./render-text.ts";

/** Prints what `apply` would send, from file and flags alone: no cluster, no Infisical, no credentials. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const extra = extraIn(invocation);
  const options = await resolveOptions(invocation, deps);
  const all = resolveAll(extra ? { ...options, needs: [] } : options);
  const rendered = await Promise.all(
    all.map(async (inputs) => {
      const desired = await desiredFrom(deps, inputs);
      return extra ? extra(desired, inputs, invocation) : renderRoad(desired, deps);
    }),
  );
  await write(distinct(rendered.flat(), invocation, all), invocation, deps);
  return 0;
}

/** What is the same for several clusters once. What differs has one name for all, and nobody could tell whose it is: ESOB-C108. */
function distinct(
  rendered: readonly Rendered[],
  invocation: Invocation,
  all: readonly Inputs[],
): readonly Rendered[] {
  const different = [...new Map(rendered.map((one) => [`${one.file} ${one.text}`, one])).values()];
  const twin = different.find(({ file }, index) => different.findIndex((one) => one.file === file) < index);
  if (twin && all.length > 1) throw notAlike(twin, invocation, all);
  return different;
}

function notAlike({ file }: Rendered, invocation: Invocation, all: readonly Inputs[]): BootstrapError {
  const contexts = all.map(({ cluster }) => cluster.context ?? "");
  return new BootstrapError("ESOB-C108", {
    message: `${file} is not the same for the ${all.length} clusters that are meant.`,
    reason: `each gets its own: ${contexts.join(", ")}`,
    fix: {
      summary: "Render and apply it once for each, in its context.",
      command: typedWith(invocation, "--context", contexts[0] ?? ""),
    },
  });
}

async function write(rendered: readonly Rendered[], { flags }: Invocation, deps: CommandDeps): Promise<void> {
  const items = rendered.map(({ object }) => object);
  const { out } = flags;
  if (typeof out !== "string") {
    deps.reporter.end({ kind: "Text", text: yamlText(rendered), items });
    return;
  }
  const files = await deps.files();
  for (const { file, text } of rendered) await files.write(join(out, file), text);
  deps.reporter.event({ type: "note", text: `${rendered.length} files in ${out}` });
  deps.reporter.end({ kind: "Text", text: "", items });
}

function renderRoad(desired: Desired, { reporter }: CommandDeps): Rendered[] {
  for (const text of renderGaps(desired)) reporter.event({ type: "warning", text });
  return render(desired);
}

async function desiredFrom({ files }: CommandDeps, inputs: Inputs): Promise<Desired> {
  const { caFile } = inputs.infisical;
  const infisicalCa = caFile === undefined ? undefined : await (await files()).read(caFile);
  return desiredOf(inputs, {
    context: inputs.cluster.context ?? "cluster",
    namespaces: namesOnly,
    infisicalCa,
    clusterCa: undefined,
    firstValues: [],
  });
}

function namesOnly(setting: Namespaces): readonly string[] {
  if ("names" in setting) return setting.names;
  throw new BootstrapError("ESOB-C104", {
    message:
      "A namespace selector cannot be rendered: which namespaces carry the labels, only the cluster knows.",
    fix: { summary: "Name the namespaces as a list, or use `eso-bootstrap apply`." },
  });
}
