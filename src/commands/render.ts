import { join } from "node:path";
import type { CommandDeps } from "../commands.ts";
import { desiredOf } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Inputs, Namespaces } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { readInputs } from "./read-inputs.ts";
import { render, renderGaps, yamlText, type Rendered } from "./render-text.ts";

/** Prints what `apply` would send, from file and flags alone: no cluster, no Infisical, no credentials. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const all = await readInputs(invocation, deps);
  const rendered = await Promise.all(all.map((inputs) => renderOne(deps, inputs)));
  const objects = rendered.flat().map(({ object }) => object);
  const { out } = invocation.flags;
  if (typeof out !== "string") {
    deps.reporter.end({ kind: "Text", text: yamlText(objects), items: objects });
    return 0;
  }
  const files = await deps.files();
  for (const { file, object } of rendered.flat()) await files.write(join(out, file), yamlText([object]));
  deps.reporter.event({ type: "note", text: `${objects.length} files in ${out}` });
  deps.reporter.end({ kind: "Text", text: "", items: objects });
  return 0;
}

async function renderOne({ files, reporter }: CommandDeps, inputs: Inputs): Promise<Rendered[]> {
  const { caFile } = inputs.infisical;
  const infisicalCa = caFile === undefined ? undefined : await (await files()).read(caFile);
  const desired = desiredOf(inputs, {
    context: inputs.cluster.context ?? "cluster",
    namespaces: namesOnly,
    infisicalCa,
    clusterCa: undefined,
    firstValues: [],
  });
  for (const text of renderGaps(desired)) reporter.event({ type: "warning", text });
  return render(desired);
}

function namesOnly(setting: Namespaces): readonly string[] {
  if ("names" in setting) return setting.names;
  throw new BootstrapError("ESOB-C104", {
    message:
      "A namespace selector cannot be rendered: which namespaces carry the labels, only the cluster knows.",
    fix: { summary: "Name the namespaces as a list, or use `eso-bootstrap apply`." },
  });
}
