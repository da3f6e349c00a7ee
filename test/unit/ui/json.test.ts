import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { BootstrapError } from "../../../src/errors.ts";
import { Secret } from "../../../src/secret.ts";
import { createJsonReporter, documentOf } from "../../../src/ui/json.ts";
import type { CommandResult } from "../../../src/ui/reporter.ts";
import { OUTPUT_SCHEMA_FILES, OUTPUT_SCHEMAS } from "../../../src/ui/schemas.ts";
import { applyResult, BLOCKED, check, createScreen, plan, ROAD } from "./screen.ts";

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });

/** Flaws of a document against the schema of its kind; [] when it holds. */
function flawsOf(document: unknown): unknown {
  const text: unknown = JSON.parse(JSON.stringify(document));
  const kind = typeof text === "object" && text !== null && "kind" in text ? String(text.kind) : "";
  const schema = OUTPUT_SCHEMAS[kind];
  if (!schema) return `no schema for ${kind}`;
  return ajv.validate(schema, text) ? [] : ajv.errors;
}

const failure = new BootstrapError("ESOB-S101", {
  message: "SecretStore shop/infisical did not become Valid.",
  reason: "ESO says: identity not found.",
  fix: { summary: "Find the cause.", command: "eso-bootstrap doctor" },
  facts: { Exists: "a, b" },
  cause: new Error("hunter2"),
});
const checks = [
  check("ESO runs", { evidence: "3 of 3 deployments" }),
  check("login", { status: "skip", skippedBecause: "blocked by ESOB-R103" }),
  check("reviewer", {
    status: "fail",
    message: "It may not.",
    cause: "The binding is gone.",
    fix: { summary: "Restore it.", command: "eso-bootstrap apply" },
    subject: { kind: "ServiceAccount", namespace: "external-secrets", name: "reviewer" },
  }),
];
const report = { summary: { passed: 1, failed: 1, warnings: 0, skipped: 1 }, checks };
const synced = {
  secrets: [
    {
      namespace: "shop",
      name: "a",
      result: "changed",
      refreshTime: "2026-11-23T20:00:00Z",
      keys: 3,
      restarted: [],
    },
    {
      namespace: "shop",
      name: "b",
      result: "failed",
      refreshTime: undefined,
      keys: 0,
      restarted: [],
      error: failure,
    },
  ],
} as const;
const failedApply = applyResult(ROAD, {
  checks,
  notDone: [BLOCKED],
  failed: { change: BLOCKED, error: failure },
});

const RESULTS: Record<string, CommandResult> = {
  "an empty plan": { kind: "Plan", plan: plan([]) },
  "a plan with all that a plan can have": { kind: "Plan", plan: plan([...ROAD, BLOCKED]) },
  "a good apply": {
    kind: "ApplyResult",
    result: applyResult(ROAD),
    next: ["Check it: eso-bootstrap doctor"],
  },
  "a failed apply": { kind: "ApplyResult", result: failedApply, next: [] },
  "a report of doctor": { kind: "DoctorReport", report },
  "a sync": { kind: "SyncResult", result: synced },
  manifests: { kind: "Text", text: "kind: Secret", items: [{ kind: "Secret" }] },
};

describe("the JSON documents", () => {
  it.each(Object.entries(RESULTS))("%s holds to its schema", (_, result) => {
    const document: unknown = documentOf(result);
    expect(document).toMatchObject({ apiVersion: "eso-bootstrap/v1" });
    expect(flawsOf(document)).toEqual([]);
  });

  it("of several clusters is a List, and each item holds to the schema of its kind", () => {
    const items = [
      { cluster: "prod-eu", result: { kind: "Plan", plan: plan(ROAD) } },
      { cluster: "prod-us", result: { kind: "DoctorReport", report } },
      { cluster: "prod-ap", result: { kind: "Error", error: failure } },
    ] as const;
    const list = documentOf({ kind: "List", items });
    expect(flawsOf(list)).toEqual([]);
    expect(items.map((_, index) => flawsOf(itemOf(list["items"], index)))).toEqual([[], [], []]);
    expect(itemOf(list["items"], 2)).toMatchObject({ kind: "Error", cluster: "prod-ap", code: "ESOB-S101" });
  });

  it("keep absent apart from missing: a field that comes or goes is null on one side", () => {
    const [, , update] = ROAD;
    const document = JSON.stringify(documentOf({ kind: "Plan", plan: plan(update ? [update] : []) }));
    expect(document).toContain('{"path":"subjects","from":null,"to":[{');
  });

  it("have the shape of product.md section 5", () => {
    expect(documentOf({ kind: "ApplyResult", result: failedApply, next: [] })).toMatchObject({
      kind: "ApplyResult",
      cluster: "prod-eu",
      infisical: "https://eu.infisical.com/shop",
      writes: failedApply.writes,
      failed: {
        change: { step: "store", action: "blocked" },
        error: {
          code: "ESOB-S101",
          message: "SecretStore shop/infisical did not become Valid.",
          cause: "ESO says: identity not found.",
          fix: { summary: "Find the cause.", command: "eso-bootstrap doctor" },
          docs: "docs/troubleshooting.md#esob-s101",
          exitCode: 1,
        },
      },
    });
  });
});

describe("the reporter of -o json", () => {
  it("writes exactly one document to stdout, in success", () => {
    const screen = createScreen();
    const reporter = createJsonReporter(screen.terminal);
    reporter.event({ type: "planned", plan: plan(ROAD) });
    reporter.event({ type: "note", text: "hello" });
    reporter.end({ kind: "ApplyResult", result: applyResult(ROAD), next: ["Check it: now"] });
    expect(JSON.parse(screen.stdout())).toMatchObject({ kind: "ApplyResult", writes: 6 });
    expect(screen.stdout()).toMatch(/^\{.*\}\n$/s);
    expect(screen.stderr()).toBe("");
  });

  it("writes exactly one document to stdout, in failure", () => {
    const screen = createScreen();
    createJsonReporter(screen.terminal).fail(failure, { nothingChanged: true });
    const document: unknown = JSON.parse(screen.stdout());
    expect(flawsOf(document)).toEqual([]);
    expect(document).toMatchObject({ kind: "Error", exitCode: 1 });
    expect(screen.stdout()).not.toContain("hunter2");
  });

  it("writes exactly one document to stdout, for a bug", () => {
    const screen = createScreen();
    createJsonReporter(screen.terminal).bug(new TypeError("x is not a function"));
    const document: unknown = JSON.parse(screen.stdout());
    expect(flawsOf(document)).toEqual([]);
    expect(document).toMatchObject({ kind: "Error", code: "BUG", exitCode: 70 });
  });

  it("tells warnings on stderr, not with -q", () => {
    const screen = createScreen();
    createJsonReporter(screen.terminal).event({ type: "warning", text: "wait" });
    expect(screen.stderr()).toBe("⚠ wait\n");
    const quiet = createScreen();
    createJsonReporter(quiet.terminal, { verbosity: "quiet" }).event({ type: "warning", text: "wait" });
    expect(quiet.stderr()).toBe("");
  });

  it.each([0, 1, 50, 51, 101, 1001])("indents a list of %i as JSON.stringify does", (length) => {
    const items = Array.from({ length }, (_, index) => ({
      index,
      text: 'a\n"b"',
      none: undefined,
      empty: [],
    }));
    const result: CommandResult = { kind: "Text", text: "", items };
    const screen = createScreen();
    createJsonReporter(screen.terminal).end(result);
    expect(screen.stdout()).toBe(`${JSON.stringify(documentOf(result), undefined, 2)}\n`);
  });

  it("has no way to print a Secret", () => {
    const screen = createScreen();
    const diff = [{ path: "data.token", from: new Secret("hunter2"), to: { deep: [new Secret("hunter3")] } }];
    const change = { ...BLOCKED, action: "update" as const, diff };
    createJsonReporter(screen.terminal).end({ kind: "Plan", plan: plan([change]) });
    expect(screen.stdout()).not.toMatch(/hunter/);
    expect(screen.stdout()).toContain("[redacted]");
  });
});

describe("the schemas", () => {
  it("are one file per kind of document", () => {
    expect(OUTPUT_SCHEMA_FILES.map(({ path }) => path)).toEqual([
      "schemas/plan.schema.json",
      "schemas/apply-result.schema.json",
      "schemas/doctor-report.schema.json",
      "schemas/sync-result.schema.json",
      "schemas/status.schema.json",
      "schemas/error.schema.json",
      "schemas/list.schema.json",
    ]);
  });

  it.each(Object.entries(OUTPUT_SCHEMAS))(
    "%s is a valid schema that refuses other documents",
    (_, schema) => {
      expect(ajv.validateSchema(schema)).toBe(true);
      expect(ajv.validate(schema, { apiVersion: "eso-bootstrap/v1", kind: "Other" })).toBe(false);
    },
  );

  it("refuses fields that are not in the contract", () => {
    const document = { ...documentOf({ kind: "Plan", plan: plan([]) }), secret: 1 };
    expect(flawsOf(document)).not.toEqual([]);
  });
});

function itemOf(items: unknown, index: number): unknown {
  return Array.isArray(items) ? items[index] : undefined;
}
