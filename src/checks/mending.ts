import { CODES, type Code } from "../codes.ts";
import type { Subject } from "../engine/check.ts";
import type { Fix } from "../errors.ts";
import type { Desired } from "../desired/desired.ts";
import type { CheckContext } from "./context.ts";
import { secretOf, storeOf } from "./of-file.ts";

/** `secretstore infisical -n shop`, as kubectl takes it. */
export function inKubectl({ kind, namespace, name }: Subject): string {
  return `${kind.toLowerCase()} ${name}${namespace === undefined ? "" : ` -n ${namespace}`}`;
}

/** How a code is mended, without the command at the end: that stands on a line of its own. */
export const mendOf = (code: Code): string =>
  CODES[code].mend.replace(/: `eso-bootstrap (apply|reviewer|install)[^`]*`\.$/, ".");

/** What the file says is restored by `apply`; what it does not describe is edited. */
export function restore({ desired }: CheckContext, code: Code, subject: Subject): Fix {
  return isOfFile(desired, subject)
    ? { summary: mendOf(code), command: "eso-bootstrap apply --force-conflicts" }
    : { summary: mendOf(code), command: `kubectl edit ${inKubectl(subject)}` };
}

/** Other objects than stores and ExternalSecrets are the file's with its stores. */
function isOfFile(desired: Desired | undefined, { kind, name, namespace }: Subject): boolean {
  if (kind === "ExternalSecret") return secretOf(desired, { name, namespace: namespace ?? "" }) !== undefined;
  if (kind === "SecretStore" || kind === "ClusterSecretStore")
    return storeOf(desired, { kind, name, namespace }) !== undefined;
  return desired !== undefined;
}

/** A field that the file does not set would outlive `apply`: it is taken away first. */
export function thenRestore({ summary, command }: Fix): Fix {
  return {
    summary: `${summary} Then restore what the file says.`,
    command: `${command} && eso-bootstrap apply --force-conflicts`,
  };
}

/**
 * What is stored at Infisical is restored by `apply`, where there is a file: as the code's own words say, or after what they have
 * changed in it. Firewalls, servers and addresses are others' to mend: no command.
 */
export function restoreAtInfisical({ desired }: Pick<CheckContext, "desired">, code: Code): Fix {
  const { mend } = CODES[code];
  const summary = mendOf(code);
  if (!/`eso-bootstrap |^Set (cluster|stores)\b/.test(mend)) return { summary };
  return desired ? { summary, command: "eso-bootstrap apply" } : { summary: needsFile(summary) };
}

/** Who has no file cannot restore what it says. */
export const needsFile = (summary: string) =>
  `${summary} That needs eso-bootstrap.yaml: give it with -f; \`eso-bootstrap init\` makes one.`;

/** ESO looks at an object again when an annotation changes (eso.md 1.7, 2.1). */
export function lookAgain(summary: string, subject: Subject): Fix {
  const command = `kubectl annotate ${inKubectl(subject)} force-sync="$(date +%s)" --overwrite`;
  return { summary, command };
}

/** Takes a field away that somebody added. `path`: a JSON pointer. */
export function removeField(summary: string, subject: Subject, path: string): Fix {
  const patch = JSON.stringify([{ op: "remove", path }]);
  return { summary, command: `kubectl patch ${inKubectl(subject)} --type=json -p '${patch}'` };
}
