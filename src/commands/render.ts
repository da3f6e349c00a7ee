import { join } from "node:path";
import type { CommandDeps } from "../commands.ts";
import { desiredOf } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Inputs, Namespaces } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { resolveAll } from "../inputs/resolve.ts";
import { readInputs, resolveOptions } from "./read-inputs.ts";
import { doctorRbac } from "./render-rbac.ts";
import { esoAccount, render, renderGaps, yamlText, type Rendered } from "./render-text.ts";

/** Prints what `apply` would send, from file and flags alone: no cluster, no Infisical, no credentials. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const rendered = isRbac(invocation)
    ? await renderRbac(invocation, deps)
    : (
        await Promise.all((await readInputs(invocation, deps)).map((inputs) => renderOne(deps, inputs)))
      ).flat();
  const objects = rendered.map(({ object }) => object);
  const { out } = invocation.flags;
  if (typeof out !== "string") {
    deps.reporter.end({ kind: "Text", text: yamlText(rendered), items: objects });
    return 0;
  }
  const files = await deps.files();
  for (const { file, text } of rendered) await files.write(join(out, file), text);
  deps.reporter.event({ type: "note", text: `${objects.length} files in ${out}` });
  deps.reporter.end({ kind: "Text", text: "", items: objects });
  return 0;
}

/** What `--doctor-rbac` may say; by itself it leaves the login out. */
const RBAC_SCOPES: readonly unknown[] = [true, "login"];

/** True with `--doctor-rbac`; refuses what only makes sense with it, and what it does not know. */
function isRbac({ flags }: Invocation): boolean {
  const scope = flags["doctorRbac"];
  if (scope === undefined && flags["secrets"] === false)
    throw new BootstrapError("ESOB-C104", {
      message: "--no-secrets says which rights doctor gets: it goes with --doctor-rbac.",
      fix: {
        summary: "Add it, or leave it out.",
        command: "eso-bootstrap render --doctor-rbac --no-secrets",
      },
    });
  if (scope !== undefined && !RBAC_SCOPES.includes(scope))
    throw new BootstrapError("ESOB-C104", {
      message: `--doctor-rbac does not know "${typeof scope === "string" ? scope : ""}".`,
      fix: {
        summary: "Leave the value out, or let doctor log in as ESO.",
        command: "eso-bootstrap render --doctor-rbac=login",
      },
    });
  return scope !== undefined;
}

/** Needs to know where ESO is, and no project or store. */
async function renderRbac(invocation: Invocation, deps: CommandDeps): Promise<Rendered[]> {
  const options = await resolveOptions(invocation, deps);
  const [inputs] = resolveAll({ ...options, needs: [] });
  if (!inputs) return [];
  const { global, flags } = invocation;
  return doctorRbac({
    namespace: global.namespace ?? inputs.eso.namespace,
    eso: esoAccount(inputs.eso),
    secrets: flags["secrets"] !== false,
    login: flags["doctorRbac"] === "login",
  });
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
