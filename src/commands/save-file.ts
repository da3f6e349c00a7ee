import type { CommandDeps } from "../commands.ts";
import { isBootstrapError } from "../errors.ts";
import { configText } from "../inputs/config-write.ts";
import { flagsToFile } from "../inputs/flags-to-file.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { ResolveOptions } from "../inputs/resolve.ts";

/** A file as it is to be, and which of its keys that changes; undefined: it is new. */
export interface FileToSave {
  readonly path: string;
  readonly text: string;
  readonly changes: string | undefined;
}

/** What goes into the file: all of it, or into one that is there what flags said otherwise. */
export function fileFor(
  options: ResolveOptions,
  [first, ...others]: readonly Inputs[],
): FileToSave | undefined {
  if (!first) return undefined;
  if (!first.fileExists) return { path: first.file, text: configText(first, ...others), changes: undefined };
  const changed = flagsToFile(options, first);
  return changed && { path: first.file, text: changed.text, changes: changed.keys.join(", ") };
}

/** Writes it once. After the consent: a declined run leaves nothing behind. What it will change is said before. */
export function saveOnce(
  { files, reporter }: CommandDeps,
  file: FileToSave | undefined,
): () => Promise<void> {
  const note = (text: string) => reporter.event({ type: "note", text });
  if (file?.changes !== undefined) note(`By flag, and goes into ${file.path}: ${file.changes}`);
  let isSaved = file === undefined;
  return async () => {
    if (isSaved || !file) return;
    isSaved = true;
    await (await files()).write(file.path, file.text);
    note(`Saved: ${file.path} (${file.changes ?? "no secrets in it; safe to commit"})`);
  };
}

/** The same where the file may be one that nobody can write, as a ConfigMap in a pod: then it is told that later runs go by it. */
export function saveIfPossible(deps: CommandDeps, file: FileToSave | undefined): () => Promise<void> {
  const save = saveOnce(deps, file);
  return async () => {
    try {
      await save();
    } catch (error) {
      if (!isBootstrapError(error) || !file) throw error;
      deps.reporter.event({
        type: "warning",
        text: `${error.message} The next run without these flags goes by the file: ${file.changes}`,
      });
    }
  };
}
