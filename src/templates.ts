import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
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

/** The template with the edits made. Lives at this depth so that src/ and dist/ find the same folder. */
export function fromTemplate(name: TemplateName, edits: readonly Edit[]): KubeObject {
  const text = readFileSync(new URL(`../templates/${name}.yaml`, import.meta.url), "utf8");
  const document = parseDocument(text);
  for (const [path, value] of edits) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  return document.toJS() as KubeObject;
}
