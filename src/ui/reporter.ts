import type { ApplyResult } from "../engine/apply.ts";
import type { CheckResult } from "../engine/check.ts";
import type { Event } from "../engine/events.ts";
import type { Plan } from "../engine/plan.ts";
import type { BootstrapError } from "../errors.ts";
import type { SyncResult } from "../sync/result.ts";
import type { StatusReport } from "../status/report.ts";

/** What a command ends with. `kind` is the `kind` of the JSON document (product.md section 5), save for `Text`. */
export type CommandResult =
  | { readonly kind: "Plan"; readonly plan: Plan }
  | {
      readonly kind: "ApplyResult";
      readonly result: ApplyResult;
      /** Lines for people on how to go on, as `Check it: eso-bootstrap doctor`; what is before the colon is aligned. */
      readonly next: readonly string[];
      /** What was reached, one sentence. Without it the changes are counted. */
      readonly headline?: string;
    }
  | {
      readonly kind: "DoctorReport";
      readonly report: DoctorReport;
      /** What was looked at, as `prod-eu ↔ eu.infisical.com · 2 stores · 5 secrets`. */
      readonly headline?: string;
      /** What the command will exit with, for the last line. */
      readonly exitCode?: number;
    }
  | { readonly kind: "SyncResult"; readonly result: SyncResult }
  | { readonly kind: "Status"; readonly report: StatusReport }
  | {
      /** Data as it is: manifests of `render`, `explain`, `completion`. */
      readonly kind: "Text";
      readonly text: string;
      /** The same for `-o json`, as the `items` of a `List`; default: the text. */
      readonly items?: readonly unknown[];
    }
  /** Several clusters: one result each, in their order. */
  | { readonly kind: "List"; readonly items: readonly ClusterResult[] };

/** Result of one of several clusters; one that could not be judged is an error among the others. */
export interface ClusterResult {
  readonly cluster: string;
  readonly result: Exclude<CommandResult, { kind: "List" }> | ErrorResult;
}

interface ErrorResult {
  readonly kind: "Error";
  readonly error: BootstrapError;
}

/** Product.md section 5. */
export interface DoctorReport {
  readonly summary: {
    readonly passed: number;
    readonly failed: number;
    readonly warnings: number;
    readonly skipped: number;
  };
  readonly checks: readonly CheckResult[];
}

/**
 * Hears what happens and shows it; the only thing that prints. One of `end`, `fail` and `bug` is called, once, at the end:
 * with `-o json` that is the one document on stdout.
 */
export interface Reporter {
  event(event: Event): void;
  end(result: CommandResult): void;
  /** A state that takes the place of the one before, as often as it changes (`status --watch`); only people hear of it. */
  redraw(report: StatusReport): void;
  /** `nothingChanged`: said on the screen where the caller knows it. */
  fail(error: BootstrapError, known?: { readonly nothingChanged?: boolean }): void;
  /** Something that is not a `BootstrapError`: exit 70. */
  bug(error: unknown): void;
  /** Ends when all is written, to files too. Never fails. */
  flush?(): Promise<void>;
}

/** `-q`: errors and the result only; `-v`: everything that was looked at; `--debug`: stacks too. */
export type Verbosity = "quiet" | "normal" | "verbose" | "debug";
