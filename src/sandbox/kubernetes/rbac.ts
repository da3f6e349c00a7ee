import { at, recordsAt, textOf, textsOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Store } from "./store.ts";
import type { User } from "./tokens.ts";

/** What somebody wants to do: with a resource, or with a path. */
export interface Attributes {
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly path?: string;
}

type Rule = Readonly<Record<string, unknown>>;

/** RBAC over the roles and bindings in the store (plugin/pkg/auth/authorizer/rbac): the sentence that allows it, or undefined. */
export function authorize(store: Store, user: User, wanted: Attributes): string | undefined {
  if (user.groups.includes("system:masters")) return "";
  for (const { binding, rules } of bindingsOf(store, user, wanted.namespace))
    if (rules.some((rule) => allows(rule, wanted))) return sentence(binding, user);
  return undefined;
}

/** The rules that a user has in a namespace, for SelfSubjectRulesReview. */
export function rulesOf(store: Store, user: User, namespace: string): Rule[] {
  const everything: Rule[] = [
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
    { verbs: ["*"], nonResourceURLs: ["*"] },
  ];
  if (user.groups.includes("system:masters")) return everything;
  return [...bindingsOf(store, user, namespace)].flatMap(({ rules }) => rules);
}

function* bindingsOf(
  store: Store,
  user: User,
  namespace: string | undefined,
): Generator<{ readonly binding: KubeObject; readonly rules: readonly Rule[] }> {
  const group = "rbac.authorization.k8s.io";
  const scoped = namespace ? store.list(`rolebindings.${group}`, namespace) : [];
  for (const binding of [...store.list(`clusterrolebindings.${group}`), ...scoped]) {
    if (!recordsAt(binding, "subjects").some((subject) => isSubject(subject, user, binding))) continue;
    const ref = binding["roleRef"];
    const name = textOf(at(ref, "name")) ?? "";
    const role =
      at(ref, "kind") === "Role"
        ? store.get(`roles.${group}`, binding.metadata.namespace, name)
        : store.get(`clusterroles.${group}`, undefined, name);
    if (role) yield { binding, rules: recordsAt(role, "rules") };
  }
}

function isSubject(subject: Rule, user: User, binding: KubeObject): boolean {
  const name = textOf(subject["name"]) ?? "";
  if (subject["kind"] === "User") return user.username === name;
  if (subject["kind"] === "Group") return user.groups.includes(name);
  const namespace = textOf(subject["namespace"]) ?? binding.metadata.namespace ?? "";
  return user.username === `system:serviceaccount:${namespace}:${name}`;
}

function allows(rule: Rule, wanted: Attributes): boolean {
  const has = (key: string, value: string) => {
    const list = textsOf(rule[key]);
    return list.includes("*") || list.includes(value);
  };
  if (!has("verbs", wanted.verb)) return false;
  if (wanted.path !== undefined)
    return textsOf(rule["nonResourceURLs"]).some((url) => fits(url, wanted.path ?? ""));
  const { resource = "", subresource, name } = wanted;
  const full = subresource ? `${resource}/${subresource}` : resource;
  const names = textsOf(rule["resourceNames"]);
  return (
    has("apiGroups", wanted.group ?? "") &&
    (has("resources", full) || (subresource !== undefined && has("resources", `*/${subresource}`))) &&
    (names.length === 0 || (name !== undefined && names.includes(name)))
  );
}

const fits = (url: string, path: string): boolean =>
  url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1)));

function sentence({ kind, metadata, ...rest }: KubeObject, user: User): string {
  const subject = recordsAt(rest, "subjects").find((one) =>
    isSubject(one, user, { kind, metadata, ...rest }),
  );
  const who =
    subject?.["kind"] === "ServiceAccount"
      ? `${String(subject["name"])}/${String(subject["namespace"])}`
      : String(subject?.["name"]);
  const place = metadata.namespace ? `${metadata.name}/${metadata.namespace}` : metadata.name;
  const role = at(rest, "roleRef");
  return `RBAC: allowed by ${kind} "${place}" of ${String(at(role, "kind"))} "${String(at(role, "name"))}" to ${String(subject?.["kind"])} "${who}"`;
}

/** `User "bob" cannot list resource "secrets" in API group "" in the namespace "default"`. */
export function refusalWords(
  user: User,
  { verb, group = "", resource = "", subresource, namespace, path }: Attributes,
): string {
  if (path !== undefined) return `User "${user.username}" cannot ${verb} path "${path}"`;
  const full = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? `in the namespace "${namespace}"` : "at the cluster scope";
  return `User "${user.username}" cannot ${verb} resource "${full}" in API group "${group}" ${where}`;
}
