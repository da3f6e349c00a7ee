/** Everything a handler needs to know about the server it runs in. */

import type { lookup } from "node:dns/promises";
import type { Era } from "./generations.ts";
import type { RaceWindow } from "./race.ts";
import type { State } from "./state.ts";

/** What the organization has paid for. Defaults are those of a free self-hosted server. */
export interface Plan {
  /** Custom project roles on 2026 (1.6). */
  readonly rbac: boolean;
  /** Trusted IPs other than "from anywhere" (10.4). */
  readonly ipAllowlisting: boolean;
  /** Kubernetes Auth through a gateway. */
  readonly gateway: boolean;
  readonly identityLimit: number | null;
  readonly environmentLimit: number | null;
}

export const freePlan: Plan = {
  rbac: false,
  ipAllowlisting: false,
  gateway: false,
  identityLimit: null,
  environmentLimit: null,
};

/** Settings of the instance. */
export interface Settings {
  readonly plan: Plan;
  /** `ALLOW_INTERNAL_IP_CONNECTIONS` (4.4): the guard exists on 2026 only. */
  readonly allowInternalIps: boolean;
  /** How the guard resolves names. */
  readonly resolveHost: (hostname: string) => ReturnType<typeof lookup>;
  /** How long an API server may stay silent; the era's own time unless a test shortens it. */
  readonly reviewTimeoutMs: number;
  /** Passed by handlers that are not atomic on a real server, between look-up and write (10.6). */
  readonly raceWindow: RaceWindow;
}

/** One simulated server, without its network side. */
export interface World {
  readonly era: Era;
  readonly settings: Settings;
  readonly state: State;
  /** The key access tokens are signed with. */
  readonly signingKey: Buffer;
}
