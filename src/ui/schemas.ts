import { API_VERSION } from "./json.ts";

/** A JSON schema as data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

type Fields = Readonly<Record<string, JsonSchema>>;

const text: JsonSchema = { type: "string" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const yesOrNo: JsonSchema = { type: "boolean" };
const listOf = (items: JsonSchema): JsonSchema => ({ type: "array", items });
const words = (...values: readonly string[]): JsonSchema => ({ enum: values });
const ref = (name: string): JsonSchema => ({ $ref: `#/definitions/${name}` });

/** An object that has `required`, may have `optional`, and nothing else: what is not in the contract is not sent. */
function object(required: Fields, optional: Fields = {}): JsonSchema {
  return {
    type: "object",
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
  };
}

const ACTIONS = ["unchanged", "create", "update", "replace", "delete", "blocked"];

const planFields: Fields = {
  cluster: text,
  infisical: text,
  changes: listOf(ref("change")),
  summary: object(Object.fromEntries(ACTIONS.map((action) => [action, count]))),
};

const errorFields: Fields = {
  code: { type: "string", pattern: "^(ESOB-[KHIRSECL][0-9]{3}|BUG)$" },
  message: text,
  docs: text,
  exitCode: { enum: [1, 2, 5, 70, 124, 130] },
};
const errorOptions: Fields = { cause: text, fix: ref("fix") };

/** The parts that several documents share. */
const definitions: Readonly<Record<string, JsonSchema>> = {
  fix: object({ summary: text }, { command: text }),
  change: object(
    {
      step: text,
      action: words(...ACTIONS),
      target: object(
        { system: words("kubernetes", "infisical", "helm"), kind: text, name: text },
        { namespace: text },
      ),
      summary: text,
    },
    { diff: listOf(object({ path: text, from: {}, to: {} })), reason: text },
  ),
  error: object(errorFields, errorOptions),
  check: object(
    {
      code: { type: "string", pattern: "^ESOB-[KHIRSECL][0-9]{3}$" },
      id: text,
      category: text,
      title: text,
      status: words("pass", "fail", "warn", "skip"),
      severity: words("error", "warning"),
      docs: text,
      durationMs: { type: "number", minimum: 0 },
    },
    {
      subject: object({ kind: text, name: text }, { namespace: text }),
      message: text,
      cause: text,
      fix: ref("fix"),
      evidence: text,
      skippedBecause: text,
      follows: { type: "string", pattern: "^ESOB-[KHIRSECL][0-9]{3}$" },
      location: object({ file: text, line: { type: "integer", minimum: 1 } }),
    },
  ),
};

const KINDS: Readonly<Record<string, { title: string; required: Fields; optional?: Fields }>> = {
  Plan: { title: "What would be done", required: planFields },
  ApplyResult: {
    title: "What was done, what was not, and the proof",
    required: {
      ...planFields,
      applied: listOf(ref("change")),
      notDone: listOf(ref("change")),
      checks: listOf(ref("check")),
      writes: count,
    },
    optional: { failed: object({ change: ref("change"), error: ref("error") }) },
  },
  DoctorReport: {
    title: "What is wrong, why, and the command that mends it",
    required: {
      summary: object({ passed: count, failed: count, warnings: count, skipped: count }),
      checks: listOf(ref("check")),
    },
  },
  SyncResult: {
    title: "Which secrets were synced",
    required: {
      secrets: listOf(
        object(
          {
            namespace: text,
            name: text,
            result: words("changed", "unchanged", "failed"),
            refreshTime: { type: ["string", "null"] },
            keys: count,
            restarted: listOf(text),
          },
          { error: ref("error") },
        ),
      ),
    },
  },
  Status: {
    title: "Stores, ExternalSecrets, reviewer and ESO at a glance",
    required: {
      cluster: text,
      eso: listOf(object({ namespace: text, installedBy: text, available: yesOrNo }, { version: text })),
      reviewers: listOf(
        object(
          { namespace: text, serviceAccount: text, token: words("unlimited", "bound") },
          { ageSeconds: count, expiresAt: text, expiresInSeconds: { type: "integer" }, expiresSoon: yesOrNo },
        ),
      ),
      stores: listOf(
        object(
          {
            kind: words("SecretStore", "ClusterSecretStore"),
            name: text,
            state: text,
            ready: yesOrNo,
            scope: text,
            project: text,
            secrets: count,
          },
          { namespace: text, message: text, identity: text, managedBy: text },
        ),
      ),
      secrets: listOf(
        object(
          {
            namespace: text,
            name: text,
            state: text,
            ready: yesOrNo,
            keys: object({}, { wanted: count, present: count }),
            refreshInterval: text,
            late: yesOrNo,
            target: text,
          },
          { message: text, refreshTime: text, ageSeconds: count, managedBy: text },
        ),
      ),
      hidden: listOf(text),
    },
  },
  Error: { title: "Why nothing could be judged or done", required: errorFields, optional: errorOptions },
};

/** The schema of one document (product.md section 5). In a `List` the documents of several clusters name theirs. */
function documentSchema(kind: string): JsonSchema {
  const { title, required, optional = {} } = KINDS[kind] ?? { title: kind, required: {} };
  const head = { apiVersion: { const: API_VERSION }, kind: { const: kind } };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: `eso-bootstrap ${kind}: ${title}`,
    ...object({ ...head, ...required }, { ...(required["cluster"] ? {} : { cluster: text }), ...optional }),
    definitions,
  };
}

const listSchema: JsonSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "eso-bootstrap List: the documents of several clusters, or data such as manifests",
  ...object({ apiVersion: { const: API_VERSION }, kind: { const: "List" }, items: { type: "array" } }),
};

/** A file that `npm run generate` writes. */
export interface GeneratedFile {
  readonly path: string;
  content(): string;
}

/** Schema of each kind of document. */
export const OUTPUT_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ...Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, documentSchema(kind)])),
  List: listSchema,
};

/** `ApplyResult` → `schemas/apply-result.schema.json`. */
export const OUTPUT_SCHEMA_FILES: readonly GeneratedFile[] = Object.entries(OUTPUT_SCHEMAS).map(
  ([kind, schema]) => ({
    path: `schemas/${kind.replace(/(?<=[a-z])[A-Z]/g, "-$&").toLowerCase()}.schema.json`,
    content: () => `${JSON.stringify(schema, undefined, 2)}\n`,
  }),
);
