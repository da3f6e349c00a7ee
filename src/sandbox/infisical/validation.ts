/**
 * A small schema library that answers the way the servers' Zod does: the same issues, the same words, unknown
 * keys stripped without a sound. Shapes from the recorded `ValidationFailure` answers.
 */

/** One Zod issue as it appears in `message` of a validation failure. */
export interface Issue {
  readonly code: string;
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly [extra: string]: unknown;
}

type Path = readonly (string | number)[];
const invalid = Symbol("invalid");
type Parsed<T> = T | typeof invalid;

/** Reads a value: returns it, or reports why not. */
export type Schema<T> = (value: unknown, path: Path, report: (issue: Issue) => void) => Parsed<T>;
/** The type a schema reads. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

/** The result of reading a whole body, query or set of path parameters. */
export type ParseResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Reads `value` and gathers every issue, in the order Zod reports them. */
export function parse<T>(schema: Schema<T>, value: unknown): ParseResult<T> {
  const issues: Issue[] = [];
  const parsed = schema(value, [], (issue) => issues.push(issue));
  if (parsed === invalid || issues.length > 0) return { ok: false, issues };
  return { ok: true, value: parsed };
}

function typeName(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number" && Number.isNaN(value)) return "nan";
  return typeof value;
}

function wrongType(expected: string, value: unknown, path: Path): Issue {
  const received = typeName(value);
  const message = received === "undefined" ? "Required" : `Expected ${expected}, received ${received}`;
  return { code: "invalid_type", expected, received, path, message };
}

interface StringRules {
  readonly trim?: boolean;
  readonly lowercase?: boolean;
  readonly min?: number;
  readonly max?: number;
  /** Checks in order; the first text whose test fails is reported, and the next ones too, as Zod's refine does. */
  readonly checks?: readonly { readonly test: (value: string) => boolean; readonly message: string }[];
}

/** `z.string()` with trim, lower case, lengths and refinements. */
export function string(rules: StringRules = {}): Schema<string> {
  return (input, path, report) => {
    if (typeof input !== "string") {
      report(wrongType("string", input, path));
      return invalid;
    }
    const trimmed = rules.trim === true ? input.trim() : input;
    const value = rules.lowercase === true ? trimmed.toLowerCase() : trimmed;
    const bounds = { type: "string", inclusive: true, exact: false, path };
    if (rules.min !== undefined && value.length < rules.min) {
      const message = `String must contain at least ${rules.min} character(s)`;
      report({ code: "too_small", minimum: rules.min, ...bounds, message });
    }
    if (rules.max !== undefined && value.length > rules.max) {
      const message = `String must contain at most ${rules.max} character(s)`;
      report({ code: "too_big", maximum: rules.max, ...bounds, message });
    }
    for (const check of rules.checks ?? []) {
      if (!check.test(value)) report({ code: "custom", message: check.message, path });
    }
    return value;
  };
}

interface NumberRules {
  readonly int?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly checks?: readonly { readonly test: (value: number) => boolean; readonly message: string }[];
}

/** `z.number()` with bounds. */
export function number(rules: NumberRules = {}): Schema<number> {
  return (value, path, report) => {
    if (typeof value !== "number" || Number.isNaN(value)) {
      report(wrongType("number", value, path));
      return invalid;
    }
    if (rules.int === true && !Number.isInteger(value)) {
      const message = "Expected integer, received float";
      report({ code: "invalid_type", expected: "integer", received: "float", message, path });
    }
    const bounds = { type: "number", inclusive: true, exact: false, path };
    if (rules.min !== undefined && value < rules.min) {
      const message = `Number must be greater than or equal to ${rules.min}`;
      report({ code: "too_small", minimum: rules.min, ...bounds, message });
    }
    if (rules.max !== undefined && value > rules.max) {
      const message = `Number must be less than or equal to ${rules.max}`;
      report({ code: "too_big", maximum: rules.max, ...bounds, message });
    }
    for (const check of rules.checks ?? []) {
      if (!check.test(value)) report({ code: "custom", message: check.message, path });
    }
    return value;
  };
}

/** `z.coerce.number()`, for query strings. */
export const coercedNumber =
  (rules: NumberRules = {}): Schema<number> =>
  (value, path, report) =>
    number(rules)(Number(value), path, report);

/** `z.boolean()`. */
export const boolean: Schema<boolean> = (value, path, report) => {
  if (typeof value === "boolean") return value;
  report(wrongType("boolean", value, path));
  return invalid;
};

const quoted = (options: readonly string[]) => options.map((option) => `'${option}'`).join(" | ");

/** `z.nativeEnum()` / `z.enum()`. */
export function oneOf<const T extends string>(options: readonly T[]): Schema<T> {
  const expected = quoted(options);
  return (value, path, report) => {
    if (typeof value !== "string") {
      report(wrongType(expected, value, path));
      return invalid;
    }
    const found = options.find((option) => option === value);
    if (found !== undefined) return found;
    const message = `Invalid enum value. Expected ${expected}, received '${value}'`;
    report({ received: value, code: "invalid_enum_value", options, path, message });
    return invalid;
  };
}

/** `z.literal()`. */
export function literal<const T extends string | boolean>(expected: T): Schema<T> {
  return (value, path, report) => {
    if (value === expected) return expected;
    const message = `Invalid literal value, expected ${JSON.stringify(expected)}`;
    report({ code: "invalid_literal", expected, received: value, path, message });
    return invalid;
  };
}

/** The strings "true" and "false" of a query. */
export const queryBoolean: Schema<boolean> = (value, path, report) => {
  const parsed = oneOf(["true", "false"])(value, path, report);
  return parsed === invalid ? invalid : parsed === "true";
};

/** `z.array()`. */
export function array<T>(
  item: Schema<T>,
  rules: { readonly min?: number; readonly message?: string } = {},
): Schema<T[]> {
  return (value, path, report) => {
    if (!Array.isArray(value)) {
      report(wrongType("array", value, path));
      return invalid;
    }
    if (rules.min !== undefined && value.length < rules.min) {
      const message = rules.message ?? `Array must contain at least ${rules.min} element(s)`;
      const bounds = { type: "array", inclusive: true, exact: false, path };
      report({ code: "too_small", minimum: rules.min, ...bounds, message });
    }
    const items: T[] = [];
    for (const [index, entry] of value.entries()) {
      const parsed = item(entry, [...path, index], report);
      if (parsed !== invalid) items.push(parsed);
    }
    return items;
  };
}

type Shape = Readonly<Record<string, Schema<unknown>>>;
type ObjectOf<S extends Shape> = { -readonly [K in keyof S]: Infer<S[K]> };

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `z.object()`: keys it does not know are stripped. A key is present in the result only if it was sent or has a default. */
export function object<S extends Shape>(shape: S): Schema<ObjectOf<S>> {
  return (value, path, report) => {
    if (!isRecord(value)) {
      report(wrongType("object", value, path));
      return invalid;
    }
    const result: Record<string, unknown> = {};
    let failed = false;
    for (const [key, schema] of Object.entries(shape)) {
      const parsed = schema(value[key], [...path, key], report);
      if (parsed === invalid) failed = true;
      else if (parsed !== undefined) result[key] = parsed;
    }
    return failed ? invalid : (result as ObjectOf<S>);
  };
}

/** `.optional()`. */
export const optional =
  <T>(schema: Schema<T>): Schema<T | undefined> =>
  (value, path, report) =>
    value === undefined ? undefined : schema(value, path, report);

/** `.nullable()`. */
export const nullable =
  <T>(schema: Schema<T>): Schema<T | null> =>
  (value, path, report) =>
    value === null ? null : schema(value, path, report);

/** `.default()`. */
export const withDefault =
  <T>(schema: Schema<T>, fallback: T): Schema<T> =>
  (value, path, report) =>
    value === undefined ? fallback : schema(value, path, report);

/** `.transform()`. */
export const mapped =
  <T, U>(schema: Schema<T>, transform: (value: T) => U): Schema<U> =>
  (value, path, report) => {
    const parsed = schema(value, path, report);
    return parsed === invalid ? invalid : transform(parsed);
  };

/** `.superRefine()` / `.refine()` on a whole value: runs only when the value itself was fine. */
export const refined =
  <T>(schema: Schema<T>, check: (value: T) => { path: Path; message: string } | undefined): Schema<T> =>
  (value, path, report) => {
    let clean = true;
    const parsed = schema(value, path, (issue) => {
      clean = false;
      report(issue);
    });
    if (parsed === invalid || !clean) return parsed;
    const problem = check(parsed);
    if (problem === undefined) return parsed;
    report({ code: "custom", message: problem.message, path: [...path, ...problem.path] });
    return parsed;
  };

/** `z.union()`: the first schema that fits, or one issue holding every schema's own issues. */
export function union<A, B>(first: Schema<A>, second: Schema<B>): Schema<A | B> {
  return (value, path, report) => {
    const attempts: Issue[][] = [];
    for (const schema of [first, second]) {
      const issues: Issue[] = [];
      const parsed = schema(value, path, (issue) => issues.push(issue));
      if (parsed !== invalid && issues.length === 0) return parsed;
      attempts.push(issues);
    }
    const unionErrors = attempts.map((issues) => ({ issues, name: "ZodError" }));
    report({ code: "invalid_union", unionErrors, path, message: "Invalid input" });
    return invalid;
  };
}

/** `z.discriminatedUnion()`. */
export function discriminated<T>(key: string, variants: ReadonlyMap<string, Schema<T>>): Schema<T> {
  return (value, path, report) => {
    if (!isRecord(value)) {
      report(wrongType("object", value, path));
      return invalid;
    }
    const tag = value[key];
    const schema = typeof tag === "string" ? variants.get(tag) : undefined;
    if (schema !== undefined) return schema(value, path, report);
    const options = [...variants.keys()];
    const message = `Invalid discriminator value. Expected ${quoted(options)}`;
    report({ code: "invalid_union_discriminator", options, path: [...path, key], message });
    return invalid;
  };
}
