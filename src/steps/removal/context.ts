import type { RoadContext } from "../context.ts";
import type { RemovalScope } from "./scope.ts";
import type { Survey } from "./survey.ts";

/** What `uninstall` was asked for. */
export interface RemovalOptions {
  /** Target Secrets stay (the default), so that running workloads never lose them. */
  readonly keepSecrets: boolean;
  readonly infisical: boolean;
  readonly eso: boolean;
  readonly crds: boolean;
  /** Finalizers may be cleared by hand even where a controller seems to run. */
  readonly clearFinalizers: boolean;
}

/** What every step of the way back is given. */
export interface RemovalContext extends RoadContext {
  readonly removal: RemovalOptions;
  readonly scope: RemovalScope;
  /** Reads shared by the steps of one look; forgotten after a write, as `facts`. */
  readonly survey: Survey;
}
