import { CODES, type Code } from "../../codes.ts";
import type { Fix } from "../../errors.ts";
import type { CheckContext } from "../context.ts";
import { inKubectl, restore, restoreAtInfisical } from "../mending.ts";
import { secretOf } from "../of-file.ts";
import type { SecretView } from "../view/external-secret.ts";

/** What lies in the ExternalSecret itself, or in whom its store lets in: where the file says otherwise, applying the file mends it. */
const IN_ITS_SPEC: readonly Code[] = [
  "ESOB-E202",
  "ESOB-E203",
  "ESOB-E205",
  "ESOB-E210",
  "ESOB-E211",
  "ESOB-E217",
  "ESOB-E228",
];

/** What mends an ExternalSecret that does not sync; without a command where only its owner can say. */
export function fixFor(context: CheckContext, live: SecretView, code: Code): Fix {
  const { namespace, target, name } = live;
  const subject = { kind: "ExternalSecret", namespace, name };
  const summary = CODES[code].mend;
  if (code === "ESOB-E209") return { summary, command: `kubectl delete secret ${target} -n ${namespace}` };
  if (code.startsWith("ESOB-R") || code.startsWith("ESOB-I3")) return restoreAtInfisical(context, code);
  if (!secretOf(context.desired, live)) return { summary };
  if (IN_ITS_SPEC.includes(code) || (code === "ESOB-E105" && asksForMore(context, live)))
    return restore(context, code, subject);
  return code.startsWith("ESOB-E2")
    ? { summary, command: `kubectl describe ${inKubectl(subject)}` }
    : { summary };
}

/** It names a key of Infisical that the file does not. */
function asksForMore({ desired }: CheckContext, live: SecretView): boolean {
  const keys = secretOf(desired, live)?.keys ?? "all";
  return keys !== "all" && live.data.some(({ key }) => !keys.some((one) => one.key === key));
}
