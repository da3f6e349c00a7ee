import { parseExternalSecret } from "../checks/view/external-secret.ts";
import type { DesiredSecret } from "../desired/desired.ts";
import { dataEntry } from "../desired/manifests.ts";
import { BootstrapError } from "../errors.ts";
import type { KeyInput } from "../inputs/inputs.ts";
import { MANAGER, type Cluster, type KubeObject } from "../kubernetes/cluster.ts";
import { originOf, type Origin } from "../steps/gitops.ts";
import { isReadOnceError } from "../sync/cause.ts";
import { isReadOnce } from "../sync/fresh.ts";
import { secretsIn, type Goal } from "./add-secret-goal.ts";

/** What stands in the way in the cluster, before anything is planned: GitOps, a single sync, another owner of the Secret. */
export async function assertMayGrow(
  cluster: Cluster,
  { secret, index }: Goal,
  keys: readonly KeyInput[],
  file: string,
): Promise<void> {
  for (const namespace of secret.namespaces) {
    const live = await cluster.get({
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      namespace,
      name: secret.name,
    });
    if (live)
      await assertOurs(
        cluster,
        live,
        keys,
        index === undefined ? undefined : `secrets[${index}].keys of ${file}`,
      );
    await assertOnlyOwner(cluster, secret, namespace, keys);
  }
}

async function assertOurs(
  cluster: Cluster,
  live: KubeObject,
  keys: readonly KeyInput[],
  inFile: string | undefined,
): Promise<void> {
  const origin = await originOf(cluster, live);
  if (origin) throw keptElsewhere(live, origin, keys, inFile);
  if (inFile === undefined && isFromFile(live))
    throw new BootstrapError("ESOB-E313", {
      message: `ExternalSecret ${live.metadata.namespace}/${live.metadata.name} was made from an eso-bootstrap.yaml, which is not here.`,
      reason: "a key that the file does not have would stand in the way of the next apply",
      fix: {
        summary: "Name the file.",
        command: `eso-bootstrap add-secret ${keys.map(({ key }) => key).join(" ")} -f PATH/eso-bootstrap.yaml`,
      },
    });
  const view = parseExternalSecret(live);
  if (isReadOnce(view)) throw isReadOnceError(view);
}

/** `apply` keeps its list of keys. */
function isFromFile({ metadata }: KubeObject): boolean {
  return (metadata.managedFields ?? []).some(
    ({ manager, operation }) => manager === MANAGER && operation === "Apply",
  );
}

/** The patch is told as the lines that belong into the file: nothing is changed in the cluster. */
function keptElsewhere(
  { metadata }: KubeObject,
  { by, where }: Origin,
  keys: readonly KeyInput[],
  inFile: string | undefined,
): BootstrapError {
  const lines = keys.map((key) => JSON.stringify(dataEntry(key))).join(", ");
  const also = inFile === undefined ? "" : ` If it was rendered, also to ${inFile}.`;
  return new BootstrapError("ESOB-E312", {
    message: `ExternalSecret ${metadata.namespace}/${metadata.name} is kept by ${by}: a change in the cluster would be undone.`,
    reason: "nothing was changed",
    fix: {
      summary: `Change it in ${where ?? `the repository of ${by}`}. Add to spec.data: ${lines}.${also}`,
      command: `eso-bootstrap sync ${metadata.namespace}/${metadata.name}`,
    },
  });
}

/** Two owners would take the Secret from each other; those that merge must not write the same key. */
async function assertOnlyOwner(
  cluster: Cluster,
  secret: DesiredSecret,
  namespace: string,
  keys: readonly KeyInput[],
): Promise<void> {
  const others = (await secretsIn(cluster, namespace)).filter(
    ({ name, target }) => name !== secret.name && target === secret.target,
  );
  for (const other of others) {
    const shared = keys.find(({ as }) => other.data.some(({ secretKey }) => secretKey === as));
    const areOwners = other.creationPolicy === "Owner" && secret.creationPolicy === "Owner";
    if (!areOwners && !shared) continue;
    const what = shared ? `key ${shared.as} of it` : "it";
    throw new BootstrapError("ESOB-E308", {
      message: `ExternalSecrets ${secret.name} and ${other.name} both write Secret ${namespace}/${secret.target}.`,
      reason: areOwners ? "each has creationPolicy Owner, and ESO lets only one" : `both would write ${what}`,
      fix: {
        summary: "Add the key to the other one, or give one of them another target.",
        command: `eso-bootstrap add-secret ${keys.map(({ key }) => key).join(" ")} --to ${namespace}/${other.name}`,
      },
    });
  }
}
