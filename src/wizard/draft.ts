import { join } from "node:path";
import { isBootstrapError } from "../errors.ts";
import { isRecord } from "../inputs/value.ts";
import type { Values, WizardDeps } from "./question.ts";

type DraftDeps = Pick<WizardDeps, "files" | "draftFile" | "emit" | "now">;

/** Answers of a wizard that was left early. */
export interface Draft {
  readonly exists: boolean;
  readonly values: Values;
}

const EMPTY: Draft = { exists: false, values: {} };

/** `$XDG_STATE_HOME`, or `~/.local/state` (XDG Base Directory Specification). */
export function draftPath(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const state = env["XDG_STATE_HOME"];
  // The specification: relative paths there are invalid and to be ignored.
  const folder = state?.startsWith("/") ? state : join(home, ".local", "state");
  return join(folder, "eso-bootstrap", "answers.json");
}

/** What was answered last time; a file that cannot be used is as good as none. */
export async function readDraft({ files, draftFile, emit }: DraftDeps): Promise<Draft> {
  const text = await files.read(draftFile).catch((error: unknown) => {
    if (isBootstrapError(error)) return undefined;
    throw error;
  });
  const content = parse(text ?? "");
  if (!isRecord(content) || !isRecord(content["values"])) return EMPTY;
  const when = typeof content["savedAt"] === "string" ? ` of ${content["savedAt"].slice(0, 10)}` : "";
  emit({ type: "note", text: `The answers${when}, when it was interrupted, are offered as defaults.` });
  return { exists: true, values: content["values"] };
}

/** Keeps plain answers only; secrets are not among them. That it cannot be kept must not hide why the wizard ended. */
export async function saveDraft({ files, draftFile, emit, now }: DraftDeps, values: Values): Promise<void> {
  if (Object.keys(values).length === 0) return;
  const content = { savedAt: new Date(now()).toISOString(), values };
  try {
    await files.write(draftFile, `${JSON.stringify(content, undefined, 2)}\n`);
    emit({ type: "note", text: "Your answers are kept (no secrets) and offered the next time." });
  } catch (error) {
    if (!isBootstrapError(error)) throw error;
    emit({ type: "warning", text: `Your answers could not be kept: ${error.message}` });
  }
}

/** They have served. */
export async function clearDraft({ files, draftFile }: DraftDeps): Promise<void> {
  await files.write(draftFile, "{}\n");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
