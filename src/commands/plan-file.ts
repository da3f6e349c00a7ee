import type { Plan } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import type { Files } from "../system/system.ts";

const HEAD = { apiVersion: "eso-bootstrap/v1", kind: "Plan" };

/** A plan as `plan --output-file` writes it: the document of `plan -o json`. */
export function planText(plan: Plan): string {
  return `${JSON.stringify({ ...HEAD, ...plan }, undefined, 2)}\n`;
}

/** Reads a plan file. Throws ESOB-C202 for anything that is not one. */
export async function readPlan(files: Files, path: string): Promise<Plan> {
  const text = await files.read(path);
  const plan = text === undefined ? undefined : parse(text);
  if (plan) return plan;
  throw new BootstrapError("ESOB-C202", {
    message:
      text === undefined ? `There is no plan file ${path}.` : `${path} is not a plan of eso-bootstrap.`,
    fix: { summary: "Make one and look at it.", command: `eso-bootstrap plan --output-file ${path}` },
  });
}

function parse(text: string): Plan | undefined {
  try {
    const document = JSON.parse(text) as Partial<Plan> & Partial<typeof HEAD>;
    const fits =
      document.apiVersion === HEAD.apiVersion &&
      document.kind === HEAD.kind &&
      Array.isArray(document.changes);
    return fits ? (document as Plan) : undefined;
  } catch {
    return undefined;
  }
}
