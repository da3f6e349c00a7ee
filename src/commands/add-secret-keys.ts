import type { DesiredSecret, FirstValue } from "../desired/desired.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { Inputs, KeyInput } from "../inputs/inputs.ts";
import { editDistance, nearest } from "../inputs/nearest.ts";
import { whereIs } from "../inputs/resolve.ts";
import type { Secret } from "../secret.ts";
import type { Prompt } from "../system/system.ts";
import type { Facts } from "../steps/facts.ts";
import { place } from "../steps/keys.ts";
import { keyOf, type Asked } from "./add-secret-flags.ts";
import type { Goal } from "./add-secret-goal.ts";

/** The keys to add, and the values that must be created first. */
export interface Chosen {
  readonly keys: readonly KeyInput[];
  readonly values: readonly FirstValue[];
}

export interface Judging {
  readonly goal: Goal;
  readonly facts: Facts;
  readonly inputs: Inputs;
  /** A person who may be asked. */
  readonly prompt: Prompt | undefined;
  /** false: without a credential the names in Infisical are not known, and ESO will tell. */
  readonly mayList: boolean;
  readonly warn: (text: string) => void;
}

/** Each key next to what Infisical has: C303, E307, E105; in a terminal a missing one is asked for. */
export async function judgeKeys(judging: Judging, { keys, value }: Asked): Promise<Chosen> {
  const chosen: { keys: KeyInput[]; values: FirstValue[] } = { keys: [], values: [] };
  for (const key of keys) {
    const { key: settled, value: fresh } = await judgeKey(judging, key, value);
    chosen.keys.push(settled);
    chosen.values.push(...fresh);
  }
  return chosen;
}

async function judgeKey(
  judging: Judging,
  key: KeyInput,
  given: Secret | undefined,
): Promise<{ key: KeyInput; value: FirstValue[] }> {
  const { secret } = judging.goal;
  assertFree(secret, key);
  const { path, name } = place(key.key, secret.store.path);
  assertReadable(judging, key, path);
  const names = await namesAt(judging, path);
  if (names === undefined || names.includes(name)) {
    if (given && names)
      judging.warn(`${name} is in ${placeName(secret, path)} already; the value on stdin is not used.`);
    if (given && !names) throw unknownNames(secret, path);
    return { key, value: [] };
  }
  const created = (value: Secret) => ({ key, value: [{ store: secret.store.id, name, path, value }] });
  if (given) return created(given);
  if (!judging.prompt) throw notThere(secret, path, name, names);
  const other = await askInstead(judging.prompt, secret, path, name, names);
  if (other !== undefined)
    return judgeKey(
      judging,
      {
        ...key,
        ...keyOf(
          path === secret.store.path ? other : `${path}/${other}`,
          key.as === name ? undefined : key.as,
        ),
      },
      undefined,
    );
  return created(await askValue(judging.prompt, name));
}

const askValue = (prompt: Prompt, name: string): Promise<Secret> =>
  prompt.hidden({
    message: `Value of ${name}`,
    validate: (answer) => (answer === "" ? "It needs a value." : true),
  });

/** A name that is close to one that is there was most likely meant to be that one. */
async function askInstead(
  prompt: Prompt,
  secret: DesiredSecret,
  path: string,
  name: string,
  names: readonly string[],
): Promise<string | undefined> {
  const close = nearest(name, names);
  if (close === undefined) return undefined;
  return prompt.choose<string | undefined>({
    message: `${name} is not in ${placeName(secret, path)}.`,
    choices: [
      { value: close, name: `take ${close}, which is there` },
      { value: undefined, name: `create ${name}`, description: "Its value is asked for, hidden." },
    ],
  });
}

const placeName = ({ store }: DesiredSecret, path: string) => `${store.environment}:${path}`;

/** Names at a path; undefined where they cannot be known. */
async function namesAt(
  { facts, goal, mayList }: Judging,
  path: string,
): Promise<readonly string[] | undefined> {
  if (!mayList) return undefined;
  try {
    return await facts.names(goal.secret.store, path);
  } catch (error) {
    if (isBootstrapError(error) && error.code === "ESOB-I109") return undefined;
    throw error;
  }
}

/** The same key again is no mistake: it is there, and that is what was wanted. */
function assertFree({ keys, target, name, namespaces }: DesiredSecret, { as, key }: KeyInput): void {
  const other = keys === "all" ? undefined : keys.find((entry) => entry.as === as);
  if (!other || (other.key === key && other.property === undefined)) return;
  throw new BootstrapError("ESOB-C303", {
    message: `Key ${as} of Secret ${target} comes from ${other.key} already.`,
    fix: {
      summary: "Give this one another name there.",
      command: `eso-bootstrap add-secret ${key} --to ${namespaces[0]}/${name} --as OTHER_NAME`,
    },
  });
}

/** The identity may read what the file's store grants, and nothing else. */
function assertReadable({ goal, inputs }: Judging, { key }: KeyInput, path: string): void {
  const { store } = goal.secret;
  const isIn = ({ path: own, subtree }: (typeof store.grant.scopes)[number]) =>
    own === path || (subtree && path.startsWith(own === "/" ? "/" : `${own}/`));
  if (!goal.isKnown || store.grant.scopes.some(isIn)) return;
  const rules = store.grant.scopes.map(
    ({ environment, path: own, subtree }) => `${environment}:${own}${subtree ? " and below" : ""}`,
  );
  const index = inputs.stores.findIndex(({ name, kind }) => name === store.name && kind === store.kind);
  const line = whereIs(inputs, `stores[${index}].path`) ?? inputs.file;
  throw new BootstrapError("ESOB-E307", {
    message: `ESO could not read ${key}: identity ${store.identityName} may not read folder ${path}.`,
    reason: `its rule is: read ${rules.join(", ")}, nothing else`,
    fix: {
      summary: `Add ${path} to alsoRead of store ${store.name} (${line}), then apply that first.`,
      command: "eso-bootstrap apply",
    },
  });
}

function notThere(
  secret: DesiredSecret,
  path: string,
  name: string,
  names: readonly string[],
): BootstrapError {
  const close = nearest(name, names);
  const near = names.toSorted((a, b) => editDistance(name, a) - editDistance(name, b)).slice(0, 5);
  return new BootstrapError("ESOB-E105", {
    message: `${name} is not in ${placeName(secret, path)} of ${secret.store.project}.`,
    reason:
      close === undefined
        ? `nearest are ${near.join(", ") || "none: the folder is empty"}`
        : `did you mean ${close}?`,
    fix: {
      summary: "Name one that is there, or create it with its value.",
      command: `eso-bootstrap add-secret ${name} --to ${secret.name} --value-stdin --yes`,
    },
    facts: { Exists: near.join(", ") || "none" },
  });
}

function unknownNames({ store }: DesiredSecret, path: string): BootstrapError {
  return new BootstrapError("ESOB-I109", {
    message: `The names in ${store.environment}:${path} of ${store.project} cannot be read, so that nothing is created there.`,
    fix: { summary: "Log in as somebody who may list and create secrets there." },
  });
}
