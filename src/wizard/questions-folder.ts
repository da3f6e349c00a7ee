import type { SecretScope } from "../infisical/infisical.ts";
import { FIELDS } from "../inputs/fields.ts";
import type { Choice } from "../system/system.ts";
import { accepts, messageOf } from "./asking.ts";
import type { Question, Values, Wizard } from "./question.ts";

const { infisical, store } = FIELDS;
const TYPE = Symbol("type");

/** A step on the walk: take this folder, or go to another. */
type Move = { readonly take: string } | { readonly go: string } | typeof TYPE;

/** Which folder: walked down from the root, or typed. */
export const folderQuestion: Question = {
  field: store.path.key,
  isNeeded: false,
  async ask(wizard) {
    const scope = await wizard.live.scope();
    const values = scope ? await walk(wizard, scope) : await typed(wizard, undefined);
    return { values };
  },
};

async function walk(wizard: Wizard, root: SecretScope): Promise<Values> {
  let path = await startOf(wizard, root);
  for (;;) {
    const { choices, likely } = await movesAt(wizard, { ...root, path });
    const message = messageOf(store.path);
    const start: { default?: Move } = likely === undefined ? {} : { default: likely };
    const move = await wizard.deps.prompt.choose<Move>({ message, choices, ...start });
    if (move === TYPE) return typed(wizard, root);
    if ("take" in move) return { [store.path.key]: move.take };
    path = move.go;
  }
}

/** Last time's folder, if it is still there. */
async function startOf(wizard: Wizard, root: SecretScope): Promise<string> {
  const path = wizard.remembered(store.path.key);
  if (path === undefined || path === "/") return "/";
  const server = await wizard.live.infisical();
  return (await server.folderExists({ ...root, path })) ? path : "/";
}

/** Where one can go from here; `likely`: the only folder below a place that holds no names. */
async function movesAt(
  { live }: Wizard,
  scope: SecretScope,
): Promise<{ readonly choices: Choice<Move>[]; readonly likely: Move | undefined }> {
  const server = await live.infisical();
  const [names, folders] = await Promise.all([server.listSecretNames(scope), server.listFolders(scope)]);
  const { path } = scope;
  const here = [`${names.length} ${names.length === 1 ? "name" : "names"}`];
  if (folders.length > 0) here.push(`${folders.length} ${folders.length === 1 ? "folder" : "folders"} below`);
  const into = folders.toSorted().map((folder) => {
    const below = path === "/" ? `/${folder}` : `${path}/${folder}`;
    return { value: { go: below }, name: `${below} →` };
  });
  const choices: Choice<Move>[] = [
    { value: { take: path }, name: `${path}  (${here.join(", ")})` },
    ...into,
    ...(path === "/" ? [] : [{ value: { go: parentOf(path) }, name: "← up" }]),
    { value: TYPE, name: "another: type its path" },
  ];
  return { choices, likely: names.length === 0 && into.length === 1 ? into[0]?.value : undefined };
}

/** A path as typed; one that is not there yet is made when that is wanted. */
async function typed(wizard: Wizard, root: SecretScope | undefined): Promise<Values> {
  const { prompt } = wizard.deps;
  const server = await wizard.live.infisical();
  for (;;) {
    const preset = wizard.remembered(store.path.key) ?? "/";
    const text = await prompt.text({ message: "Path", default: preset, validate: accepts(store.path.type) });
    const path = text === "/" ? text : text.replace(/\/$/, "");
    if (path === "/" || (root && (await server.folderExists({ ...root, path }))))
      return { [store.path.key]: path };
    const isNew = root === undefined || wizard.value(infisical.create.key) === true;
    if (isNew || (await prompt.confirm({ message: `There is no folder ${path}. Create it?`, default: true })))
      return { [store.path.key]: path, [infisical.create.key]: true };
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
