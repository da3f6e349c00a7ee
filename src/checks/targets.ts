import { isBootstrapError } from "../errors.ts";
import type { ListQuery } from "../kubernetes/cluster.ts";
import type { CheckContext } from "./context.ts";
import { createShare } from "./view/share.ts";
import { parseTarget, type TargetView } from "./view/target.ts";

/** The target Secret of an ExternalSecret: as seen, absent, or why it could not be read. */
export type TargetRead =
  | { readonly read: true; readonly target: TargetView | undefined }
  | { readonly read: false; readonly because: string };

/** Up to here one GET each is cheaper than lists. */
const FEW = 20;

/** ESO's label on every Secret that it keeps (eso.md 2). */
const MANAGED = "reconcile.external-secrets.io/managed=true";

/** Reads a target Secret: one by one where they are few, else all that ESO keeps in one paged list. Never throws for missing rights. */
export async function readTarget(
  context: CheckContext,
  namespace: string,
  name: string,
): Promise<TargetRead> {
  if (context.options.noSecrets) return { read: false, because: "--no-secrets: target Secrets are not read" };
  try {
    if (context.secrets.length > FEW) {
      const kept = await context.once("targets", () => readKept(context));
      const target = kept.get(`${namespace}/${name}`);
      if (target) return { read: true, target };
    }
    const live = await context.once(`secret ${namespace}/${name}`, () =>
      context.cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name }),
    );
    return { read: true, target: live && parseTarget(live) };
  } catch (error) {
    if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
    return { read: false, because: `Secrets of ${namespace} may not be read here` };
  }
}

async function readKept({ cluster, scope }: CheckContext): Promise<Map<string, TargetView>> {
  const kept = new Map<string, TargetView>();
  const share = createShare();
  const places = scope.namespaces === "all" ? [{}] : scope.namespaces.map((namespace) => ({ namespace }));
  const read = async (place: Pick<ListQuery, "namespace">) => {
    for await (const object of cluster.list({
      apiVersion: "v1",
      kind: "Secret",
      labelSelector: MANAGED,
      ...place,
    }))
      kept.set(`${object.metadata.namespace}/${object.metadata.name}`, share(parseTarget(object)));
  };
  await Promise.all(places.map(read));
  return kept;
}
