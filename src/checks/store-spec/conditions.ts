import { at, recordOf, recordsAt, textOf, textsOf } from "../../data.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { CheckContext } from "../context.ts";
import { pass, unlessForbidden } from "../finding.ts";
import { titleOf, type LiveStore } from "../subject.ts";
import type { StoreView } from "../view/store.ts";
import { mendField } from "./field.ts";

/** A namespace as conditions see it. */
interface Namespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A ClusterSecretStore's conditions can be read, and let some namespace in (eso.md 1.1). */
export function judgeConditions(context: CheckContext, store: LiveStore): Promise<Finding> {
  const bad = store.live.conditions
    .flatMap((condition) => textsOf(condition["namespaceRegexes"]))
    .find(isBad);
  if (bad !== undefined)
    throw new BootstrapError("ESOB-S224", {
      message: `The pattern ${bad} in the conditions of ${titleOf(store)} cannot be read.`,
      fix: mendField(context, "ESOB-S224", store, "/spec/conditions"),
    });
  return unlessForbidden("list namespaces", async () => {
    const namespaces = await readNamespaces(context);
    const allowed = namespaces.filter((namespace) => allows(store.live, namespace));
    if (allowed.length > 0) return pass(`by ${allowed.length} of ${namespaces.length} namespaces`);
    throw new BootstrapError("ESOB-S225", {
      message: `The conditions of ${titleOf(store)} let no namespace in.`,
      fix: mendField(context, "ESOB-S225", store, "/spec/conditions"),
    });
  });
}

function readNamespaces({ cluster, once }: CheckContext): Promise<readonly Namespace[]> {
  return once("namespaces", async () => {
    const found: Namespace[] = [];
    for await (const { metadata } of cluster.list({ apiVersion: "v1", kind: "Namespace" }))
      found.push({ name: metadata.name, labels: metadata.labels ?? {} });
    return found;
  });
}

/** Entries and their members are alternatives; no entries at all let everybody in. */
function allows({ conditions }: StoreView, { name, labels }: Namespace): boolean {
  return conditions.some(
    (condition) =>
      textsOf(condition["namespaces"]).includes(name) ||
      textsOf(condition["namespaceRegexes"]).some((pattern) => new RegExp(inJs(pattern)).test(name)) ||
      fitsSelector(condition["namespaceSelector"], { "kubernetes.io/metadata.name": name, ...labels }),
  );
}

function fitsSelector(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  if (selector === undefined) return false;
  const equal = Object.entries(recordOf(at(selector, "matchLabels")));
  return (
    equal.every(([key, value]) => labels[key] === value) &&
    recordsAt(selector, "matchExpressions").every((expression) => holds(expression, labels))
  );
}

function holds(expression: Record<string, unknown>, labels: Readonly<Record<string, string>>): boolean {
  const label = labels[textOf(expression["key"]) ?? ""];
  const values = textsOf(expression["values"]);
  switch (expression["operator"]) {
    case "In":
      return label !== undefined && values.includes(label);
    case "NotIn":
      return label === undefined || !values.includes(label);
    case "Exists":
      return label !== undefined;
    default:
      return label === undefined;
  }
}

/** Go's RE2 has no look-around and no back references; flags at its start and named groups are spelled otherwise there. */
const NOT_IN_RE2 = /\(\?(=|!|<=|<!)|\\[1-9]/;

const inJs = (pattern: string) => pattern.replace(/^\(\?[imsU]+\)/, "").replaceAll("(?P<", "(?<");

function isBad(pattern: string): boolean {
  try {
    new RegExp(inJs(pattern));
    return NOT_IN_RE2.test(pattern);
  } catch {
    return true;
  }
}
