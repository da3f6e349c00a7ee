import type { Helm } from "../helm/helm.ts";
import type { Infisical } from "../infisical/infisical.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { Clock, Net } from "../system/system.ts";
import type { Desired } from "../desired/desired.ts";
import type { Subjects } from "./collect.ts";
import type { Scope } from "./scope.ts";
import type { SecretView } from "./view/external-secret.ts";

/** What every check of `doctor` is given. A check only reads. */
export interface CheckContext extends Subjects {
  readonly cluster: Cluster;
  readonly helm: Helm;
  readonly net: Net;
  readonly clock: Clock;
  /** The environment of this process: proxies, credentials' names. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly scope: Scope;
  /** What eso-bootstrap.yaml says; undefined without a file. */
  readonly desired: Desired | undefined;
  /** Infisical as the operator sees it; undefined without a credential. */
  readonly infisical: Infisical | undefined;
  /**
   * Infisical without a credential, at the address that a store names (normalised) and with the CA that it trusts. `trusted`:
   * ESO's own token may be sent there (promise 5): infisical.host, hostFromCluster and --trust-host, never because a store says so.
   */
  visit(host: string, ca?: string): Promise<{ readonly infisical: Infisical; readonly trusted: boolean }>;
  /** Reads once, whoever asks: parallel askers share the promise. */
  once<T>(key: string, read: () => Promise<T>): Promise<T>;
  readonly options: CheckOptions;
}

/** What tells one sync of an ExternalSecret from another (eso.md 3.2). */
export type Sync = Pick<SecretView, "refreshTime" | "syncedVersion">;

export interface CheckOptions {
  /** Do not read target Secrets. */
  readonly noSecrets: boolean;
  /** `--fresh`: only another sync than the first look saw counts. */
  readonly fresh: boolean;
  /** What the first look saw, by `namespace/name`; undefined: this is the first. */
  readonly synced?: ReadonlyMap<string, Sync>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
