import type { DesiredSecret } from "../desired/desired.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";

/** ESO puts it on Secrets that it writes with the policies Owner and Orphan (eso.md 3.2). */
const ESO_LABEL = "reconcile.external-secrets.io/managed";

/**
 * Why ESO may not write the target Secret, or undefined. With `creationPolicy: Owner` ESO silently takes over a Secret that is
 * there, replaces its data and has it deleted together with the ExternalSecret (eso.md 3.2).
 */
export async function whyForeignTarget(
  { cluster, options }: Pick<RoadContext, "cluster" | "options">,
  secret: DesiredSecret,
  namespace: string,
): Promise<string | undefined> {
  if (!["Owner", "Orphan"].includes(secret.creationPolicy)) return undefined;
  const live = await cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name: secret.target });
  if (!live) return undefined;
  const owners = externalSecretsOf(live);
  if (owners.includes(secret.name)) return undefined;
  if (owners.length > 0) return `Secret ${secret.target} belongs to ExternalSecret ${owners.join(", ")}`;
  if (live.metadata.labels?.[ESO_LABEL] === "true" || options.adopt) return undefined;
  return `somebody else made Secret ${secret.target}, and ESO would overwrite it; --adopt takes it over, creationPolicy: Merge adds to it`;
}

function externalSecretsOf({ metadata }: KubeObject): string[] {
  const owners = metadata.ownerReferences ?? [];
  return owners.filter(({ kind }) => kind === "ExternalSecret").map(({ name }) => name);
}
