/** Every `-o` there is; a command's record says which of them it knows. */
export const OUTPUTS = ["human", "short", "json", "junit", "sarif", "github", "markdown"] as const;

export type Output = (typeof OUTPUTS)[number];

/** Flags that every command knows (product.md section 2). */
export interface GlobalFlags {
  readonly file: string | undefined;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly output: Output;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly color: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly debug: boolean;
}

/** A command line, parsed: what a command is given. */
export interface Invocation {
  readonly command: string;
  readonly args: readonly string[];
  readonly global: GlobalFlags;
  /** All typed flags by commander's attribute name, as `storeKind`. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly version: string;
  /** All words of the command line. */
  readonly typed: readonly string[];
}

/** Those that say how a run is told. */
export type ReporterFlags = Pick<GlobalFlags, "output" | "quiet" | "verbose" | "debug" | "color">;
