import type { Code } from "../codes.ts";
import type { Finding } from "../engine/check.ts";
import { BootstrapError, isBootstrapError, type ErrorDetails } from "../errors.ts";

export const pass = (evidence?: string): Finding => ({
  status: "pass",
  ...(evidence !== undefined && { evidence }),
});

export const skip = (because: string): Finding => ({ status: "skip", because });

export const warning = (code: Code, details: ErrorDetails): Finding => ({
  status: "warn",
  error: new BootstrapError(code, details),
});

/** Missing rights are no fault of what is looked at: it is skipped, and the right is named (as `get secrets in shop`). */
export async function unlessForbidden(right: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    if (isForbidden(error)) return skip(`not judged: ${right} is not allowed here`);
    throw error;
  }
}

/** A read that our rights in the cluster do not allow. */
export const isForbidden = (error: unknown) => isBootstrapError(error) && error.code === "ESOB-K104";
