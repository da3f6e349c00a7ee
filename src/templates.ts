import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import type { SHELLS } from "./completion/names.ts";
import type { KubeObject } from "./kubernetes/cluster.ts";

/** The files of `templates/`: valid YAML on their own; names in them are placeholders that are set by path. */
export type TemplateName =
  | "cluster-secret-store"
  | "external-secret"
  | "identity-secret"
  | "infisical-ca"
  | "namespace"
  | "prometheus-rule"
  | "reviewer-anchor"
  | "reviewer-cluster-role"
  | "reviewer-cluster-role-binding"
  | "reviewer-service-account"
  | "reviewer-token"
  | "rotation-cluster-role"
  | "rotation-cluster-role-binding"
  | "rotation-cron-job"
  | "rotation-identity"
  | "rotation-role"
  | "rotation-role-binding"
  | "rotation-service-account"
  | "rotation-settings"
  | "secret-store";

/** A value to put at a path, as `[["metadata", "name"], "shop"]`; undefined removes what stands there. */
export type Edit = readonly [path: readonly (string | number)[], value: unknown];

/** The template with the edits made. */
export function fromTemplate(name: TemplateName, edits: readonly Edit[]): KubeObject {
  const document = parseDocument(textOf(`${name}.yaml`));
  for (const [path, value] of edits) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  return document.toJS() as KubeObject;
}

/** The script with which a shell asks `eso-bootstrap __complete` for names. */
export const completionScript = (shell: (typeof SHELLS)[number]) => textOf(`completion.${shell}`);

/** Lives at this depth so that src/ and dist/ find the same folder. */
const textOf = (file: string) => readFileSync(new URL(`../templates/${file}`, import.meta.url), "utf8");
