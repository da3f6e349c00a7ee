import { typedWith } from "../command-line.ts";
import type { Deps } from "../deps.ts";
import { BootstrapError } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import { resolveAll, type Need, type ResolveOptions } from "../inputs/resolve.ts";
import type { Invocation } from "../invocation.ts";

/** Read when no other is named. */
export const DEFAULT_FILE = "eso-bootstrap.yaml";

/** What each command cannot do without. */
const NEEDS: Readonly<Record<string, readonly Need[]>> = {
  init: ["project", "store"],
  plan: ["project", "store"],
  apply: ["project", "store"],
  identity: ["project", "store"],
  store: ["project", "store"],
  render: ["project", "store"],
};

/** Every source but the answers of a person. A file that was named must be there. */
export async function resolveOptions(invocation: Invocation, deps: Deps): Promise<ResolveOptions> {
  const { global, flags, command } = invocation;
  const filePath = global.file ?? DEFAULT_FILE;
  const file = await (await deps.files()).read(filePath, MAX_BYTES);
  if (file === undefined && global.file !== undefined && command !== "init")
    throw new BootstrapError("ESOB-C102", {
      message: `There is no file ${filePath}.`,
      fix: { summary: "Make it by answering questions.", command: `eso-bootstrap init -f ${filePath}` },
    });
  const namespaces =
    command === "render" ? new Map<string, string>() : await contextNamespaces(invocation, deps);
  return {
    flags,
    env: deps.env,
    file,
    filePath,
    detected: (context) => {
      const namespace = namespaces.get(context ?? "");
      return namespace === undefined ? {} : { "stores[].namespace": namespace };
    },
    needs: needsOf(invocation, file !== undefined),
    interactive: deps.interactive,
  };
}

/** These go by what is there; a file that is there must say what it wants. */
function needsOf({ command, flags }: Invocation, hasFile: boolean): readonly Need[] {
  const narrows = ["status", "uninstall"].includes(command) && flags["allNamespaces"] !== true;
  return NEEDS[hasFile && (command === "doctor" || narrows) ? "plan" : command] ?? [];
}

/** A configuration is a page or two; anything else is a mistake. */
const MAX_BYTES = 1024 * 1024;

/** Namespace of each context, and under "" of the current one; none where there is no kubeconfig: that is said when it is needed. */
async function contextNamespaces({ global, flags }: Invocation, deps: Deps): Promise<Map<string, string>> {
  if (flags["namespace"] !== undefined) return new Map();
  const { kubeconfig } = global;
  const contexts = await deps.listContexts(kubeconfig === undefined ? {} : { kubeconfig }).catch(() => []);
  return new Map(
    contexts.flatMap(({ name, namespace, current }) =>
      namespace === undefined
        ? []
        : [[name, namespace] as const, ...(current ? [["", namespace] as const] : [])],
    ),
  );
}

/** Final inputs, one per cluster; what is missing is listed with the ways to give it (ESOB-C103). */
export async function readInputs(invocation: Invocation, deps: Deps): Promise<readonly Inputs[]> {
  return (await readAll(invocation, deps)).all;
}

/** The same, with what they come from: for whoever writes the file. */
export async function readAll(
  invocation: Invocation,
  deps: Deps,
): Promise<{ readonly options: ResolveOptions; readonly all: readonly Inputs[] }> {
  const options = await resolveOptions(invocation, deps);
  const all = resolveAll(options);
  await assertContexts(all, invocation, deps);
  return { options, all };
}

/**
 * A name that is in no kubeconfig is a mistake, and not a broken cluster: of several clusters none is touched before all names are
 * known to be right (ESOB-L102). Without a kubeconfig that can be read, each says so for itself.
 */
export async function assertContexts(
  all: readonly Inputs[],
  invocation: Invocation,
  deps: Deps,
): Promise<void> {
  if (all.length < 2) return;
  const { kubeconfig } = invocation.global;
  const contexts = await deps.listContexts(kubeconfig === undefined ? {} : { kubeconfig }).catch(() => []);
  const known = new Set(contexts.map(({ name }) => name));
  const wrong = all.filter(({ cluster: { context } }) => context !== undefined && !known.has(context));
  const [first] = wrong;
  if (!first || known.size === 0) return;
  const exist = [...known].join(", ");
  const right = all.flatMap(({ cluster: { context } }) => (known.has(context ?? "") ? [context] : []));
  throw new BootstrapError("ESOB-L102", {
    message: `The kubeconfig has no context ${wrong.map(namedAt).join(", ")}: none of the ${all.length} clusters was touched.`,
    reason: `those that can be used: ${exist}`,
    facts: { Exists: exist },
    fix: {
      summary: right.length > 0 ? "Correct the name, or go on without it." : "Choose among those that exist.",
      command:
        right.length > 0
          ? typedWith(invocation, "--context", right.join(","))
          : "kubectl config get-contexts",
    },
  });
}

/** `"prod-su" (eso-bootstrap.yaml, line 12)`. */
function namedAt({ cluster: { context }, sources, lines, file }: Inputs): string {
  const line = sources["cluster.context"] === "file" ? lines?.["cluster.context"] : undefined;
  return `"${context}"${line === undefined ? "" : ` (${file}, line ${line})`}`;
}
