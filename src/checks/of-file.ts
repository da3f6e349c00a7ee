import type { DesiredStore } from "../desired/desired.ts";
import { readHost } from "../inputs/host.ts";
import type { StoreSubject } from "./collect.ts";

/** True where a store of the file describes this one. */
export const describes = (
  wanted: DesiredStore,
  { kind, name, namespace }: Pick<StoreSubject, "kind" | "name" | "namespace">,
): boolean =>
  kind === wanted.kind &&
  name === wanted.name &&
  (namespace === undefined || wanted.namespaces.includes(namespace));

/** An address as everything here compares it; what is none stays as it is. */
export function comparable(address: string): string {
  const read = readHost(address);
  return "host" in read ? read.host : address;
}
