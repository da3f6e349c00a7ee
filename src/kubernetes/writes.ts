import {
  type ApplyOutcome,
  type Cluster,
  type JsonPatch,
  type KubeObject,
  MANAGER,
  type ObjectRef,
} from "./cluster.ts";
import { pause } from "./deadline.ts";
import { type Deed, refusalError, unknownKind } from "./errors.ts";
import { objectOf } from "./reads.ts";
import { nameOf, resourcePath } from "./resources.ts";
import { pathOf, type Session } from "./session.ts";
import { fieldConflict } from "./status.ts";
import type { Answer, Ask } from "./transport.ts";

/** Every write says who we are, and has unknown and doubled fields refused instead of dropped. */
const AS_US = { fieldManager: MANAGER, fieldValidation: "Strict" };
const APPLY_TRIES = 3;

type Writes = Pick<Cluster, "apply" | "create" | "replace" | "patch" | "delete">;

/** The writing half of the port. */
export function createWrites(session: Session): Writes {
  return {
    apply: (object, options) => apply(session, object, options ?? {}),
    create: (object) => create(session, object),
    replace: (object) => replace(session, object),
    patch: (ref, operations) => patch(session, ref, operations),
    delete: (ref, preconditions) => remove(session, ref, preconditions),
  };
}

/** Server-side apply (kubernetes.io/docs/reference/using-api/server-side-apply): JSON is YAML, and safe to send twice. */
async function apply(
  session: Session,
  object: KubeObject,
  { dryRun = false, force = false }: { dryRun?: boolean; force?: boolean },
): Promise<ApplyOutcome> {
  const deed = { verb: dryRun ? "dry-run apply" : "apply", what: nameOfObject(object), write: true };
  const ask: Ask = {
    method: "PATCH",
    path: await pathFor(session, object),
    query: { ...AS_US, force: String(force), dryRun: dryRun ? "All" : undefined },
    body: withoutManagedFields(object),
    contentType: "application/apply-patch+yaml",
    repeat: "always",
  };
  const answer = await sendApply(session, ask);
  const conflict = fieldConflict(answer.status === 409 ? answer.says : undefined);
  if (conflict) return { outcome: "conflict", ...conflict };
  if (answer.status >= 300) throw refusal(session, answer, deed);
  if (!dryRun) wrote(session, object);
  return { outcome: "applied", object: objectOf(session, answer) };
}

/** A 409 that is no field conflict comes from a write in between; the next try sees that one. */
async function sendApply(session: Session, ask: Ask): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await session.transport.send(ask);
    const isRace = answer.status === 409 && fieldConflict(answer.says) === undefined;
    if (!isRace || attempt === APPLY_TRIES) return answer;
    await pause(50 * attempt, session.transport.signal);
  }
}

/**
 * May be sent twice: when the first answer was lost after the object was made, the second try hears AlreadyExists, and "exists"
 * is true. Whoever asked then reads the object, as for every "exists".
 */
async function create(session: Session, object: KubeObject): Promise<"created" | "exists"> {
  const path = await collectionFor(session, object);
  const answer = await session.transport.send({
    method: "POST",
    path,
    query: AS_US,
    body: object,
    repeat: "always",
  });
  if (answer.status === 409 && answer.says?.reason === "AlreadyExists") return "exists";
  if (answer.status >= 300)
    throw refusal(session, answer, { verb: "create", what: nameOfObject(object), write: true });
  wrote(session, object);
  return "created";
}

/** PUT with the object's resourceVersion. Never sent twice: the second would meet the first's resourceVersion. */
async function replace(session: Session, object: KubeObject): Promise<"replaced" | "conflict"> {
  const path = await pathFor(session, object);
  const body = withoutManagedFields(object);
  const answer = await session.transport.send({ method: "PUT", path, query: AS_US, body, repeat: "unsent" });
  const isGone = answer.status === 404 && answer.says?.name === object.metadata.name;
  if (answer.status === 409 || isGone) return "conflict";
  if (answer.status >= 300)
    throw refusal(session, answer, { verb: "replace", what: nameOfObject(object), write: true });
  wrote(session, object);
  return "replaced";
}

/** JSON patch. The API server answers 422 without causes when a `test` does not hold (apiserver, patch.go). */
async function patch(
  session: Session,
  ref: ObjectRef,
  operations: readonly JsonPatch[],
): Promise<"patched" | "conflict" | "absent"> {
  const path = await pathOf(session, ref);
  if (path === undefined) return "absent";
  const answer = await session.transport.send({
    method: "PATCH",
    path,
    query: AS_US,
    body: operations,
    contentType: "application/json-patch+json",
    repeat: "unsent",
  });
  if (answer.status === 404 && answer.says) return "absent";
  const isGuarded = operations.some(({ op }) => op === "test");
  const testFailed = answer.status === 422 && isGuarded && answer.says?.causes.length === 0;
  if (answer.status === 409 || testFailed) return "conflict";
  if (answer.status >= 300) throw refusal(session, answer, { verb: "patch", what: nameOf(ref), write: true });
  session.wrote();
  return "patched";
}

/** DELETE with preconditions: the uid makes it safe to send twice. */
async function remove(
  session: Session,
  ref: ObjectRef,
  preconditions: { uid: string; resourceVersion?: string },
): Promise<"deleted" | "absent" | "conflict"> {
  const path = await pathOf(session, ref);
  if (path === undefined) return "absent";
  const answer = await session.transport.send({
    method: "DELETE",
    path,
    body: { apiVersion: "v1", kind: "DeleteOptions", preconditions, propagationPolicy: "Background" },
    repeat: "always",
  });
  if (answer.status === 409) return "conflict";
  // Gone on the second try means that the first, whose answer was lost, took it.
  if (answer.status === 404 && !answer.repeated) return "absent";
  if (answer.status >= 300 && answer.status !== 404)
    throw refusal(session, answer, { verb: "delete", what: nameOf(ref) });
  if (ref.kind === "CustomResourceDefinition") session.discovery.forget();
  session.wrote();
  return "deleted";
}

async function pathFor(session: Session, object: KubeObject): Promise<string> {
  const { name, namespace } = object.metadata;
  const ref = { apiVersion: object.apiVersion, kind: object.kind, name };
  const path = await pathOf(session, namespace === undefined ? ref : { ...ref, namespace });
  if (path === undefined) throw unknownKind(object.apiVersion, object.kind);
  return path;
}

async function collectionFor(session: Session, { apiVersion, kind, metadata }: KubeObject): Promise<string> {
  const resource = await session.discovery.resource(apiVersion, kind);
  if (!resource) throw unknownKind(apiVersion, kind);
  return resourcePath(apiVersion, resource, { namespace: metadata.namespace });
}

function refusal(session: Session, answer: Answer, deed: Deed): Error {
  if (answer.status === 404) session.discovery.forget();
  return refusalError(answer, deed);
}

function wrote(session: Session, object: KubeObject): void {
  if (object.kind === "CustomResourceDefinition") session.discovery.forget();
  session.wrote();
}

/** The API server refuses an apply that brings managedFields along. */
function withoutManagedFields(object: KubeObject): KubeObject {
  const metadata = { ...object.metadata };
  delete metadata.managedFields;
  return { ...object, metadata };
}

function nameOfObject({ apiVersion, kind, metadata }: KubeObject): string {
  const { name, namespace } = metadata;
  return nameOf({ apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) });
}
