import type { Desired, DesiredSecret, DesiredStore } from "../desired/desired.ts";
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

/** The store of the file that this one is made from; undefined: the file does not know it, or there is none. */
export const storeOf = (
  desired: Desired | undefined,
  store: Parameters<typeof describes>[1],
): DesiredStore | undefined => desired?.stores.find((one) => describes(one, store));

/** The entry of the file that makes this ExternalSecret; undefined: the file does not know it, or there is none. */
export const secretOf = (
  desired: Desired | undefined,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): DesiredSecret | undefined =>
  desired?.secrets.find((one) => one.name === name && one.namespaces.includes(namespace));

/** An address as everything here compares it; what is none stays as it is. */
export function comparable(address: string): string {
  const read = readHost(address);
  return "host" in read ? read.host : address;
}
