import { recordOf, textOf } from "../data.ts";
import type { CheckContext } from "./context.ts";
import type { KeyRef, StoreView } from "./view/store.ts";

/** What stands behind a reference to a key of a Secret or ConfigMap. */
export type RefRead =
  | { readonly found: "value"; readonly value: string }
  | { readonly found: "no-key"; readonly keys: readonly string[] }
  | { readonly found: "nothing" };

/** Reads once, however many stores refer to it. Throws ESOB-K104 where it may not be read. */
export async function readRef(
  { cluster, once }: Pick<CheckContext, "cluster" | "once">,
  kind: "Secret" | "ConfigMap",
  { namespace, name = "", key = "" }: KeyRef,
): Promise<RefRead> {
  const place = { apiVersion: "v1", kind, name, ...(namespace !== undefined && { namespace }) };
  const object = await once(`${kind.toLowerCase()} ${namespace}/${name}`, () => cluster.get(place));
  if (!object) return { found: "nothing" };
  const data = recordOf(object["data"]);
  const value = data[key];
  if (typeof value !== "string") return { found: "no-key", keys: Object.keys(data) };
  return {
    found: "value",
    value: kind === "Secret" ? Buffer.from(value, "base64").toString("utf8") : value,
  };
}

/** Where ESO looks for it: a SecretStore reads its own namespace only, whatever the reference says (eso.md 1.4). */
export function resolveRef(store: StoreView, ref: KeyRef): KeyRef {
  return store.kind === "SecretStore" ? { ...ref, namespace: store.namespace } : ref;
}

/** The CA that a store trusts beside the public ones, as PEM; undefined: none, or none that can be read. */
export async function readCa(
  context: Pick<CheckContext, "cluster" | "once">,
  store: StoreView,
): Promise<string | undefined> {
  if (store.caBundle !== undefined) return decodeBundle(store.caBundle);
  if (!store.caProvider) return undefined;
  const read = await readRef(
    context,
    store.caProvider.type === "Secret" ? "Secret" : "ConfigMap",
    resolveRef(store, store.caProvider),
  );
  return read.found === "value" ? textOf(read.value) : undefined;
}

/** base64(PEM) or base64(base64(PEM)) (eso.md 1.6). */
export function decodeBundle(bundle: string): string {
  const once = Buffer.from(bundle, "base64").toString("utf8");
  return once.includes("-----BEGIN") ? once : Buffer.from(once, "base64").toString("utf8");
}
