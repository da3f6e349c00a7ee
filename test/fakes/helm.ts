import { isLocalChart } from "../../src/helm/chart.ts";
import type { Helm, InstallOptions, Release } from "../../src/helm/helm.ts";
import { BootstrapError } from "../../src/errors.ts";

export interface FakeHelmOptions {
  /** Versions of local charts, by path. */
  readonly localCharts?: Readonly<Record<string, string>>;
  readonly version?: string;
  /** Called when a release is installed or upgraded: makes what its chart would make. */
  readonly onInstall?: (release: Release, options: InstallOptions) => Promise<void> | void;
  readonly onUninstall?: (release: Release) => Promise<void> | void;
  readonly onWrite?: () => void;
}

export interface FakeHelm extends Helm {
  readonly releases: Map<string, Release>;
  /** The next install fails half-way: the release is left behind as `failed`. */
  failNext(error?: BootstrapError): void;
  /** Puts a release there that somebody else, or a run that died, left. */
  plant(release: Pick<Release, "name" | "namespace"> & Partial<Release>): Release;
}

/** Helm with releases in memory, and Helm's rules: revisions count up, `pending` blocks, a failed one can be upgraded. */
export function createFakeHelm(options: FakeHelmOptions = {}): FakeHelm {
  const releases = new Map<string, Release>();
  const keyOf = (name: string, namespace: string) => `${namespace}/${name}`;
  let planned: BootstrapError | undefined;
  const keep = (release: Release) => {
    releases.set(keyOf(release.name, release.namespace), release);
    return release;
  };
  return {
    releases,
    version: async () => options.version ?? "4.1.4",
    release: async (name, namespace) => releases.get(keyOf(name, namespace)),
    localChartVersion: async (chart) => (isLocalChart(chart) ? options.localCharts?.[chart] : undefined),
    async upgradeInstall(install) {
      options.onWrite?.();
      const before = releases.get(keyOf(install.release, install.namespace));
      if (before?.status.startsWith("pending"))
        throw failed("another operation (install/upgrade/rollback) is in progress");
      const release = keep(
        releaseOf(install, options, before?.revision ?? 0, planned ? "failed" : "deployed"),
      );
      if (planned) {
        const error = planned;
        planned = undefined;
        throw error;
      }
      await options.onInstall?.(release, install);
    },
    async uninstall(name, namespace) {
      options.onWrite?.();
      const release = releases.get(keyOf(name, namespace));
      releases.delete(keyOf(name, namespace));
      if (release) await options.onUninstall?.(release);
    },
    failNext: (error = failed("context deadline exceeded")) => (planned = error),
    plant: (release) =>
      keep({
        revision: 1,
        status: "deployed",
        ours: false,
        values: {},
        ...CHART,
        updated: new Date(0),
        ...release,
      }),
  };
}

const CHART = { chart: "external-secrets", chartVersion: "2.9.0" };

function releaseOf(
  { release, namespace, chart, version, values }: InstallOptions,
  { localCharts }: FakeHelmOptions,
  revision: number,
  status: string,
): Release {
  return {
    name: release,
    namespace,
    revision: revision + 1,
    status,
    chart: CHART.chart,
    chartVersion: (isLocalChart(chart) ? localCharts?.[chart] : version) ?? CHART.chartVersion,
    updated: new Date("2026-11-23T12:00:00Z"),
    ours: true,
    values: structuredClone(values),
  };
}

function failed(reason: string): BootstrapError {
  return new BootstrapError("ESOB-H103", { message: "helm failed to install the release.", reason });
}
