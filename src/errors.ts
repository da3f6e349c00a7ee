import { CODES, type Code } from "./codes.ts";

/** What a person can do about an error: one sentence, and where there is one, the exact command. */
export interface Fix {
  readonly summary: string;
  readonly command?: string;
}

/** Everything of an expected failure but its code. `message`: what happened, one sentence; `reason`: why, one line. */
export interface ErrorDetails {
  readonly message: string;
  readonly reason?: string;
  readonly fix?: Fix;
  /** Further lines for the screen, as `Exists  infra, shop-x7k2, website`. Never a secret. */
  readonly facts?: Readonly<Record<string, string>>;
  /** The foreign error, for `--debug` only: never printed as it is. */
  readonly cause?: unknown;
}

/**
 * An expected failure with a stable code of `codes.ts`. Anything else that is thrown is a bug (exit 70).
 * The exit code comes from the code's record (product.md section 4).
 */
export class BootstrapError extends Error {
  override readonly name = "BootstrapError";
  readonly code: Code;
  readonly reason: string | undefined;
  readonly fix: Fix;
  readonly facts: Readonly<Record<string, string>>;

  constructor(code: Code, details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = details.reason;
    this.fix = details.fix ?? { summary: CODES[code].mend };
    this.facts = details.facts ?? {};
  }

  get exitCode(): number {
    return CODES[this.code].exit;
  }

  get docs(): string {
    return docsAnchor(this.code);
  }
}

/** Where a code is explained: `docs/troubleshooting.md#esob-k101`. */
export function docsAnchor(code: Code): string {
  return `docs/troubleshooting.md#${code.toLowerCase()}`;
}

/** True for our own expected failures; also across bundle chunks, where `instanceof` would not hold. */
export function isBootstrapError(error: unknown): error is BootstrapError {
  return error instanceof Error && error.name === "BootstrapError" && "code" in error;
}

/** One line for a foreign error, without a stack. Callers make sure that no secret is in it. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
