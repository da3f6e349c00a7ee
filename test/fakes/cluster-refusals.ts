import type { AccessQuery, ObjectRef } from "../../src/kubernetes/cluster.ts";
import { refusalError } from "../../src/kubernetes/errors.ts";
import { type Resource, nameOf } from "../../src/kubernetes/resources.ts";
import { statusOf } from "../../src/kubernetes/status.ts";

/** `external-secrets.io`, or "" for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

/** The right that a call needs, as SelfSubjectAccessReview would ask for it. */
export function accessTo(verb: string, ref: ObjectRef, resource: Resource): AccessQuery {
  const { namespace, name } = ref;
  return {
    verb,
    group: groupOf(ref.apiVersion),
    resource: resource.plural,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === "" ? {} : { name }),
  };
}

/** True when every field of the pattern is the query's. */
export function fits(query: AccessQuery, pattern: Partial<AccessQuery>): boolean {
  return Object.entries(pattern).every(([key, value]) => Reflect.get(query, key) === value);
}

/** The adapter's error for a 403, made from the answer the real server would have given. */
export function forbidden(verb: string, what: string): Error {
  const message = `${what} is forbidden: User "fake" cannot ${verb} resource "${what}"`;
  return refusalError(
    { status: 403, says: statusOf({ kind: "Status", code: 403, message }) },
    { verb, what },
  );
}

/** The adapter's error for a 404 on a write: `namespaces "shop" not found`. */
export function notFound(verb: string, ref: ObjectRef, kind: string, name: string): Error {
  const message = `${kind} "${name}" not found`;
  const says = statusOf({ kind: "Status", code: 404, message, details: { kind, name } });
  return refusalError({ status: 404, says }, { verb, what: nameOf(ref), write: true });
}
