import { gzipSync, gunzipSync } from "node:zlib";
import { at, isRecord, jsonOf, recordOf, textOf } from "../data.ts";
import { isLocalChart } from "../helm/chart.ts";
import type { Helm, InstallOptions, Release } from "../helm/helm.ts";
import {
  MANAGED_BY_LABEL,
  MANAGER,
  type Cluster,
  type KubeObject,
  type ObjectRef,
} from "../kubernetes/cluster.ts";
import { chartObjects } from "./eso/chart.ts";

/** The version of ESO that the stand-in installs when none is asked for. */
const VERSION = "2.9.0";

/**
 * A stand-in for the program helm, for a machine that has none: knows the one chart of ESO, makes through the API what that chart would
 * make, and keeps the release where helm does (a Secret of type helm.sh/release.v1). `isStandIn` says that it is one.
 */
export interface StandInHelm extends Helm {
  readonly isStandIn: true;
}

export function createStandInHelm(
  cluster: Cluster,
  options: { readonly now?: () => number; readonly onWrite?: () => void } = {},
): StandInHelm {
  const now = options.now ?? Date.now;
  const release = (name: string, namespace: string) => newest(cluster, name, namespace);
  return {
    isStandIn: true,
    version: async () => "4.1.4",
    release,
    localChartVersion: async (chart) => (isLocalChart(chart) ? VERSION : undefined),
    async upgradeInstall(install) {
      options.onWrite?.();
      const before = await release(install.release, install.namespace);
      const objects = chartObjects({ ...install, version: install.version ?? VERSION });
      for (const object of objects) await cluster.apply(object, { force: true });
      await record(cluster, install, (before?.revision ?? 0) + 1, objects, new Date(now()));
    },
    async uninstall(name, namespace) {
      options.onWrite?.();
      const kept = await recordOfRelease(cluster, name, namespace);
      const keep = (object: KubeObject) =>
        object.metadata.annotations?.["helm.sh/resource-policy"] === "keep";
      for (const object of (kept?.objects ?? []).filter((one) => !keep(one)).toReversed())
        await remove(cluster, refOf(object));
      for (const secret of kept?.secrets ?? []) await remove(cluster, refOf(secret));
    },
  };
}

const refOf = ({ apiVersion, kind, metadata }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name: metadata.name,
  ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
});

async function remove(cluster: Cluster, ref: ObjectRef): Promise<void> {
  const uid = (await cluster.get(ref))?.metadata.uid;
  if (uid !== undefined) await cluster.delete(ref, { uid });
}

interface Kept {
  readonly secrets: readonly KubeObject[];
  readonly release: Release;
  readonly objects: readonly KubeObject[];
}

/** helm keeps a release as JSON, gzipped and in base64, in a Secret per revision. */
async function recordOfRelease(cluster: Cluster, name: string, namespace: string): Promise<Kept | undefined> {
  const secrets: KubeObject[] = [];
  const labelSelector = `owner=helm,name=${name}`;
  for await (const secret of cluster.list({ apiVersion: "v1", kind: "Secret", namespace, labelSelector }))
    secrets.push(secret);
  const revisionOf = (secret: KubeObject) => Number(secret.metadata.labels?.["version"] ?? 0);
  const last = secrets.toSorted((a, b) => revisionOf(a) - revisionOf(b)).at(-1);
  const data = textOf(at(last, "data", "release"));
  if (!last || data === undefined) return undefined;
  const packed = Buffer.from(Buffer.from(data, "base64").toString("utf8"), "base64");
  const stored = jsonOf(gunzipSync(packed).toString("utf8"));
  const metadata = at(stored, "chart", "metadata");
  const objects = jsonOf(textOf(at(stored, "manifest")) ?? "[]");
  return {
    secrets,
    objects: Array.isArray(objects) ? (objects as KubeObject[]) : [],
    release: {
      name,
      namespace,
      revision: revisionOf(last),
      status: textOf(at(stored, "info", "status")) ?? "unknown",
      chart: textOf(at(metadata, "name")) ?? "",
      chartVersion: textOf(at(metadata, "version")) ?? "",
      updated: new Date(textOf(at(stored, "info", "last_deployed")) ?? 0),
      ours: last.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER,
      values: recordOf(at(stored, "config")),
    },
  };
}

const newest = async (cluster: Cluster, name: string, namespace: string): Promise<Release | undefined> =>
  (await recordOfRelease(cluster, name, namespace))?.release;

/** The newest revision of every release, as `helm list` has them; in one namespace or in all. */
export async function releasesIn(cluster: Cluster, namespace: string | undefined): Promise<Release[]> {
  const places = new Map<string, { readonly name: string; readonly namespace: string }>();
  const where = namespace === undefined ? {} : { namespace };
  for await (const { metadata } of cluster.list({
    apiVersion: "v1",
    kind: "Secret",
    labelSelector: "owner=helm",
    ...where,
  })) {
    const place = { name: metadata.labels?.["name"] ?? "", namespace: metadata.namespace ?? "" };
    places.set(`${place.namespace}/${place.name}`, place);
  }
  const found = [...places.values()].map((place) => newest(cluster, place.name, place.namespace));
  return (await Promise.all(found)).filter((one) => one !== undefined);
}

async function record(
  cluster: Cluster,
  install: InstallOptions,
  revision: number,
  objects: readonly KubeObject[],
  time: Date,
): Promise<void> {
  const { release: name, namespace, values } = install;
  const when = time.toISOString();
  const stored = {
    name,
    namespace,
    version: revision,
    info: {
      status: "deployed",
      first_deployed: when,
      last_deployed: when,
      description: "made by the sandbox's stand-in for helm",
    },
    chart: {
      metadata: {
        name: "external-secrets",
        version: install.version ?? VERSION,
        appVersion: `v${install.version ?? VERSION}`,
      },
    },
    config: isRecord(values) ? values : {},
    manifest: JSON.stringify(
      objects.map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata })),
    ),
  };
  const packed = gzipSync(JSON.stringify(stored)).toString("base64");
  const status = {
    name,
    owner: "helm",
    status: "deployed",
    version: String(revision),
    [MANAGED_BY_LABEL]: MANAGER,
  };
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    type: "helm.sh/release.v1",
    metadata: { name: `sh.helm.release.v1.${name}.v${revision}`, namespace, labels: status },
    data: { release: Buffer.from(packed).toString("base64") },
  });
}
