import type { KubeObject, ListQuery } from "../../src/kubernetes/cluster.ts";
import { at, textOf } from "../../src/data.ts";

/** Namespace, labelSelector (`a=b`, `a!=b`, `a in (x,y)`, `a`, `!a`) and fieldSelector (`metadata.name=x`), as the API server takes them. */
export function matches(object: KubeObject, query: ListQuery): boolean {
  return (
    (query.namespace === undefined || object.metadata.namespace === query.namespace) &&
    terms(query.labelSelector).every((term) => labelHolds(object.metadata.labels ?? {}, term)) &&
    terms(query.fieldSelector).every((term) => fieldHolds(object, term))
  );
}

/** Commas inside parentheses belong to `in (x,y)`. */
function terms(selector: string | undefined): string[] {
  return (selector ?? "")
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter(Boolean);
}

function labelHolds(labels: Readonly<Record<string, string>>, term: string): boolean {
  const set = /^(\S+) (in|notin) \(([^)]*)\)$/.exec(term);
  if (set) {
    const values = (set[3] ?? "").split(",").map((value) => value.trim());
    return values.includes(labels[set[1] ?? ""] ?? "") === (set[2] === "in");
  }
  const [, key = "", operator, value] = /^([^!=]+)(!=|==?)(.*)$/.exec(term) ?? [];
  if (operator === "!=") return labels[key.trim()] !== value?.trim();
  if (operator) return labels[key.trim()] === value?.trim();
  return term.startsWith("!") ? !(term.slice(1) in labels) : term in labels;
}

function fieldHolds(object: KubeObject, term: string): boolean {
  const [, field = "", operator, value] = /^([^!=]+)(!=|==?)(.*)$/.exec(term) ?? [];
  const found = textOf(at(object, ...field.split("."))) ?? "";
  return (found === value) === (operator !== "!=");
}
