import { isBootstrapError } from "../errors.ts";
import { FIELDS } from "../inputs/fields.ts";
import type { KubeObject, ObjectRef } from "../kubernetes/cluster.ts";
import { MANAGED_BY_LABEL, MANAGER } from "../kubernetes/cluster.ts";
import { accepts, both, messageOf } from "./asking.ts";
import { costText, readLimit, requestsPerMinute } from "./cost.ts";
import type { Asked, Question, TypedValue, Wizard } from "./question.ts";

const { secret, store } = FIELDS;

/** Among the names: all that are there, and those that come later. */
const ALL = Symbol("all");
/** Keys of a Secret (Kubernetes), which ESO would otherwise convert (eso.md 2.2). */
const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

/** Which keys, by name only; for an empty folder the first ones are typed, with their values. */
export const keysQuestion: Question = {
  field: secret.keys.key,
  isNeeded: true,
  async ask(wizard) {
    const names = (await wizard.live.names()).toSorted();
    if (names.length === 0) return firstKeys(wizard);
    const chosen = await wizard.deps.prompt.chooseMany<string | typeof ALL>({
      message: messageOf(secret.keys),
      choices: [
        { value: ALL, name: "all, also those that come later", description: "One request for all of them." },
        ...names.map((name) => ({ value: name, name })),
      ],
      required: true,
    });
    return { values: { [this.field]: chosen.includes(ALL) ? "all" : chosen } };
  },
};

/** Names and hidden values until an empty name; they are written to Infisical with the plan. None is fine, too. */
async function firstKeys({ deps }: Wizard): Promise<Asked> {
  const { prompt } = deps;
  deps.emit({ type: "note", text: "Nothing is in there yet. Type the first keys, their values are hidden." });
  const firstValues: TypedValue[] = [];
  for (;;) {
    const taken = firstValues.map(({ name }) => name);
    const name = await prompt.text({
      message:
        taken.length === 0 ? "Name of the first key (empty: none)" : "Name of the next key (empty: done)",
      validate: (answer) => answer === "" || newKey(answer, taken),
    });
    if (name === "") break;
    const value = await prompt.hidden({
      message: `Value of ${name}`,
      validate: (answer) => answer !== "" || "nothing was typed",
    });
    firstValues.push({ name, value });
  }
  if (firstValues.length === 0) return {};
  return { values: { [secret.keys.key]: firstValues.map(({ name }) => name) }, firstValues };
}

function newKey(name: string, taken: readonly string[]): true | string {
  if (taken.includes(name)) return `${name} was typed already`;
  return KEY.test(name) || "letters, digits, dots, dashes and underscores only";
}

/** Name of the ExternalSecret and of the Secret that it makes; it must be free. */
export const nameQuestion: Question = {
  field: secret.name.key,
  isNeeded: false,
  when: hasKeys,
  async ask(wizard) {
    const name = await wizard.deps.prompt.text({
      message: "Name of the Secret",
      default: wizard.remembered(this.field) ?? defaultName(wizard),
      validate: both(accepts(secret.name.type), (answer) => isFree(wizard, answer)),
    });
    return { values: { [this.field]: name } };
  },
};

/** The last folder, else the project. */
function defaultName(wizard: Wizard): string {
  const folder = wizard.text(store.path.key)?.split("/").at(-1) ?? "";
  const project = wizard.text(store.project.key) ?? wizard.text(FIELDS.infisical.project.key) ?? "";
  const name = (folder === "" ? project : folder).toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return name.replace(/^-+|-+$/g, "") || "app";
}

/** Ours may be there, others not. What may not be read is left to the plan, which looks again. */
async function isFree(wizard: Wizard, name: string): Promise<true | string> {
  const namespace = wizard.text(secret.namespace.key) ?? wizard.text(store.namespace.key);
  if (namespace === undefined) return true;
  const look = async (ref: Pick<ObjectRef, "apiVersion" | "kind">) => {
    try {
      return await (await wizard.live.cluster()).get({ ...ref, namespace, name });
    } catch (error) {
      if (isBootstrapError(error) && error.code === "ESOB-K104") return undefined;
      throw error;
    }
  };
  const external = await look({ apiVersion: "external-secrets.io/v1", kind: "ExternalSecret" });
  if (external) return isOurs(external) || `ExternalSecret ${namespace}/${name} is there and not ours`;
  const made = await look({ apiVersion: "v1", kind: "Secret" });
  return made === undefined || `Secret ${namespace}/${name} is there already, and ESO does not keep it`;
}

function isOurs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGER;
}

const INTERVALS = ["60s", "5m", "15m", "1h"];

/** How fresh, with what that costs at Infisical. */
export const intervalQuestion: Question = {
  field: secret.refreshInterval.key,
  isNeeded: false,
  when: hasKeys,
  async ask(wizard) {
    const { prompt } = wizard.deps;
    const { host } = wizard.live;
    const keys = amountOfKeys(wizard);
    const remembered = wizard.remembered(this.field);
    const offered = [...new Set([...INTERVALS, ...(remembered === undefined ? [] : [remembered])])];
    const fits = (interval: string) => requestsPerMinute(keys, interval) <= readLimit(host).perMinute;
    const picked = await prompt.choose<string | undefined>({
      message: messageOf(secret.refreshInterval),
      choices: [
        ...offered.map((interval) => ({
          value: interval,
          name: `${interval.padEnd(4)} → ${costText(keys, interval, host)}`,
        })),
        { value: undefined, name: "another" },
      ],
      default: remembered ?? offered.find(fits) ?? INTERVALS[0],
    });
    const typed =
      picked ??
      (await prompt.text({ message: "Refresh interval", validate: accepts(secret.refreshInterval.type) }));
    if (picked === undefined)
      wizard.deps.emit({ type: "note", text: `${typed}: ${costText(keys, typed, host)}` });
    return { values: { [this.field]: typed } };
  },
};

function amountOfKeys(wizard: Wizard): number | "all" {
  const keys = wizard.value(secret.keys.key);
  return Array.isArray(keys) ? keys.length : "all";
}

/** Without keys there is no Secret to be named or refreshed: the run ends with a valid store. */
function hasKeys(wizard: Wizard): boolean {
  return wizard.value(secret.keys.key) !== undefined;
}
