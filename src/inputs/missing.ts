import { BootstrapError } from "../errors.ts";
import { waysToGive } from "./options.ts";
import type { Missing } from "./reader.ts";

/** ESOB-C103: everything that is missing, each with its flag, variable and key. */
export function missingSettings(missing: readonly Missing[], file: string): BootstrapError {
  const unique = [...new Map(missing.map((entry) => [entry.key, entry])).values()];
  const count = unique.length === 1 ? "A setting is" : `${unique.length} settings are`;
  const names = unique.map(({ key }) => key).join(", ");
  return new BootstrapError("ESOB-C103", {
    message: `${count} missing: ${names}.`,
    reason: unique.map(({ field, key }) => `${key}: ${waysToGive(field, key, file)}`).join("\n"),
    fix: {
      summary: "Give it in one of these ways, or run `eso-bootstrap init` in a terminal to be asked.",
      command: `eso-bootstrap init ${unique.flatMap(({ field }) => field.flag ?? []).join(" ")}`.trim(),
    },
  });
}

/** ESOB-C104: every flag and variable with a wrong value. */
export function wrongValues(wrong: readonly string[]): BootstrapError {
  const message = wrong.length === 1 ? "A value is wrong." : `${wrong.length} values are wrong.`;
  return new BootstrapError("ESOB-C104", { message, reason: wrong.join("\n") });
}
