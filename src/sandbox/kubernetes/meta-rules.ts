import { isRecord } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { cause, type Cause } from "./errors.ts";
import type { Kind } from "./kinds.ts";

const SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SERVICE = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

const subdomainText = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const labelText = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
const serviceText = `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${SERVICE}')`;
const qualifiedText = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`;
const valueText = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${VALUE}')`;

const matches = (pattern: string, value: string): boolean => new RegExp(`^${pattern}$`).test(value);

/** Roles and bindings may carry any name that fits a path segment. */
const PATH_NAMES = /^(Cluster)?Role(Binding)?$/;

function nameCause({ kind }: Kind, name: string): Cause | undefined {
  const field = "metadata.name";
  if (PATH_NAMES.test(kind)) {
    const bad = ["/", "%"].find((letter) => name.includes(letter));
    return bad ? cause.invalid(field, name, `may not contain '${bad}'`) : undefined;
  }
  if (kind === "Namespace")
    return matches(LABEL, name) && name.length <= 63 ? undefined : cause.invalid(field, name, labelText);
  if (kind === "Service")
    return matches(SERVICE, name) && name.length <= 63 ? undefined : cause.invalid(field, name, serviceText);
  if (name.length > 253) return cause.invalid(field, name, "must be no more than 253 bytes");
  return matches(SUBDOMAIN, name) ? undefined : cause.invalid(field, name, subdomainText);
}

/** What is wrong with the metadata of an object (apimachinery, api/validation/objectmeta.go). */
export function metaCauses(kind: Kind, { metadata }: KubeObject): Cause[] {
  const { name, labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = metadata;
  const wrongName = name
    ? nameCause(kind, name)
    : cause.required("metadata.name", "name or generateName is required");
  return [
    ...(wrongName ? [wrongName] : []),
    ...ownerReferences.flatMap((owner, index) =>
      (["apiVersion", "kind", "name", "uid"] as const)
        .filter((key) => !owner[key])
        .map((key) =>
          cause.invalid(
            `metadata.ownerReferences[${index}].${key}`,
            "",
            key === "apiVersion" ? "version must not be empty" : "must not be empty",
          ),
        ),
    ),
    ...labelCauses(labels, "metadata.labels"),
    ...Object.keys(annotations).flatMap((key) => keyCauses(key.toLowerCase(), "metadata.annotations", key)),
    ...finalizers
      .filter((one) => !one.includes("/") && !["orphan", "foregroundDeletion", "kubernetes"].includes(one))
      .map((one, index) =>
        cause.invalid(
          `metadata.finalizers[${index}]`,
          one,
          "name is neither a standard finalizer name nor is it fully qualified",
        ),
      ),
  ];
}

export function labelCauses(labels: unknown, field: string): Cause[] {
  return Object.entries(isRecord(labels) ? labels : {}).flatMap(([key, value]) => [
    ...keyCauses(key, field, key),
    ...(matches(VALUE, String(value)) && String(value).length <= 63
      ? []
      : [
          cause.invalid(
            field,
            value,
            String(value).length > 63 ? "must be no more than 63 bytes" : valueText,
          ),
        ]),
  ]);
}

function keyCauses(key: string, field: string, shownKey: string): Cause[] {
  const [name = "", prefix, ...more] = key.split("/").toReversed();
  if (more.length > 0)
    return [
      cause.invalid(
        field,
        shownKey,
        `a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ),
    ];
  if (prefix !== undefined && !matches(SUBDOMAIN, prefix))
    return [cause.invalid(field, shownKey, `prefix part ${subdomainText}`)];
  if (name === "")
    return [
      cause.invalid(field, shownKey, "name part must be non-empty"),
      cause.invalid(field, shownKey, qualifiedText),
    ];
  if (name.length > 63) return [cause.invalid(field, shownKey, "name part must be no more than 63 bytes")];
  return matches(QUALIFIED, name) ? [] : [cause.invalid(field, shownKey, qualifiedText)];
}
