import type { Check } from "../engine/check.ts";
import type { CheckContext } from "./context.ts";

export function limitChecks(_context: CheckContext): readonly Check<CheckContext>[] {
  return [];
}
