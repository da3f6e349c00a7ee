import type { Seen } from "../checks/examine.ts";
import { safeFixes, type Part, type SafeFix } from "../checks/safe.ts";
import type { CommandDeps } from "../commands.ts";
import type { Desired } from "../desired/desired.ts";
import type { Subject } from "../engine/check.ts";
import type { Action, Change, Step } from "../engine/plan.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";
import type { RoadContext } from "../steps/context.ts";
import { STEPS_OF } from "../steps/index.ts";
import { wakeStep } from "../steps/wake.ts";
import { confirmWith } from "./consent.ts";
import { walkRoad } from "./road.ts";
import type { Session } from "./session.ts";

/** Changes of a part, by step and kind. Namespaces, identities and workloads are in none: they are nobody's drift. */
const CHANGES: Readonly<Record<Part, readonly string[]>> = {
  reviewer: ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Secret"].map(
    (kind) => `reviewer ${kind}`,
  ),
  rights: ["identity Role"],
  auth: ["kubernetes-auth KubernetesAuth"],
  ways: ["kubernetes-auth UniversalAuth"],
  store: ["Secret", "ConfigMap", "SecretStore", "ClusterSecretStore"].map((kind) => `store ${kind}`),
  secret: ["secret ExternalSecret"],
  poke: ["SecretStore", "ClusterSecretStore", "ExternalSecret"].map((kind) => `wake ${kind}`),
};

/** ESOB-C102 where there is no file: before anything is contacted. */
export function assertFixable(inputs: readonly { readonly fileExists: boolean }[]): void {
  if (inputs.every(({ fileExists }) => fileExists)) return;
  throw new BootstrapError("ESOB-C102", {
    message: "doctor --fix needs eso-bootstrap.yaml: it says how things should be.",
    fix: {
      summary: "Run it where the file is, or name it with -f; questions make one.",
      command: "eso-bootstrap init",
    },
  });
}

/**
 * Restores what was found and has a safe fix, by the same engine, plan and consent as `apply`. What is blocked or fails stops
 * nothing else: it is told, and stays in the report. True when something was changed.
 */
export async function repair(
  invocation: Invocation,
  deps: CommandDeps,
  { ports, run, desired }: Session,
  { results }: Pick<Seen, "results">,
): Promise<boolean> {
  const { emit } = run;
  const fixes = safeFixes(results);
  const found = results.filter(({ status }) => status === "fail" || status === "warn");
  if (found.length === 0) return false;
  emit({ type: "found", results });
  if (fixes.length === 0) {
    emit({ type: "note", text: "Nothing of this has a safe fix: what mends it stands beside it." });
    return false;
  }
  const notDone = (text: string) => emit({ type: "warning", text: `Not restored: ${text}` });
  const steps = [...STEPS_OF.fix, wakeStep(subjectsOf(fixes, "poke"))]
    .filter(({ id }) => allowed(fixes).some((change) => change.startsWith(`${id} `)))
    .map((step) => onlySafe(step, fixes, notDone));
  try {
    const result = await walkRoad(
      ports,
      { ...run, desired: narrowed(desired, fixes), steps, isProved: false },
      { confirm: confirmWith(invocation, deps) },
    );
    if (result.failed) notDone(textOf(result.failed.error));
    return result.applied.length > 0;
  } catch (error) {
    if (!isBootstrapError(error) || UNWILLING.has(error.code)) throw error;
    notDone(textOf(error));
    return false;
  }
}

/** Nobody could be asked, or said no. */
const UNWILLING: ReadonlySet<string> = new Set(["ESOB-C107", "ESOB-C205"]);

const allowed = (fixes: readonly SafeFix[]) =>
  fixes.flatMap(({ parts }) => parts.flatMap((part) => CHANGES[part]));

const textOf = ({ message, reason, code }: BootstrapError) =>
  `${message}${reason === undefined ? "" : ` ${reason}`} (${code})`;

function subjectsOf(fixes: readonly SafeFix[], part: Part): Subject[] {
  const subjects = fixes.flatMap(({ result, parts }) => (parts.includes(part) ? (result.subject ?? []) : []));
  return [...new Map(subjects.map((subject) => [JSON.stringify(subject), subject])).values()];
}

/** Only the stores and ExternalSecrets that were found; the reviewer is everybody's. */
function narrowed(desired: Desired, fixes: readonly SafeFix[]): Desired {
  const isShared = fixes.some(({ parts }) => parts.includes("reviewer"));
  const subjects = fixes.flatMap(({ result }) => result.subject ?? []);
  const isFound = (kind: string, { name, namespaces }: { name: string; namespaces: readonly string[] }) =>
    subjects.some(
      (subject) =>
        subject.kind === kind &&
        subject.name === name &&
        (subject.namespace === undefined || namespaces.includes(subject.namespace)),
    );
  return {
    ...desired,
    stores: desired.stores.filter((store) => isShared || isFound(store.kind, store)),
    secrets: desired.secrets.filter((secret) => isFound("ExternalSecret", secret)),
  };
}

/** A step with its safe changes alone. One that cannot look, as without a credential for Infisical, plans nothing. */
function onlySafe(
  step: Step<RoadContext>,
  fixes: readonly SafeFix[],
  notDone: (text: string) => void,
): Step<RoadContext> {
  const known = new Set(allowed(fixes));
  const isSafe = ({ change, isPoke }: Action) =>
    known.has(`${change.step} ${change.target.kind}`) && (step.id === "wake" || !isPoke);
  let state: "planning" | "planned" | "blind" = "planning";
  return {
    ...step,
    async look(context) {
      if (state === "blind") return [];
      try {
        const actions = (await step.look(context)).filter(isSafe);
        if (state === "planning") tellBlocked(actions, notDone);
        state = "planned";
        return actions.filter(({ change }) => change.action !== "blocked");
      } catch (error) {
        if (state === "planned" || !isBootstrapError(error)) throw error;
        state = "blind";
        notDone(`${step.title}: ${textOf(error)}`);
        return [];
      }
    },
  };
}

function tellBlocked(actions: readonly Action[], notDone: (text: string) => void): void {
  for (const { change } of actions) if (change.action === "blocked") notDone(nameOf(change));
}

const nameOf = ({ target: { kind, namespace, name }, reason }: Change) =>
  `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}: ${reason}`;
