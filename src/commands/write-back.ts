import type { CommandDeps } from "../commands.ts";
import type { ApplyResult } from "../engine/apply.ts";
import { setInFile } from "../inputs/config-write.ts";
import type { Inputs } from "../inputs/inputs.ts";
import { createFacts } from "../steps/facts.ts";
import type { Session } from "./session.ts";

/** Writes what only a run can know into the file: the ids of the identities, so that `render` works offline. Comments stay. */
export async function writeBack(
  deps: CommandDeps,
  inputs: Inputs,
  { ports, desired }: Session,
  result: ApplyResult,
): Promise<void> {
  const made = result.applied.some(({ step }) => step === "identity");
  const files = await deps.files();
  const before = made ? await files.read(inputs.file) : undefined;
  if (before === undefined) return;
  const facts = createFacts(ports, desired);
  let text = before;
  for (const [index, store] of desired.stores.entries()) {
    const { identity } = await facts.identity(store);
    if (identity && identity.id !== store.identityId)
      text = setInFile(text, ["stores", index, "identityId"], identity.id);
  }
  if (text !== before) await files.write(inputs.file, text);
}
