import type { KeyInput, Namespaces } from "./inputs.ts";
import {
  flawed,
  isRecord,
  readItems,
  shown,
  splitList,
  unknownPart,
  wrong,
  type Flaw,
  type Read,
  type ValueType,
} from "./value.ts";
import { boolean, label, LABEL, secretPath } from "./values.ts";

const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** A namespace, a list of them, or `{selector: {team: shop}}`. As text: `shop`, `shop,cart` or `team=shop`. */
export const namespaces: ValueType<Namespaces> = {
  name: "namespace, list or `{selector: …}`",
  schema: {
    anyOf: [
      label.schema,
      { type: "array", minItems: 1, uniqueItems: true, items: label.schema },
      {
        type: "object",
        required: ["selector"],
        additionalProperties: false,
        properties: {
          selector: { type: "object", minProperties: 1, additionalProperties: { type: "string" } },
        },
      },
    ],
  },
  read(value) {
    if (isRecord(value)) return readSelector(value);
    if (!Array.isArray(value)) return named(label.read(value), (name) => [name]);
    if (value.length === 0) return flawed("expected at least one namespace, found an empty list");
    return named(readItems(value, label), (names) => [...new Set(names)]);
  },
  fromText: (text) => (text.includes("=") ? selectorFromText(text) : onlyOrAll(splitList(text))),
  write: (value) => ("names" in value ? onlyOrAll(value.names) : { selector: value.selector }),
};

function named<T>(read: Read<T>, names: (value: T) => string[]): Read<Namespaces> {
  return "value" in read ? { value: { names: names(read.value) } } : read;
}

function onlyOrAll(names: readonly string[]): unknown {
  return names.length === 1 ? names[0] : names;
}

function selectorFromText(text: string): unknown {
  const pairs = splitList(text).map((pair) => pair.split("="));
  return { selector: Object.fromEntries(pairs.map(([key = "", ...value]) => [key, value.join("=")])) };
}

function readSelector(value: Record<string, unknown>): Read<Namespaces> {
  const { selector, ...others } = value;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) return { flaws: [unknownPart(unknown, ["selector"])] };
  if (!isRecord(selector) || Object.keys(selector).length === 0)
    return wrong("labels, as {selector: {team: shop}}", selector, ["selector"]);
  const labels: Record<string, string> = {};
  const flaws: Flaw[] = [];
  for (const [key, entry] of Object.entries(selector)) {
    if (LABEL_KEY.test(key) && typeof entry === "string" && LABEL_VALUE.test(entry)) labels[key] = entry;
    else flaws.push(...wrong(`a label's value for ${shown(key)}`, entry, ["selector", key]).flaws);
  }
  return flaws.length > 0 ? { flaws } : { value: { selector: labels } };
}

export const paths: ValueType<readonly string[]> = {
  name: "list of paths",
  schema: { type: "array", items: secretPath.schema },
  read: (value) =>
    Array.isArray(value)
      ? readItems(value, secretPath)
      : wrong("a list of paths, as [/shared, /common]", value),
  fromText: splitList,
  write: (value) => value,
};

const KEY_PARTS = ["as", "key", "property", "allowEmpty"] as const;
/** What Kubernetes allows as a key of a Secret's data. */
const DATA_KEY = /^[-._A-Za-z0-9]{1,253}$/;
/** A name in Infisical, or the absolute path of one. */
const REMOTE_KEY = /^(\/[^\s/]+)+$|^[^\s/]+$/;

const remoteKeySchema = { type: "string", pattern: REMOTE_KEY.source };

/** `all`, or a list of `DB_HOST`, `DB_PASSWORD: PASSWORD` and `{as, key, property, allowEmpty}`. As text: `A,B=NAME`. */
export const keys: ValueType<"all" | readonly KeyInput[]> = {
  name: "`all` \\| list",
  schema: {
    anyOf: [
      { const: "all" },
      {
        type: "array",
        minItems: 1,
        items: {
          anyOf: [
            remoteKeySchema,
            {
              type: "object",
              required: ["key"],
              additionalProperties: false,
              properties: {
                as: { type: "string", pattern: DATA_KEY.source },
                key: remoteKeySchema,
                property: { type: "string", minLength: 1 },
                allowEmpty: { type: "boolean" },
              },
            },
            {
              type: "object",
              minProperties: 1,
              maxProperties: 1,
              propertyNames: { pattern: DATA_KEY.source, not: { enum: KEY_PARTS } },
              additionalProperties: remoteKeySchema,
            },
          ],
        },
      },
    ],
  },
  read(value) {
    if (value === "all") return { value };
    if (!Array.isArray(value)) return wrong("all, or a list of keys such as [DB_HOST, DB_PASSWORD]", value);
    if (value.length === 0) return flawed("expected at least one key, found an empty list");
    const read = readItems(value, { read: readKey });
    return "flaws" in read ? read : refuseTwins(read.value);
  },
  fromText: (text) => (text.trim() === "all" ? "all" : splitList(text).map(keyFromText)),
  write: (value) => (value === "all" ? value : value.map(writeKey)),
};

function keyFromText(text: string): unknown {
  const [as = "", ...key] = text.split("=");
  return key.length === 0 ? text : { as, key: key.join("=") };
}

function readKey(value: unknown): Read<KeyInput> {
  if (typeof value === "string") return asOne(fullKey({ key: value }));
  if (!isRecord(value))
    return wrong("a name, NAME_IN_SECRET: NAME, or {as, key, property, allowEmpty}", value);
  const [only, ...others] = Object.entries(value);
  const isRename = only !== undefined && others.length === 0 && !isKeyPart(only[0]);
  if (!isRename) return fullKey(value);
  const read = fullKey({ as: only[0], key: only[1] });
  if ("value" in read) return read;
  return { flaws: read.flaws.map((flaw) => renamed(flaw, only[0])) };
}

/** `DB_PASSWORD: PASSWORD` has its `as` for a key and its `key` for a value. */
function renamed({ at, text }: Flaw, key: string): Flaw {
  return at[0] === "as" ? { at: [key], text, isAboutKey: true } : { at: [key], text };
}

/** A name alone has no parts that a flaw could point at. */
function asOne(read: Read<KeyInput>): Read<KeyInput> {
  return "value" in read ? read : { flaws: read.flaws.map(({ text }) => ({ at: [], text })) };
}

function isKeyPart(name: string): boolean {
  return KEY_PARTS.some((part) => part === name);
}

function fullKey(entry: Record<string, unknown>): Read<KeyInput> {
  const { as, key, property, allowEmpty = false } = entry;
  const flaws: Flaw[] = [];
  for (const name of Object.keys(entry).filter((candidate) => !isKeyPart(candidate)))
    flaws.push(unknownPart(name, KEY_PARTS));
  const remote = typeof key === "string" && REMOTE_KEY.test(key) ? key : undefined;
  const at = "key" in entry ? ["key"] : [];
  if (remote === undefined)
    flaws.push(...wrong("the name of a secret in Infisical, or /path/name", key, at).flaws);
  const name = as ?? remote?.split("/").at(-1);
  const local = typeof name === "string" && DATA_KEY.test(name) ? name : undefined;
  if (local === undefined && (as !== undefined || remote !== undefined))
    flaws.push(
      ...wrong(
        "a key of a Secret: letters, digits, dashes, dots and underscores",
        name,
        as === undefined ? at : ["as"],
      ).flaws,
    );
  if (property !== undefined && (typeof property !== "string" || property === ""))
    flaws.push(...wrong("a property's name", property, ["property"]).flaws);
  const empty = boolean.read(allowEmpty);
  if ("flaws" in empty) flaws.push(...empty.flaws.map((flaw) => ({ ...flaw, at: ["allowEmpty"] })));
  if (flaws.length > 0 || remote === undefined || local === undefined || "flaws" in empty) return { flaws };
  const wanted = typeof property === "string" ? property : undefined;
  return { value: { as: local, key: remote, property: wanted, allowEmpty: empty.value } };
}

/** ESO refuses two entries for one key of the Secret ("duplicate secretKey found"). */
function refuseTwins(list: readonly KeyInput[]): Read<readonly KeyInput[]> {
  const flaws: Flaw[] = [];
  for (const [index, { as }] of list.entries()) {
    const first = list.findIndex((other) => other.as === as);
    if (first < index)
      flaws.push({
        at: [index],
        text: `the Secret's key ${shown(as)} is already there, as number ${first + 1}`,
      });
  }
  return flaws.length > 0 ? { flaws } : { value: list };
}

function writeKey({ as, key, property, allowEmpty }: KeyInput): unknown {
  if (property === undefined && !allowEmpty) {
    if (as === key.split("/").at(-1)) return key;
    if (!isKeyPart(as)) return { [as]: key };
  }
  return { as, key, ...(property !== undefined && { property }), ...(allowEmpty && { allowEmpty }) };
}

const WORKLOADS: Readonly<Record<string, string>> = {
  deploy: "deployment",
  deployment: "deployment",
  sts: "statefulset",
  statefulset: "statefulset",
  ds: "daemonset",
  daemonset: "daemonset",
  rollout: "rollout",
};

/** `auto`, `none` or a list of workloads. As text: `deployment/shop,statefulset/db`. */
export const restart: ValueType<"auto" | "none" | readonly string[]> = {
  name: "`auto` \\| `none` \\| list",
  schema: {
    anyOf: [
      { enum: ["auto", "none"] },
      {
        type: "array",
        items: {
          type: "string",
          pattern: `^(${Object.keys(WORKLOADS).join("|")})/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`,
        },
      },
    ],
  },
  read(value) {
    if (value === "auto" || value === "none") return { value };
    if (!Array.isArray(value)) return wrong("auto, none or a list such as [deployment/shop]", value);
    return readItems(value, { read: readWorkload });
  },
  fromText: (text) => (text === "auto" || text === "none" ? text : splitList(text)),
  write: (value) => value,
};

function readWorkload(value: unknown): Read<string> {
  const [kind = "", name = "", ...rest] = typeof value === "string" ? value.split("/") : [];
  const full = Object.hasOwn(WORKLOADS, kind) ? WORKLOADS[kind] : undefined;
  const isNamed = LABEL.test(name.replaceAll(".", "-")) && rest.length === 0;
  return full !== undefined && isNamed
    ? { value: `${full}/${name}` }
    : wrong("deployment/NAME, statefulset/NAME, daemonset/NAME or rollout/NAME", value);
}
