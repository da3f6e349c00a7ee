import type { Desired, DesiredSecret, DesiredStore } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import { FIELDS } from "../inputs/fields.ts";
import type { KeyInput } from "../inputs/inputs.ts";
import type { Infisical } from "../infisical/infisical.ts";
import type { Facts } from "../steps/facts.ts";
import type { Choice, Prompt } from "../system/system.ts";
import { keyOf } from "./add-secret-flags.ts";

/** Where the keys go: one that is there, or a new one in a namespace of a store. */
export type Picked = { readonly to: string } | { readonly name: string; readonly store: DesiredStore };

/** Which ExternalSecret; `others`: those of the cluster that the file does not name. */
export async function askWhere(prompt: Prompt, desired: Desired, others: readonly string[]): Promise<Picked> {
  const named = desired.secrets.flatMap(({ name, namespaces }) =>
    namespaces.slice(0, 1).map((place) => `${place}/${name}`),
  );
  const choices: Choice<string | undefined>[] = [
    ...[...new Set([...named, ...others])].map((place) => ({ value: place, name: place })),
    ...(desired.stores.length > 0 ? [{ value: undefined, name: "a new ExternalSecret" }] : []),
  ];
  const [first, ...rest] = choices;
  if (!first)
    throw new BootstrapError("ESOB-E301", {
      message: "There is no ExternalSecret here that could get a key, and no store to make one for.",
      fix: {
        summary: "Name one of another namespace with --to NAMESPACE/NAME, or make a store and a first one.",
        command: "eso-bootstrap init",
      },
    });
  const to = first && rest.length === 0 ? first.value : await prompt.choose({ message: "Add to", choices });
  return to === undefined ? askNew(prompt, desired) : { to };
}

async function askNew(prompt: Prompt, { stores, secrets }: Desired): Promise<Picked> {
  const [only] = stores;
  const places = stores.map((store) => ({
    value: store,
    name: `${store.kind} ${store.name}: ${store.environment}:${store.path}`,
  }));
  const store =
    only && places.length === 1 ? only : await prompt.choose({ message: "Read from", choices: places });
  const name = await prompt.text({
    message: "Name of the new ExternalSecret",
    validate(answer) {
      const read = FIELDS.secret.name.type.read(answer);
      if ("flaws" in read) return read.flaws[0]?.text ?? "That is no name.";
      return secrets.some((secret) => secret.name === answer) ? `${answer} is there already.` : true;
    },
  });
  return { name, store };
}

/** Folders that are looked through at most: a tree of thousands is no list to choose from. */
const MOST_FOLDERS = 50;

/** The names that the store's identity may read and that are not synced yet, or a new one. */
export async function askKeys(
  prompt: Prompt,
  secret: DesiredSecret,
  { facts, infisical }: { readonly facts: Facts; readonly infisical: Infisical },
): Promise<KeyInput[]> {
  const { store, keys } = secret;
  const synced = new Set(keys === "all" ? [] : keys.map(({ key }) => key));
  const found: string[] = [];
  for (const path of await pathsOf(store, facts, infisical))
    for (const name of (await facts.names(store, path)) ?? [])
      found.push(path === store.path ? name : `${path === "/" ? "" : path}/${name}`);
  const open = found.filter((name) => !synced.has(name)).toSorted();
  const picked = await prompt.chooseMany<string | undefined>({
    message: "Keys",
    choices: [
      ...open.map((name) => ({ value: name, name })),
      { value: undefined, name: "a new one: name and value" },
    ],
    required: true,
  });
  const named = picked.filter((name) => name !== undefined).map((name) => keyOf(name));
  return picked.includes(undefined) ? [...named, await askName(prompt, found)] : named;
}

async function askName(prompt: Prompt, found: readonly string[]): Promise<KeyInput> {
  const name = await prompt.text({
    message: "Name of the new key",
    validate(answer) {
      if (found.includes(answer)) return `${answer} is there already.`;
      try {
        keyOf(answer);
        return true;
      } catch (error) {
        return error instanceof Error ? error.message : "That is no name.";
      }
    },
  });
  return keyOf(name);
}

/** The store's path, what else may be read, and the folders below where the rule reaches them. */
async function pathsOf(store: DesiredStore, facts: Facts, infisical: Infisical): Promise<string[]> {
  const project = await facts.project(store.project);
  if (!project) return [store.path];
  const paths = new Set<string>();
  const open = store.grant.scopes.map(({ path, subtree }) => ({ path, subtree }));
  for (let next = open.shift(); next && paths.size < MOST_FOLDERS; next = open.shift()) {
    const { path, subtree } = next;
    if (paths.has(path)) continue;
    paths.add(path);
    if (!subtree) continue;
    const below = await infisical.listFolders({ project, environment: store.environment, path });
    for (const name of below) open.push({ path: `${path === "/" ? "" : path}/${name}`, subtree });
  }
  return [...paths];
}
