import { at } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { badRequest } from "./errors.ts";
import { textFor } from "./json.ts";

/** What a list or a watch is narrowed to. */
export type Selector = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type LabelTerm = (labels: Labels) => boolean;

const OPERATORS: Readonly<Record<string, (value: string | undefined, wanted: readonly string[]) => boolean>> =
  {
    "=": (value, [wanted]) => value === wanted,
    "==": (value, [wanted]) => value === wanted,
    "!=": (value, [wanted]) => value !== wanted,
    in: (value, wanted) => value !== undefined && wanted.includes(value),
    notin: (value, wanted) => value === undefined || !wanted.includes(value),
    ">": (value, [wanted]) => Number(value) > Number(wanted),
    "<": (value, [wanted]) => Number(value) < Number(wanted),
  };

/** `a=b,c!=d,e in (x,y),!f,g` (apimachinery, labels/selector.go). 400 where it cannot be read. */
export function labelSelector(text: string): Selector {
  const terms = text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter(Boolean)
    .map(labelTerm);
  return ({ metadata }) => terms.every((term) => term(metadata.labels ?? {}));
}

function labelTerm(term: string): LabelTerm {
  const absent = /^!\s*([^\s!=]+)$/.exec(term);
  if (absent) return (labels) => !((absent[1] ?? "") in labels);
  const [, key = "", operator, rest = ""] =
    /^([^\s!=<>()]+)\s*(==|=|!=|<|>|(?:in|notin)(?=[\s(]))?\s*(.*)$/.exec(term) ?? [];
  if (operator === undefined) {
    if (rest !== "")
      throw badRequest(
        `unable to parse requirement: found '${rest.split(/\s/)[0]}', expected: in, notin, =, ==, !=, gt, lt`,
      );
    if (key === "")
      throw badRequest(
        `unable to parse requirement: found '${term}', expected: !, identifier, or 'end of string'`,
      );
    return (labels) => key in labels;
  }
  const wanted = operator.endsWith("in")
    ? rest
        .replaceAll(/[()]/g, "")
        .split(",")
        .map((value) => value.trim())
    : [rest.trim()];
  for (const value of wanted) checkValue(key, value);
  return (labels) => OPERATORS[operator]?.(labels[key], wanted) ?? false;
}

function checkValue(key: string, value: string): void {
  if (/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(value)) return;
  throw badRequest(
    `unable to parse requirement: values[0][${key}]: Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
  );
}

/** A selector of an object's spec: matchLabels and matchExpressions. An empty one matches all. */
export function matchesSelector(selector: unknown, labels: Labels): boolean {
  const wanted = Object.entries((at(selector, "matchLabels") ?? {}) as Labels);
  const expressions = (at(selector, "matchExpressions") ?? []) as readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
  const holds = {
    In: (value: string | undefined, values: readonly string[]) =>
      value !== undefined && values.includes(value),
    NotIn: (value: string | undefined, values: readonly string[]) =>
      value === undefined || !values.includes(value),
    Exists: (value: string | undefined) => value !== undefined,
    DoesNotExist: (value: string | undefined) => value === undefined,
  } as Readonly<Record<string, (value: string | undefined, values: readonly string[]) => boolean>>;
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    expressions.every(({ key, operator, values = [] }) => holds[operator]?.(labels[key], values) ?? false)
  );
}

/** `metadata.name=x,type!=y` over the fields that the kind lets choose. */
export function fieldSelector(
  text: string,
  kind: { readonly selectable: readonly string[]; readonly namespaced: boolean },
): Selector {
  const known = ["metadata.name", ...(kind.namespaced ? ["metadata.namespace"] : []), ...kind.selectable];
  const terms = text
    .split(",")
    .filter(Boolean)
    .map((term) => {
      const [, field = "", operator, value = ""] = /^([^!=]+)(!=|==|=)(.*)$/.exec(term) ?? [];
      if (operator === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      if (!known.includes(field))
        throw badRequest(
          kind.selectable.length === 0
            ? `"${field}" is not a known field selector: only ${known.map((one) => `"${one}"`).join(", ")}`
            : `field label not supported: ${field}`,
        );
      return (object: KubeObject) => (fieldText(object, field) === value) === (operator !== "!=");
    });
  return (object) => terms.every((term) => term(object));
}

function fieldText(object: KubeObject, field: string): string {
  const value = field === "source" ? at(object, "source", "component") : at(object, ...field.split("."));
  return textFor(value);
}
