import type { Desired } from "../desired/desired.ts";
import type { Emit } from "../engine/events.ts";
import type { Helm } from "../helm/helm.ts";
import type { Infisical } from "../infisical/infisical.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { Clock, Net } from "../system/system.ts";
import type { Facts } from "./facts.ts";

/** The ports that steps and checks work through. */
export interface Ports {
  readonly cluster: Cluster;
  readonly infisical: Infisical;
  readonly helm: Helm;
  readonly net: Net;
  readonly clock: Clock;
}

/** What every step is given. */
export interface RoadContext extends Ports {
  readonly desired: Desired;
  /** Reads shared by the steps of one look; `forget` them after a write. */
  readonly facts: Facts;
  readonly emit: Emit;
  readonly options: RoadOptions;
}

export interface RoadOptions {
  /** Take over foreign objects that are in the way. */
  readonly adopt: boolean;
  /** Take over fields that another manager owns. */
  readonly forceConflicts: boolean;
  /** Restart what uses a Secret that came or changed. */
  readonly restart: boolean;
  /** Milliseconds that one wait may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
