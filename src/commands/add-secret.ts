import type { CommandDeps } from "../commands.ts";
import type { DesiredSecret } from "../desired/desired.ts";
import type { ApplyResult } from "../engine/apply.ts";
import { BootstrapError } from "../errors.ts";
import { hasChanges, type Change, type Plan, type Step } from "../engine/plan.ts";
import type { Inputs } from "../inputs/inputs.ts";
import { resolveAll, type ResolveOptions } from "../inputs/resolve.ts";
import type { Invocation } from "../invocation.ts";
import { addedKeysStep } from "../steps/added-keys.ts";
import type { RoadContext } from "../steps/context.ts";
import { createFacts } from "../steps/facts.ts";
import { secretStep } from "../steps/secret.ts";
import { valueStep } from "../steps/value.ts";
import type { Prompt } from "../system/system.ts";
import { askKeys, askWhere, type Picked } from "./add-secret-ask.ts";
import { createEdit, newSecretIn, withKeys, type Edit } from "./add-secret-file.ts";
import { readAsked, type Asked } from "./add-secret-flags.ts";
import { goalInCluster, goalInFile, notClear, partsOf, secretsIn, type Goal } from "./add-secret-goal.ts";
import { judgeKeys, type Chosen } from "./add-secret-keys.ts";
import { assertMayGrow } from "./add-secret-obstacles.ts";
import { confirmWith } from "./consent.ts";
import { onEachCluster, type ClusterOutcome } from "./each-cluster.ts";
import { fileFlag } from "./next-steps.ts";
import { planExitCode } from "./plan.ts";
import { readAll } from "./read-inputs.ts";
import { exitCodeOf, planRoad, walkRoad } from "./road.ts";
import { openSession, type Session } from "./session.ts";

/** Keys → value in Infisical, line in the file, entry in the cluster → synced and proved, by the engine, plan and consent of `apply`. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const asked = await readAsked(invocation, deps);
  const { options, all } = await readAll(invocation, deps);
  const mayAsk = deps.interactive && invocation.flags["yes"] !== true;
  const adding: Adding = {
    invocation,
    deps,
    options,
    prompt: mayAsk ? await deps.prompt() : undefined,
    answers: { asked },
  };
  return onEachCluster(all, deps, (inputs) => addOn(adding, inputs, all.indexOf(inputs)));
}

interface Adding {
  readonly invocation: Invocation;
  readonly deps: CommandDeps;
  readonly options: ResolveOptions;
  readonly prompt: Prompt | undefined;
  /** What was asked once holds for every cluster. */
  readonly answers: { asked: Asked; picked?: Picked; chosen?: Chosen };
}

async function addOn(adding: Adding, inputs: Inputs, index: number): Promise<ClusterOutcome> {
  const { invocation, deps, options, answers } = adding;
  const session = await openSession(invocation, deps, inputs);
  try {
    await session.ports.cluster.version();
    const goal = await findGoal(adding, inputs, session);
    answers.chosen ??= await choose(adding, inputs, session, goal);
    const { keys, values } = answers.chosen;
    await assertMayGrow(session.ports.cluster, goal, keys, inputs.file);
    const before = { text: options.file ?? "", path: inputs.file };
    const edit = createEdit(deps, inputs.file, before.text, withKeys(before, goal, keys));
    const after = await secretAfter(adding, session, goal, keys, edit.text, index);
    edit.tell();
    const desired = { ...session.desired, stores: [after.store], secrets: [after], firstValues: values };
    const run = { ...session.run, desired, steps: stepsFor(goal, after, keys, edit) };
    if (invocation.flags["dryRun"] === true) return await planOnly(session, run, edit);
    return await addAndTell(adding, session, run, edit, after, keys);
  } finally {
    await session.close();
  }
}

async function findGoal(
  { invocation, deps, prompt, answers }: Adding,
  inputs: Inputs,
  session: Session,
): Promise<Goal> {
  const { desired, ports } = session;
  const { namespace = ports.cluster.info.namespace } = invocation.global;
  const { to, keys } = answers.asked;
  if (to === undefined && prompt && (keys.length === 0 || desired.secrets.length !== 1))
    answers.picked ??= await askWhere(prompt, desired, await namesIn(session, namespace));
  const { picked } = answers;
  if (picked && "store" in picked) return newSecretIn(desired, picked);
  const name = picked?.to ?? to;
  const inFile = inputs.fileExists ? goalInFile(desired, name, invocation.global.namespace) : undefined;
  if (inFile) return inFile;
  if (name === undefined) throw notClear(await namesIn(session, namespace));
  const place = partsOf(name, namespace);
  const declared = desired.secrets.map((secret) => secret.name);
  deps.reporter.event({ type: "looking", what: `ExternalSecret ${place.namespace}/${place.name}` });
  return goalInCluster(ports.cluster, inputs, place.name, place.namespace ?? namespace, declared);
}

async function namesIn({ ports }: Session, namespace: string): Promise<string[]> {
  return (await secretsIn(ports.cluster, namespace)).map(({ name }) => `${namespace}/${name}`);
}

async function choose(
  { deps, prompt, answers: { asked } }: Adding,
  inputs: Inputs,
  { ports, desired }: Session,
  goal: Goal,
): Promise<Chosen> {
  const facts = createFacts(ports, desired);
  const warn = (text: string) => deps.reporter.event({ type: "warning", text });
  const mayList = goal.isKnown || inputs.credential !== undefined;
  const judging = { goal, facts, inputs, prompt, mayList, warn };
  if (asked.keys.length > 0) return judgeKeys(judging, asked);
  if (!prompt)
    throw new BootstrapError("ESOB-C302", {
      message: "No key is named, and there is no terminal to choose one in.",
      fix: { summary: "Name it.", command: "eso-bootstrap add-secret KEY --to NAME" },
    });
  const keys = await askKeys(prompt, goal.secret, { facts, infisical: ports.infisical });
  return judgeKeys(judging, { ...asked, keys });
}

/** As it must be: in the file's words where there is a file, so that its defaults and rules hold. */
async function secretAfter(
  { options }: Adding,
  session: Session,
  { secret, index }: Goal,
  keys: Chosen["keys"],
  text: string,
  cluster: number,
): Promise<DesiredSecret> {
  if (index !== undefined) {
    const edited = resolveAll({ ...options, file: text })[cluster];
    const found = edited && (await session.desiredFor(edited)).secrets[index];
    if (found) return found;
  }
  const there = secret.keys === "all" ? [] : secret.keys;
  return { ...secret, keys: [...there, ...keys.filter(({ as }) => !there.some((entry) => entry.as === as))] };
}

function stepsFor(
  { secret, index }: Goal,
  after: DesiredSecret,
  keys: Chosen["keys"],
  edit: Edit,
): readonly Step<RoadContext>[] {
  const takesAll = secret.keys === "all";
  const isInFile = index !== undefined && !takesAll;
  return [valueStep, isInFile ? saving(secretStep, edit) : addedKeysStep({ secret: after, keys, takesAll })];
}

/** The file is written when the values are there and before the cluster hears of them: killed anywhere, the next run goes on. */
function saving(step: Step<RoadContext>, edit: Edit): Step<RoadContext> {
  return {
    ...step,
    async look(context) {
      const actions = await step.look(context);
      return actions.map((action) => ({
        ...action,
        ...(action.apply && {
          apply: async () => {
            await edit.save();
            await action.apply?.();
          },
        }),
      }));
    },
  };
}

type Run = Parameters<typeof walkRoad>[1];

async function planOnly({ ports }: Session, run: Run, edit: Edit): Promise<ClusterOutcome> {
  // The file is in the plan that is shown, too: nothing else may be left to change.
  const emit: Run["emit"] = (event) =>
    run.emit(event.type === "planned" ? { ...event, plan: withFile(event.plan, edit) } : event);
  const plan = withFile((await planRoad(ports, { ...run, emit })).plan, edit);
  return { result: { kind: "Plan", plan }, exitCode: planExitCode(plan) };
}

/** With the line in the file as one of the changes. */
function withFile<P extends Plan>(plan: P, { changes }: Edit): P {
  const update = plan.summary.update + changes.length;
  return { ...plan, changes: inserted(plan.changes, changes), summary: { ...plan.summary, update } };
}

/** It is written when the values are there and before the cluster hears of it. */
function inserted(into: readonly Change[], changes: readonly Change[]): Change[] {
  const at = into.findIndex(({ step }) => step === secretStep.id);
  return into.toSpliced(at < 0 ? into.length : at, 0, ...changes);
}

async function addAndTell(
  { invocation, deps }: Adding,
  { ports }: Session,
  run: Run,
  edit: Edit,
  after: DesiredSecret,
  keys: Chosen["keys"],
): Promise<ClusterOutcome> {
  const confirm = confirmWith(invocation, deps);
  const result = await walkRoad(ports, run, { confirm });
  const exitCode = exitCodeOf(result);
  if (exitCode === 0 && edit.isChange && !hasChanges(result))
    await confirm({ ...result, changes: edit.changes });
  if (exitCode === 0) await edit.save();
  const restarts = invocation.flags["restart"] === true || result.applied.length === 0;
  const next =
    exitCode === 0 && !restarts
      ? [
          `Restart: eso-bootstrap sync ${after.name} --restart${fileFlag({ file: invocation.global.file ?? "" })}`,
        ]
      : [];
  const headline = exitCode === 0 ? headlineOf(result, after, keys, edit) : undefined;
  return {
    result: {
      kind: "ApplyResult",
      result: told(result, edit),
      next,
      ...(headline !== undefined && { headline }),
    },
    exitCode,
  };
}

/** What became of the line in the file stands beside what became of the cluster. */
function told(result: ApplyResult, edit: Edit): ApplyResult {
  const { applied, notDone } = result;
  const whole = withFile(result, edit);
  return edit.isSaved()
    ? { ...whole, applied: inserted(applied, edit.changes) }
    : { ...whole, notDone: inserted(notDone, edit.changes) };
}

function headlineOf(
  { applied }: ApplyResult,
  { namespaces, target }: DesiredSecret,
  keys: Chosen["keys"],
  edit: Edit,
): string {
  const names = keys.map(({ as }) => as).join(", ");
  const place = `Secret ${namespaces.join(", ")}/${target}`;
  if (applied.length > 0) return `Proved: ESO synced ${place} after this began, and it has ${names}.`;
  return edit.isChange
    ? `${place} had ${names}; the file says so now.`
    : `Nothing to add: ${place} has ${names} already.`;
}
