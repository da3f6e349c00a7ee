import { createHash } from "node:crypto";
import { inspect } from "node:util";

const MASK = "[redacted]";

/** Nothing that looks like a token, a key or a certificate leaves in the words of others, whatever a server or a child put there. */
export function scrub(text: string): string {
  return text
    .replaceAll(/-----BEGIN[\s\S]*?(-----END [A-Z ]+-----|$)/g, "[PEM]")
    .replaceAll(/\beyJ[\w-]+(\.[\w-]+){0,2}/g, "[token]")
    .replaceAll(/\bst\.[\w.-]{8,}/g, "[token]")
    .replaceAll(/\b[0-9a-f]{64,}\b/gi, "[secret]");
}

/**
 * A value that must never be seen: client secret, reviewer token, access token, secret value.
 * Prints, serialises and inspects as `[redacted]`; `reveal()` is the only way out, so every use can be found by grep.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it only where the value is handed to the system it is meant for. */
  reveal(): string {
    return this.#value;
  }

  /** SHA-256 in hex: the only form in which two secrets are compared or a secret is named. */
  fingerprint(): string {
    return createHash("sha256").update(this.#value).digest("hex");
  }

  get isEmpty(): boolean {
    return this.#value.length === 0;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
