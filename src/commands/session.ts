import { desiredOf, type Desired, type FirstValue } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { CommandDeps } from "../commands.ts";
import type { Infisical } from "../infisical/infisical.ts";
import type { Inputs, Namespaces } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { Files } from "../system/system.ts";
import type { Ports, RoadOptions } from "../steps/context.ts";
import type { RoadRun } from "./road.ts";

/** Everything that a walk needs, opened for one cluster; `close` revokes our login at Infisical. */
export interface Session {
  readonly ports: Ports;
  readonly desired: Desired;
  readonly run: Omit<RoadRun, "steps">;
  /** What other inputs of the same cluster call for. */
  desiredFor(inputs: Inputs): Promise<Desired>;
  close(): Promise<void>;
}

/** What the wizard has opened already. */
export interface Opened {
  readonly cluster?: Cluster;
  readonly infisical?: Infisical;
  readonly firstValues?: readonly FirstValue[];
}

/** Opens the ports for these inputs and works out what must be true. Contacts the cluster only for namespace selectors. */
export async function openSession(
  invocation: Invocation,
  deps: CommandDeps,
  inputs: Inputs,
  opened: Opened = {},
): Promise<Session> {
  let writes = 0;
  const onWrite = () => void (writes += 1);
  const [clock, net, files] = await Promise.all([deps.clock(), deps.net(), deps.files()]);
  const [infisicalCa, clusterCa] = await Promise.all([
    readCa(files, inputs.infisical.caFile),
    inputs.cluster.caFile === "system" ? "system" : readCa(files, inputs.cluster.caFile),
  ]);
  const where = {
    ...(invocation.global.kubeconfig !== undefined && { kubeconfig: invocation.global.kubeconfig }),
    ...(inputs.cluster.context !== undefined && { context: inputs.cluster.context }),
    onWrite,
  };
  const emit = deps.reporter.event.bind(deps.reporter);
  const [cluster, helm, infisical] = await Promise.all([
    deps.openCluster(where),
    deps.openHelm(where),
    deps.openInfisical({
      host: inputs.infisical.host,
      credential: inputs.credential,
      ...(inputs.infisical.organization !== undefined && { organization: inputs.infisical.organization }),
      ...(infisicalCa !== undefined && { ca: infisicalCa }),
      onWrite,
      onWait: (text, seconds) => emit({ type: "waiting", what: "Infisical", state: `${text}, ${seconds}s` }),
    }),
  ]);
  const desiredFor = async (what: Inputs) => {
    const namespaces = await resolveNamespaces(cluster, what);
    return desiredOf(what, {
      context: cluster.info.context,
      namespaces: (setting) => namespaces.get(setting) ?? [],
      infisicalCa,
      clusterCa,
      firstValues: opened.firstValues ?? [],
    });
  };
  const desired = await desiredFor(inputs);
  return {
    ports: { cluster, helm, infisical, net, clock },
    desired,
    desiredFor,
    run: { desired, options: optionsOf(invocation, deps), emit, writes: () => writes },
    close: () => infisical.close(),
  };
}

async function readCa(files: Files, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await files.read(path, 1_000_000);
  if (text?.includes("-----BEGIN CERTIFICATE-----")) return text.trim();
  throw new BootstrapError("ESOB-L105", {
    message: text === undefined ? `There is no file ${path}.` : `${path} holds no certificate in PEM form.`,
    fix: { summary: "Name the PEM file of the CA." },
  });
}

/** Names as they are; a selector becomes the namespaces that carry the labels now. */
export async function resolveNamespaces(
  cluster: Cluster,
  inputs: Inputs,
): Promise<Map<Namespaces, readonly string[]>> {
  const settings = [...inputs.stores, ...inputs.secrets].map(({ namespace }) => namespace);
  const entries = settings.map(async (setting) => [setting, await namesOf(cluster, setting)] as const);
  return new Map(await Promise.all(entries));
}

async function namesOf(cluster: Cluster, setting: Namespaces): Promise<readonly string[]> {
  if ("names" in setting) return setting.names;
  const labelSelector = Object.entries(setting.selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const names: string[] = [];
  for await (const { metadata } of cluster.list({ apiVersion: "v1", kind: "Namespace", labelSelector }))
    names.push(metadata.name);
  return names.toSorted();
}

function optionsOf({ flags, global }: Invocation, { signal }: CommandDeps): RoadOptions {
  return {
    adopt: flags["adopt"] === true,
    forceConflicts: flags["forceConflicts"] === true,
    restart: flags["restart"] === true,
    timeoutMs: global.timeoutMs,
    signal,
  };
}
