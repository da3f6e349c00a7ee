import type { Desired, DesiredSecret } from "../desired/desired.ts";
import type { ApplyResult } from "../engine/apply.ts";
import type { Inputs } from "../inputs/inputs.ts";
import { DEFAULT_FILE } from "./read-inputs.ts";

const proved = ({ failed, checks }: ApplyResult) =>
  !failed && checks.every(({ status }) => status !== "fail");

/** What was reached, in one sentence; nothing where something failed or nothing was done. */
export function headlineOf(result: ApplyResult, desired: Desired): string | undefined {
  if (!proved(result) || result.applied.length === 0) return undefined;
  const loggedIn = result.checks.some(({ category, status }) => category === "login" && status === "pass");
  const synced = syncedSecrets(result, desired);
  const [secret] = synced;
  if (!loggedIn || !secret) return loggedIn ? "Proved: ESO logged in to Infisical as itself." : undefined;
  const keys = secret.keys === "all" ? "its keys" : `${secret.keys.length} of ${secret.keys.length} keys`;
  const what =
    synced.length === 1
      ? `Secret ${secret.namespaces[0]}/${secret.target} has ${keys}`
      : `${synced.length} Secrets have their keys`;
  return `Proved: ESO logged in to Infisical as itself and ${what}.`;
}

/** Those that were proved to be there: an empty folder has none yet. */
function syncedSecrets({ checks }: ApplyResult, { secrets }: Desired): readonly DesiredSecret[] {
  return secrets.filter(({ name }) =>
    checks.some(
      ({ category, status, subject }) =>
        category === "secrets" && status === "pass" && subject?.name === name,
    ),
  );
}

/** How to go on; what is before the colon is aligned on the screen. */
export function nextSteps(result: ApplyResult, inputs: Inputs, desired: Desired): string[] {
  if (!proved(result) || result.applied.length === 0) return [];
  const [secret] = syncedSecrets(result, desired);
  const uses = secret ? [`Use it: envFrom: [{secretRef: {name: ${secret.target}}}]`] : [];
  const adds = secret
    ? [`Add a key: eso-bootstrap add-secret NAME --to ${secret.name}${fileFlag(inputs)}`]
    : [];
  return [
    ...uses,
    ...adds,
    `Check it: eso-bootstrap doctor${fileFlag(inputs)}`,
    `Again, without questions: eso-bootstrap init -f ${inputs.file} --yes`,
  ];
}

/** The default name need not be given; neither is none. */
export const fileFlag = ({ file }: Pick<Inputs, "file">) =>
  [DEFAULT_FILE, ""].includes(file) ? "" : ` -f ${file}`;
