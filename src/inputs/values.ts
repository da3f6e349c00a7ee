import { parse } from "yaml";
import { CODES } from "../codes.ts";
import { formatDuration, parseDuration } from "./durations.ts";
import { readHost } from "./host.ts";
import { didYouMean, editDistance } from "./nearest.ts";
import { flawed, isRecord, shown, textType, wrong, type Read, type ValueType } from "./value.ts";

/** DNS-1123 label (Kubernetes: namespaces, ServiceAccounts that a token's subject names). */
export const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** DNS-1123 subdomain (Kubernetes: names of most objects). */
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const text = textType({ name: "text", expected: "a text" });

/** A slug of ours, which becomes a part of slugs and names in Infisical (infisical-api.md section 3). */
export const slug = textType({
  name: "slug",
  expected: "lower-case letters, digits and single dashes, such as prod-eu",
  pattern: /^[a-z0-9]+(-[a-z0-9]+)*$/,
  max: 50,
});

/**
 * A slug of something in Infisical. Names are let through here: only Infisical can tell a name from a slug, and says which
 * slug is meant (ESOB-I204). Limits: infisical-api.md section 3.
 */
export const infisicalSlug = textType({
  name: "slug",
  expected: "a slug as Infisical shows it, such as shop-x7k2",
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  pattern: /^[^\s/\\\u0000-\u001f]([^/\\\u0000-\u001f]*[^\s/\\\u0000-\u001f])?$/,
  max: 64,
});

export const organization = textType({
  name: "slug or id",
  expected: "an organization's slug or id",
  pattern: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
  max: 64,
});

export const label = textType({
  name: "namespace",
  expected: "a namespace: lower-case letters, digits and dashes, at most 63",
  pattern: LABEL,
  max: 63,
});

export const objectName = textType({
  name: "name",
  expected: "a Kubernetes name: lower-case letters, digits, dashes and dots",
  pattern: SUBDOMAIN,
  max: 253,
});

/** Helm allows 53 characters (helm.sh, "release name"). */
export const releaseName = textType({
  name: "name",
  expected: "a Helm release name: lower-case letters, digits, dashes and dots, at most 53",
  pattern: SUBDOMAIN,
  max: 53,
});

export const chart = textType({
  name: "name, `oci://…` or path",
  expected: "a chart's name, oci://… or a path",
  pattern: /^\S+$/,
});

export const version = textType({
  name: "version",
  expected: 'a version such as "2.9.0"',
  pattern: /^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/,
  max: 64,
});

export const controllerClass = textType({
  name: "text",
  expected: "a controller class: letters, digits, dashes, dots and slashes",
  pattern: /^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/,
  max: 253,
});

/** `{cluster}` is replaced; names are cut to 60 later (product.md section 3). */
export const identityName = textType({
  name: "name",
  expected: "an identity's name: letters, digits, spaces, dots, dashes, underscores and {cluster}",
  pattern: /^[A-Za-z0-9{]([A-Za-z0-9 ._-]|\{cluster\}|[{}])*$/,
  max: 255,
  refuse: (value) => {
    const placeholder = value.replaceAll("{cluster}", "");
    return /[{}]/.test(placeholder) ? "only {cluster} can stand in braces" : undefined;
  },
});

export const uuid = textType({
  name: "id",
  expected: "an id such as 3f61c2d4-0000-4000-8000-000000000000",
  pattern: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
});

export const file = textType({ name: "path of a file", expected: "the path of a file" });

export const url = textType({
  name: "URL",
  expected: "a URL such as https://k8s.example:6443",
  pattern: /^https?:\/\/[^\s/]/,
  refuse: (value) => {
    if (!URL.canParse(value)) return "expected a URL such as https://k8s.example:6443";
    const { username, password, search, hash } = new URL(value);
    if (username || password) return "a URL with a user name or password in it is not allowed";
    return search || hash ? "expected a URL without ? and #" : undefined;
  },
  normalise: (value) => value.replace(/\/+$/, ""),
});

export const host: ValueType<string> = {
  ...textType({ name: "`us` \\| `eu` \\| URL", expected: "us, eu or a URL" }),
  schema: { type: "string", pattern: "^([uU][sS]|[eE][uU]|https?://[^\\s/].*)$" },
  read(value) {
    if (typeof value !== "string")
      return wrong("us, eu or a URL such as https://infisical.example.com", value);
    const found = readHost(value);
    return "host" in found ? { value: found.host } : flawed(found.problem);
  },
};

/**
 * A folder in Infisical. Glob characters are refused: they would make a permission wider than it looks, because servers of
 * 2024 match paths with `$glob` (infisical-api.md section 10).
 */
export const secretPath = textType({
  name: "path",
  expected: "a path such as /shop/db: letters, digits, dashes, dots and underscores between slashes",
  pattern: /^\/([A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*\/?)?$/,
  max: 1024,
  refuse: (value) => (/\/\.\.?(\/|$)/.test(value) ? "a path cannot hold . or .. as a folder" : undefined),
  normalise: (value) => (value === "/" ? value : value.replace(/\/$/, "")),
});

export const boolean: ValueType<boolean> = {
  name: "boolean",
  schema: { type: "boolean" },
  read: (value) =>
    typeof value === "boolean" ? { value } : flawed(`expected true or false, found ${shown(value)}`),
  fromText: (value) => readBoolean(value) ?? value,
  write: (value) => value,
};

function readBoolean(value: string): boolean | undefined {
  if (/^(true|1|yes)$/i.test(value)) return true;
  return /^(false|0|no)$/i.test(value) ? false : undefined;
}

export const autoBoolean: ValueType<"auto" | boolean> = {
  name: "`auto` \\| boolean",
  schema: { enum: ["auto", true, false] },
  read: (value) =>
    typeof value === "boolean" || value === "auto"
      ? { value }
      : flawed(`expected auto, true or false, found ${shown(value)}`),
  fromText: (value) => readBoolean(value) ?? value,
  write: (value) => value,
};

/** Our own durations: seconds in `Inputs`, `d` allowed. */
function seconds(rule: { min: number; max: number; expected: string }): ValueType<number> {
  return {
    name: "duration",
    schema: { type: "string", pattern: "^(0|(\\d+(\\.\\d+)?(ns|us|µs|ms|s|m|h|d))+)$" },
    read(value) {
      const found = typeof value === "string" ? parseDuration(value, { days: true }) : undefined;
      if (found === undefined) return wrongDuration(rule.expected, value);
      const fits = Number.isInteger(found) && found >= rule.min && found <= rule.max;
      return fits ? { value: found } : wrong(rule.expected, value);
    },
    fromText: (value) => value,
    write: formatDuration,
  };
}

function wrongDuration(expected: string, value: unknown): Read<never> {
  if (typeof value === "number")
    return flawed(`expected ${expected}, found the number ${value}; write ${value}s`);
  return flawed(`expected ${expected}, found ${shown(value)}`);
}

/** Infisical's own limits of accessTokenTTL: 1 … 315360000 seconds (infisical-api.md 1.5). */
export const tokenTTL = seconds({
  min: 1,
  max: 315_360_000,
  expected: "a duration such as 2h, 90m or 1d, at least 1s",
});

const bound = seconds({
  min: 600,
  max: 10 * 365 * 86_400,
  expected: "unlimited, or a duration such as 720h or 30d, at least 10m",
});

/** `unlimited` is undefined in `Inputs`. A bound token lives at least 10 minutes (Kubernetes, TokenRequest). */
export const tokenLifetime: ValueType<number | undefined> = {
  ...bound,
  name: "`unlimited` \\| duration",
  schema: { anyOf: [{ const: "unlimited" }, bound.schema] },
  read: (value) => (value === "unlimited" ? { value: undefined } : bound.read(value)),
  write: (value) => (value === undefined ? "unlimited" : formatDuration(value)),
};

/** As ESO parses it with Go, so without `d`; stays as written. `0` and `0s` sync once (eso.md section 2). */
export const refreshInterval: ValueType<string> = {
  name: "duration (no `d`)",
  schema: { type: "string", pattern: "^(0|(\\d+(\\.\\d+)?(ns|us|µs|ms|s|m|h))+)$" },
  read(value) {
    const expected = "a duration such as 60s, 5m or 1h30m (days as 24h), or 0s to sync once";
    const found = typeof value === "string" ? parseDuration(value) : undefined;
    if (typeof value !== "string" || found === undefined) return wrongDuration(expected, value);
    return found === 0 || found >= 1 ? { value } : wrong(`${expected}, at least 1s`, value);
  },
  fromText: (value) => value,
  write: (value) => value,
};

export const errorCode = textType({
  name: "code",
  expected: "a code such as ESOB-S101",
  pattern: /^ESOB-[KHIRSECL]\d{3}$/,
  refuse: (value) =>
    Object.hasOwn(CODES, value)
      ? undefined
      : `there is no code ${value}${didYouMean(value, codesLike(value))}`,
});

/** All codes are alike: only one that differs in a single letter can have been meant. */
const codesLike = (wanted: string) => Object.keys(CODES).filter((code) => editDistance(code, wanted) === 1);

export const resource = textType({
  name: "`namespace/name`",
  expected: "namespace/name, or a name",
  pattern: /^([a-z0-9.-]+\/)?[a-z0-9.-]+$/,
});

export const date = textType({
  name: "date",
  expected: "a date such as 2027-01-31",
  pattern: /^\d{4}-\d{2}-\d{2}$/,
  refuse: (value) =>
    Number.isNaN(Date.parse(value)) || new Date(value).toISOString().slice(0, 10) !== value
      ? `expected a date such as 2027-01-31, found "${value}"`
      : undefined,
});

/** Any mapping: passed on as it is. As text it is YAML (so JSON too). */
export const map: ValueType<Readonly<Record<string, unknown>>> = {
  name: "mapping",
  schema: { type: "object" },
  read: (value) => (isRecord(value) ? { value } : wrong("a mapping", value)),
  fromText: (value) => yamlOrText(value),
  write: (value) => value,
};

function yamlOrText(value: string): unknown {
  try {
    return parse(value, { logLevel: "error", prettyErrors: false });
  } catch {
    return value;
  }
}
