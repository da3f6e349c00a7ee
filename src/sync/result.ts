import type { BootstrapError } from "../errors.ts";

/** What `sync` ends with (product.md section 5). */
export interface SyncResult {
  readonly secrets: readonly SyncedSecret[];
}

export interface SyncedSecret {
  readonly namespace: string;
  readonly name: string;
  readonly result: "changed" | "unchanged" | "failed";
  /** ISO 8601; undefined when ESO never synced it. */
  readonly refreshTime: string | undefined;
  /** How many keys the Secret has. */
  readonly keys: number;
  readonly restarted: readonly string[];
  readonly error?: BootstrapError;
}
