import type { CommandDeps } from "../commands.ts";
import { SHELLS } from "../completion/names.ts";
import { BootstrapError } from "../errors.ts";
import { didYouMean } from "../inputs/nearest.ts";
import type { Invocation } from "../invocation.ts";
import { completionScript } from "../templates.ts";

/** Prints the script for a shell. ESOB-C104 for a shell that we have none for. */
export async function run({ args }: Invocation, { reporter }: CommandDeps): Promise<number> {
  const wanted = args[0] ?? "";
  const shell = SHELLS.find((one) => one === wanted);
  if (shell === undefined)
    throw new BootstrapError("ESOB-C104", {
      message: `There is no completion for "${wanted}"${didYouMean(wanted, SHELLS)}.`,
      fix: { summary: `Give one of: ${SHELLS.join(", ")}.`, command: "eso-bootstrap completion bash" },
    });
  const text = completionScript(shell);
  reporter.end({ kind: "Text", text, items: [{ shell, script: text }] });
  return 0;
}
