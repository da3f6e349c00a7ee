import type { Code } from "../../codes.ts";
import { at } from "../../data.ts";
import { storeManifest } from "../../desired/manifests.ts";
import type { Fix } from "../../errors.ts";
import type { CheckContext } from "../context.ts";
import { mendOf, removeField, restore } from "../mending.ts";
import { storeOf } from "../of-file.ts";
import { subjectOf, type LiveStore } from "../subject.ts";

/** What is wrong in a field of a store: `apply` leaves what the file does not set, so that it is taken away. `path`: a JSON pointer. */
export function mendField(context: CheckContext, code: Code, store: LiveStore, path: string): Fix {
  const { desired } = context;
  const wanted = storeOf(desired, store);
  if (!desired || !wanted) return restore(context, code, subjectOf(store));
  const manifest = storeManifest(wanted, store.namespace ?? "", desired);
  if (at(manifest, ...path.split("/").slice(1)) !== undefined)
    return restore(context, code, subjectOf(store));
  return removeField(`${mendOf(code)} The file does not set it: take it away.`, subjectOf(store), path);
}
