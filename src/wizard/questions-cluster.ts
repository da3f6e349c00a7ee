import { BootstrapError, isBootstrapError } from "../errors.ts";
import { FIELDS } from "../inputs/fields.ts";
import type { Choice } from "../system/system.ts";
import { accepts, messageOf, untilAccepted } from "./asking.ts";
import type { Question, Values, Wizard } from "./question.ts";

const { store } = FIELDS;
/** Namespaces that belong to Kubernetes itself. */
const SYSTEM = /^kube-/;

/** Which cluster; it must answer. */
export const contextQuestion: Question = {
  field: FIELDS.cluster.context.key,
  isNeeded: false,
  async ask(wizard) {
    const { deps } = wizard;
    const contexts = await deps.contexts();
    if (contexts.length === 0)
      throw new BootstrapError("ESOB-L101", { message: "The kubeconfig has no contexts." });
    const remembered = wizard.remembered(this.field);
    const preset =
      contexts.find(({ name }) => name === remembered) ?? contexts.find(({ current }) => current);
    const mayBeMended = contexts.length > 1;
    const context = await untilAccepted(
      wizard,
      (code) => mayBeMended && /^ESOB-[KL]/.test(code),
      async () => {
        const choices = contexts.map(({ name, server }) => ({ value: name, name: `${name} (${server})` }));
        const message = "Cluster";
        const name = await deps.prompt.choose({ message, choices, ...(preset && { default: preset.name }) });
        const version = await (await deps.cluster(name)).version();
        deps.emit({ type: "note", text: `${name} answers: Kubernetes ${version}` });
        return name;
      },
    );
    return { values: { [this.field]: context } };
  },
};

/** Where the Secret is wanted: a namespace that is there, or a new one. */
export const namespaceQuestion: Question = {
  field: store.namespace.key,
  isNeeded: false,
  when: (wizard) => wizard.value(FIELDS.secret.namespace.key) === undefined,
  async ask(wizard) {
    const { prompt } = wizard.deps;
    const message = messageOf(store.namespace);
    const names = await namespaces(wizard);
    const preset = await presetNamespace(wizard, names);
    const choices: Choice<string | undefined>[] = names.map((name) => ({ value: name, name }));
    if (!names.includes(preset))
      choices.unshift({ value: preset, name: `${preset} (new: it will be created)` });
    choices.push({ value: undefined, name: "another, new one" });
    const chosen =
      names.length === 0 ? undefined : await prompt.choose({ message, choices, default: preset });
    const validate = accepts(store.namespace.type);
    const namespace =
      chosen ?? (await prompt.text({ message: newMessage(names), default: preset, validate }));
    return { values: placeOf(wizard.text(store.kind.key), namespace) };
  },
};

function newMessage(names: readonly string[]): string {
  return names.length === 0 ? "Namespace (made when missing)" : "Name of the new namespace";
}

/** Only for one namespace, or shared by several. */
export const kindQuestion: Question = {
  field: store.kind.key,
  isNeeded: false,
  async ask(wizard) {
    const { prompt } = wizard.deps;
    const kind = await prompt.choose({
      message: "Store",
      choices: [
        {
          value: "SecretStore",
          name: "SecretStore (recommended)",
          description: "Serves its own namespace only, with a machine identity of its own.",
        },
        {
          value: "ClusterSecretStore",
          name: "ClusterSecretStore",
          description: "Can serve several namespaces with one identity; you list which.",
        },
      ],
      default: wizard.remembered(this.field) ?? "SecretStore",
    });
    const namespace = wizard.text(store.namespace.key);
    return { values: { [this.field]: kind, ...(namespace !== undefined && placeOf(kind, namespace)) } };
  },
};

/**
 * A SecretStore lives beside its Secret. A ClusterSecretStore's own namespace is ESO's (default), and the Secret's
 * namespace is the first that may use it.
 */
function placeOf(kind: string | undefined, namespace: string): Values {
  if (kind !== "ClusterSecretStore") return { [store.namespace.key]: namespace };
  return {
    [store.namespace.key]: undefined,
    [store.allowedNamespaces.key]: [namespace],
    [FIELDS.secret.namespace.key]: namespace,
  };
}

/** [] where they may not be listed: then the name is typed. */
async function namespaces({ live }: Wizard): Promise<string[]> {
  const names: string[] = [];
  try {
    const cluster = await live.cluster();
    for await (const { metadata } of cluster.list({ apiVersion: "v1", kind: "Namespace" }))
      if (!SYSTEM.test(metadata.name)) names.push(metadata.name);
  } catch (error) {
    if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
  }
  return names.toSorted();
}

/** Last time's; the context's, when it is not just `default`; else named like the project. */
async function presetNamespace(wizard: Wizard, names: readonly string[]): Promise<string> {
  const remembered = wizard.remembered(store.namespace.key) ?? wizard.remembered(FIELDS.secret.namespace.key);
  if (remembered !== undefined) return remembered;
  const { namespace } = (await wizard.live.cluster()).info;
  if (namespace !== "default") return namespace;
  const project = wizard.text(FIELDS.infisical.project.key) ?? "";
  return accepts(store.namespace.type)(project) === true ? project : (names[0] ?? "default");
}
