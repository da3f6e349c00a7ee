import { homedir } from "node:os";
import type { CommandDeps } from "../commands.ts";
import type { FirstValue } from "../desired/desired.ts";
import type { Inputs } from "../inputs/inputs.ts";
import { givenValues } from "../inputs/given-values.ts";
import { missingFields, openFields, resolveAll, type ResolveOptions } from "../inputs/resolve.ts";
import type { Invocation } from "../invocation.ts";
import type { Answers } from "../wizard/question.ts";
import { applyOne } from "./apply.ts";
import { onEachCluster } from "./each-cluster.ts";
import { planOne } from "./plan.ts";
import { assertContexts, resolveOptions } from "./read-inputs.ts";
import { fileFor, saveOnce } from "./save-file.ts";

const NO_ANSWERS: Answers = { values: {}, credential: undefined, firstValues: [] };

/** Questions → file → plan → consent → apply → proof. Without a terminal: nothing is asked, what is missing is listed. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const options = await resolveOptions(invocation, deps);
  const answers = mustAsk(invocation, deps, options) ? await ask(invocation, deps, options) : NO_ANSWERS;
  const all = resolveAll({ ...options, answers: answers.values }).map((inputs) =>
    withCredential(inputs, answers),
  );
  await assertContexts(all, invocation, deps);
  const save = saveOnce(deps, fileFor(options, all));
  if (invocation.flags["dryRun"] === true)
    return onEachCluster(all, deps, (inputs) => planOne(invocation, deps, inputs));
  return onEachCluster(all, deps, (inputs) =>
    applyOne(invocation, deps, inputs, {
      firstValues: firstValues(inputs, answers),
      beforeFirstWrite: save,
      isOnly: all.length === 1,
    }),
  );
}

/** A person is asked unless everything is there or `--yes` says not to. */
function mustAsk({ flags }: Invocation, { interactive }: CommandDeps, options: ResolveOptions): boolean {
  if (!interactive || flags["yes"] === true) return false;
  return options.file === undefined
    ? openFields(options).length > 0
    : missingFields(options).length > 0 || !hasCredential(options);
}

function hasCredential({ env }: ResolveOptions): boolean {
  const has = (name: string) => (env[name] ?? "") !== "";
  return (
    has("INFISICAL_TOKEN") ||
    (has("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID") && has("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET"))
  );
}

async function ask({ global }: Invocation, deps: CommandDeps, options: ResolveOptions): Promise<Answers> {
  const [{ runWizard }, { draftPath }, { operatorCredential }] = await Promise.all([
    import("../wizard/wizard.ts"),
    import("../wizard/draft.ts"),
    import("../inputs/credential.ts"),
  ]);
  const kubeconfig = global.kubeconfig === undefined ? {} : { kubeconfig: global.kubeconfig };
  const credential = operatorCredential(deps.env, true);
  deps.reporter.event({
    type: "note",
    text: "eso-bootstrap init · nothing is changed before you have seen the plan",
  });
  return runWizard({
    given: givenValues(options),
    ...(credential && { credential }),
    ask: options.file === undefined ? "everything" : "needed",
    deps: {
      prompt: await deps.prompt(),
      files: await deps.files(),
      draftFile: draftPath(deps.env, homedir()),
      emit: deps.reporter.event.bind(deps.reporter),
      now: Date.now,
      contexts: () => deps.listContexts(kubeconfig),
      cluster: (context) => deps.openCluster({ ...kubeconfig, ...(context !== undefined && { context }) }),
      infisical: async (host, login) => deps.openInfisical({ host, credential: login }),
    },
  });
}

function withCredential(inputs: Inputs, { credential }: Answers): Inputs {
  return credential ? { ...inputs, credential } : inputs;
}

/** What was typed for the empty folder belongs to the one store that the wizard describes. */
function firstValues({ stores }: Inputs, answers: Answers): FirstValue[] {
  const [store] = stores;
  const place = store && "names" in store.namespace ? `${store.namespace.names[0]}/${store.name}` : "";
  return answers.firstValues.map(({ name, value }) => ({ store: place, name, value }));
}
