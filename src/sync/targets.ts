import { collect } from "../checks/collect.ts";
import type { Scope } from "../checks/scope.ts";
import type { SecretView } from "../checks/view/external-secret.ts";
import type { DesiredSecret } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import { nearest } from "../inputs/nearest.ts";
import type { Cluster } from "../kubernetes/cluster.ts";

/** An ExternalSecret to sync, and what of its users `--restart` means. */
export interface Target {
  readonly secret: SecretView;
  readonly restart: DesiredSecret["restart"];
}

/** The ExternalSecrets of the scope that read from Infisical. ESOB-E301 when one that is named is not there. */
export async function findTargets(cluster: Cluster, scope: Scope): Promise<Target[]> {
  const { secrets, hidden } = await collect(cluster, scope);
  const where = hidden.find(({ kind }) => kind === "ExternalSecret");
  if (where)
    throw new BootstrapError("ESOB-K104", {
      message: `${where.kind}s of ${where.namespace ?? "the cluster"} may not be read.`,
    });
  const absent = secrets.find(({ live }) => live === undefined);
  if (absent) throw notThere(`${absent.namespace}/${absent.name}`, scope);
  for (const wanted of scope.names)
    if (!secrets.some(({ namespace, name }) => wanted === name || wanted === `${namespace}/${name}`))
      throw notThere(wanted, scope, await namesIn(cluster, scope));
  return secrets.flatMap(({ live }) =>
    live && live.deleting === undefined ? [{ secret: live, restart: restartOf(scope, live) }] : [],
  );
}

function restartOf({ desired }: Scope, { namespace, name }: SecretView): DesiredSecret["restart"] {
  const declared = desired?.secrets.find(
    (secret) => secret.name === name && secret.namespaces.includes(namespace),
  );
  return declared?.restart ?? "auto";
}

async function namesIn(cluster: Cluster, scope: Scope): Promise<string[]> {
  const { secrets } = await collect(cluster, { ...scope, names: [] });
  return secrets.map(({ namespace, name }) => `${namespace}/${name}`);
}

/** `exist`: undefined where the file names it. */
function notThere(wanted: string, { desired, namespaces }: Scope, known?: readonly string[]): BootstrapError {
  const isDeclared = known === undefined;
  const exist = known ?? [];
  const close = nearest(wanted, [...exist, ...exist.map((place) => place.slice(place.indexOf("/") + 1))]);
  const where = namespaces === "all" ? "the cluster" : `namespace ${namespaces.join(", ")}`;
  const place = desired && !isDeclared ? "eso-bootstrap.yaml" : where;
  return new BootstrapError("ESOB-E301", {
    message: `There is no ExternalSecret ${wanted} in ${isDeclared ? "the cluster" : place}.`,
    ...(close !== undefined && { reason: `did you mean ${close}?` }),
    fix: isDeclared
      ? { summary: "The file names it: apply it first.", command: "eso-bootstrap apply" }
      : { summary: "Name one that is there, or look in the whole cluster with -A." },
    ...(exist.length > 0 && { facts: { Exists: exist.slice(0, 20).join(", ") } }),
  });
}
