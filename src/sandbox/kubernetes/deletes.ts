import { at, listOf, recordOf, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "./api.ts";
import { conflict, forbidden } from "./errors.ts";
import type { Kind } from "./kinds.ts";
import { resourceOf } from "./store.ts";
import { aboutOf } from "./writes.ts";

/** What DeleteOptions say. */
export interface DeleteOptions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: string | undefined;
  readonly dryRun: boolean;
}

export function deleteOptionsOf(body: unknown, query: URLSearchParams): DeleteOptions {
  const preconditions = recordOf(recordOf(body)["preconditions"]);
  return {
    uid: textOf(preconditions["uid"]),
    resourceVersion: textOf(preconditions["resourceVersion"]),
    propagation: textOf(recordOf(body)["propagationPolicy"]) ?? query.get("propagationPolicy") ?? undefined,
    dryRun: query.getAll("dryRun").includes("All") || listOf(at(body, "dryRun")).includes("All"),
  };
}

/** DELETE: takes the object away, or marks it where finalizers (or a namespace's content) hold it. `gone`: nothing is left. */
export function remove(
  api: Api,
  kind: Kind,
  object: KubeObject,
  options: DeleteOptions,
): { readonly gone: boolean; readonly object: KubeObject } {
  const { uid, resourceVersion, propagation, dryRun } = options;
  const { metadata } = object;
  const about = aboutOf(kind, metadata.name);
  assertMeant(kind, metadata, uid, resourceVersion);
  if (kind.kind === "Namespace" && ["default", "kube-system", "kube-public"].includes(metadata.name))
    throw forbidden(about, "this namespace may not be deleted");
  const extra = { Orphan: ["orphan"], Foreground: ["foregroundDeletion"] }[propagation ?? ""] ?? [];
  const finalizers = [...new Set([...(metadata.finalizers ?? []), ...extra])];
  if (
    kind.kind === "CustomResourceDefinition" &&
    !finalizers.includes("customresourcecleanup.apiextensions.k8s.io")
  )
    finalizers.push("customresourcecleanup.apiextensions.k8s.io");
  const isHeld = finalizers.length > 0 || kind.kind === "Namespace";
  if (!isHeld) {
    if (!dryRun) api.store.remove(resourceOf(kind), metadata.namespace, metadata.name);
    return { gone: true, object };
  }
  if (metadata.deletionTimestamp && finalizers.length === (metadata.finalizers ?? []).length)
    return { gone: false, object };
  const marked: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      ...(finalizers.length > 0 && { finalizers }),
      deletionTimestamp: metadata.deletionTimestamp ?? api.timestamp(),
      ...(kind.kind !== "CustomResourceDefinition" && ({ deletionGracePeriodSeconds: 0 } as object)),
      ...(metadata.generation !== undefined &&
        kind.kind !== "CustomResourceDefinition" && { generation: metadata.generation + 1 }),
    },
    ...(kind.kind === "Namespace" && { status: { ...recordOf(object["status"]), phase: "Terminating" } }),
  };
  return { gone: false, object: dryRun ? marked : api.store.put(resourceOf(kind), marked) };
}

/** Preconditions are judged before the storage sees them, and told with the kind (registry/rest, delete.go). */
function assertMeant(
  { kind, group }: Kind,
  { name, uid, resourceVersion }: KubeObject["metadata"],
  wantedUid?: string,
  wantedVersion?: string,
): void {
  const about = { plural: kind, name, ...(group && { group }) };
  const differs = (what: string, wanted: string, found: string | undefined, since: string) =>
    conflict(
      about,
      `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${since}`,
    );
  if (wantedUid !== undefined && wantedUid !== uid)
    throw differs("UID", wantedUid, uid, "deleted and then recreated");
  if (wantedVersion !== undefined && wantedVersion !== resourceVersion)
    throw differs("ResourceVersion", wantedVersion, resourceVersion, "modified");
}
