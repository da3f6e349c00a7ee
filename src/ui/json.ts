import type { ApplyResult } from "../engine/apply.ts";
import type { Change, Plan } from "../engine/plan.ts";
import { failureOf } from "./outcome.ts";
import type { ClusterResult, CommandResult, Reporter, Verbosity } from "./reporter.ts";
import type { SyncedSecret } from "../sync/result.ts";
import { createStyle } from "./style.ts";
import type { Terminal } from "./terminal.ts";

export const API_VERSION = "eso-bootstrap/v1";

/** A document of product.md section 5. */
export type JsonDocument = { readonly apiVersion: typeof API_VERSION; readonly kind: string } & Readonly<
  Record<string, unknown>
>;

/** One JSON document on stdout at the end, whatever happened; warnings for people on stderr. */
export function createJsonReporter(
  terminal: Terminal,
  { verbosity = "normal" }: { verbosity?: Verbosity } = {},
): Reporter {
  const style = createStyle(terminal);
  const write = (document: JsonDocument) => {
    for (const piece of piecesOf(document)) terminal.stdout.write(piece);
  };
  return {
    event(event) {
      if (event.type !== "warning" || verbosity === "quiet") return;
      terminal.stderr.write(`${style.sign("warning")} ${style.text(event.text)}\n`);
    },
    end: (result) => write(documentOf(result)),
    redraw: () => undefined,
    fail: (error) => write(document("Error", errorOf(error))),
    bug: (error) => write(document("Error", errorOf(error))),
  };
}

/** Entries of a list that are written at once: the text of tens of thousands would be held twice. */
const AT_ONCE = 50;

/** The document as JSON.stringify would indent it, in pieces: long lists are cut. */
export function* piecesOf(document: JsonDocument): Generator<string> {
  const fields = Object.entries(document).filter(([, value]) => value !== undefined);
  let before = "{\n";
  for (const [name, value] of fields) {
    yield `${before}  ${JSON.stringify(name)}: `;
    if (Array.isArray(value) && value.length > AT_ONCE) yield* listPieces(value);
    else yield indented(value);
    before = ",\n";
  }
  yield "\n}\n";
}

function* listPieces(list: readonly unknown[]): Generator<string> {
  for (let index = 0; index < list.length; index += AT_ONCE) {
    // A list of its own, without its brackets.
    const part = indented(list.slice(index, index + AT_ONCE)).slice(1, -"\n  ]".length);
    yield `${index === 0 ? "[" : ","}${part}`;
  }
  yield "\n  ]";
}

/** As the value of a field: JSON has no line feeds in texts. */
const indented = (value: unknown) => JSON.stringify(value, undefined, 2).replaceAll("\n", "\n  ");

/** The document of a result; a plan file is the document of a `Plan`. */
export function documentOf(result: CommandResult): JsonDocument {
  switch (result.kind) {
    case "Plan":
      return document("Plan", planOf(result.plan));
    case "ApplyResult":
      return document("ApplyResult", applyResultOf(result.result));
    case "DoctorReport":
      return document("DoctorReport", { summary: result.report.summary, checks: result.report.checks });
    case "SyncResult":
      return document("SyncResult", { secrets: result.result.secrets.map(syncedOf) });
    case "Status":
      return document("Status", { ...result.report });
    case "Text":
      return document("List", { items: result.items ?? [result.text] });
    case "List":
      return document("List", { items: result.items.map(clusterOf) });
  }
}

function document(kind: string, content: Readonly<Record<string, unknown>>): JsonDocument {
  return { apiVersion: API_VERSION, kind, ...content };
}

function planOf({ cluster, infisical, changes, summary }: Plan): Record<string, unknown> {
  return { cluster, infisical, changes: changes.map(changeOf), summary };
}

/** Field by field, so that nothing slips into the contract; JSON has no `undefined`, so that absent is null. */
function changeOf({ step, action, target, summary, diff, reason }: Change): Record<string, unknown> {
  const { system, kind, namespace, name } = target;
  return {
    step,
    action,
    target: { system, kind, namespace, name },
    summary,
    diff: diff?.map(({ path, from, to }) => ({ path, from: from ?? null, to: to ?? null })),
    reason,
  };
}

function applyResultOf(result: ApplyResult): Record<string, unknown> {
  const { failed } = result;
  return {
    ...planOf(result),
    applied: result.applied.map(changeOf),
    failed: failed && { change: changeOf(failed.change), error: errorOf(failed.error) },
    notDone: result.notDone.map(changeOf),
    checks: result.checks,
    writes: result.writes,
  };
}

/** Field by field, as everything in the contract. */
function errorOf(error: unknown): Record<string, unknown> {
  const { code, message, cause, fix, docs, exitCode } = failureOf(error);
  return { code, message, cause, fix: { summary: fix.summary, command: fix.command }, docs, exitCode };
}

function syncedOf({ refreshTime, error, ...secret }: SyncedSecret): Record<string, unknown> {
  return { ...secret, refreshTime: refreshTime ?? null, error: error && errorOf(error) };
}

function clusterOf({ cluster, result }: ClusterResult): JsonDocument {
  const { apiVersion, kind, ...content } =
    result.kind === "Error" ? document("Error", errorOf(result.error)) : documentOf(result);
  return { apiVersion, kind, cluster, ...content };
}
