import type { CheckResult } from "./check.ts";
import type { Change, Plan } from "./plan.ts";
import type { BootstrapError } from "../errors.ts";

/** Everything a reporter can hear. Engine, steps and checks emit; only reporters print. */
export type Event =
  | { readonly type: "looking"; readonly what: string }
  /** A person is asked: nothing may move on the screen. */
  | { readonly type: "asking" }
  /** What a plan to restore is made for: told before it. */
  | { readonly type: "found"; readonly results: readonly CheckResult[] }
  | { readonly type: "planned"; readonly plan: Plan }
  | { readonly type: "change-started"; readonly change: Change }
  | { readonly type: "waiting"; readonly what: string; readonly state: string }
  | { readonly type: "change-finished"; readonly change: Change; readonly durationMs: number }
  | { readonly type: "change-failed"; readonly change: Change; readonly error: BootstrapError }
  /** `of`: how many checks this run has. */
  | { readonly type: "checked"; readonly result: CheckResult; readonly of?: number }
  /** A command line of ours that is run now. */
  | { readonly type: "command"; readonly line: string }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "warning"; readonly text: string };

export type Emit = (event: Event) => void;
