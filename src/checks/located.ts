import type { CheckResult, Subject } from "../engine/check.ts";
import type { Inputs, Namespaces } from "../inputs/inputs.ts";

/** Says of each result where its object is described: the line of its store or secret in eso-bootstrap.yaml. */
export function located(results: readonly CheckResult[], inputs: Inputs): CheckResult[] {
  return results.map((result) => {
    const line = result.location ? undefined : lineOf(result.subject, inputs);
    return line === undefined ? result : { ...result, location: { file: inputs.file, line } };
  });
}

function lineOf(subject: Subject | undefined, { stores, secrets, lines = {} }: Inputs): number | undefined {
  if (!subject) return undefined;
  const { kind, name } = subject;
  const store = stores.findIndex(
    (one) =>
      one.kind === kind &&
      one.name === name &&
      (kind === "ClusterSecretStore" || isIn(one.namespace, subject)),
  );
  if (store !== -1) return lines[`stores[${store}].name`];
  const writes = kind === "Secret";
  if (!writes && kind !== "ExternalSecret") return undefined;
  const secret = secrets.findIndex(
    (one) => (writes ? (one.target ?? one.name) : one.name) === name && isIn(one.namespace, subject),
  );
  return secret === -1 ? undefined : lines[`secrets[${secret}].name`];
}

/** What a selector chooses is not known here: the name decides. */
const isIn = (namespaces: Namespaces, { namespace }: Subject) =>
  !("names" in namespaces) || namespaces.names.includes(namespace ?? "");
