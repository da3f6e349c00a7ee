/** A Helm release as `helm list` and `helm get values` tell of it. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** `deployed`, `failed`, `pending-install`, … */
  readonly status: string;
  /** Chart name without the version, as `external-secrets`. */
  readonly chart: string;
  readonly chartVersion: string;
  readonly updated: Date;
  /** Carries the label `app.kubernetes.io/managed-by=eso-bootstrap`. */
  readonly ours: boolean;
  /** The values that the user gave (`helm get values`), not the chart's defaults. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface InstallOptions {
  readonly release: string;
  readonly namespace: string;
  /** Name in `repo`, `oci://…`, a folder or a .tgz. */
  readonly chart: string;
  /** Unused for a local chart and for OCI. */
  readonly repo?: string;
  readonly version?: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
}

/**
 * Helm 3.14 or newer, behind argv arrays; values go in on stdin. Errors: ESOB-H101 (absent), H102 (too old), H103 (failed,
 * with its last lines), H105 (chart cannot be fetched).
 */
export interface Helm {
  /** `3.19.0`. */
  version(): Promise<string>;
  release(name: string, namespace: string): Promise<Release | undefined>;
  /** The version in a local chart's Chart.yaml, or undefined for a remote one. */
  localChartVersion(chart: string): Promise<string | undefined>;
  upgradeInstall(options: InstallOptions): Promise<void>;
  uninstall(name: string, namespace: string): Promise<void>;
}
