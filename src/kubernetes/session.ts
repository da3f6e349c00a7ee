import type { ObjectRef } from "./cluster.ts";
import type { Discovery } from "./discovery.ts";
import { refusalError } from "./errors.ts";
import { notKubernetes } from "./network-errors.ts";
import { at, textOf } from "../data.ts";
import { resourcePath } from "./resources.ts";
import type { Answer, Transport } from "./transport.ts";

/** What the operations of one opened cluster share. */
export interface Session {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly version: () => Promise<string>;
  readonly wrote: () => void;
  /** Pause between two looks where watching does not work. */
  readonly pollMs: number;
}

/** `gitVersion` of `/version`, asked once. ESOB-K109 when something else answers there. */
export function createVersion(transport: Transport): () => Promise<string> {
  let memo: Promise<string> | undefined;
  const ask = async (): Promise<string> => {
    const answer = await transport.send({ method: "GET", path: "/version", repeat: "always" });
    const version = textOf(at(answer.body, "gitVersion"));
    if (version !== undefined) return version;
    if (answer.status !== 200 && answer.says)
      throw refusalError(answer, { verb: "read", what: "its version" });
    throw notKubernetes(
      transport.server,
      `its /version answered status ${answer.status} without a Kubernetes version`,
    );
  };
  return () => {
    memo ??= ask().catch((error: unknown) => {
      memo = undefined;
      throw error;
    });
    return memo;
  };
}

/** URL path of one object; undefined when its kind is not served. */
export async function pathOf(session: Session, ref: ObjectRef): Promise<string | undefined> {
  const resource = await session.discovery.resource(ref.apiVersion, ref.kind);
  if (!resource) return undefined;
  if (resource.namespaced && !ref.namespace) throw new Error(`${ref.kind} ${ref.name} needs a namespace`);
  return resourcePath(ref.apiVersion, resource, ref);
}

/**
 * True for "there is no such object, or no such kind". A plain-text 404 is what the API server says of a path it does not serve,
 * but also what any Go server behind a wrong address says: only if `/version` is Kubernetes does it mean absent.
 */
export async function isAbsent(session: Session, answer: Answer): Promise<boolean> {
  if (answer.status !== 404) return false;
  if (answer.says) return true;
  session.discovery.forget();
  await session.version();
  return true;
}
