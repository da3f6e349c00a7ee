import { createHash } from "node:crypto";
import { inspect } from "node:util";

const MASK = "[redacted]";

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
