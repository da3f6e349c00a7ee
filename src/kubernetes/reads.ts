import type { KubeObject, ListQuery, LogQuery, ObjectRef } from "./cluster.ts";
import { refusalError } from "./errors.ts";
import { notKubernetes } from "./network-errors.ts";
import { at, listOf, recordOf, textOf } from "../data.ts";
import { isKubeObject } from "./parse.ts";
import { nameOf, resourcePath } from "./resources.ts";
import { isAbsent, pathOf, type Session } from "./session.ts";
import type { Answer } from "./transport.ts";

const PAGE_SIZE = 500;
/** A list that expires on every second page would never end. */
const MOST_RESTARTS = 3;

/** GET of one object. undefined: it is not there, or its kind is not. */
export async function getObject(
  session: Session,
  ref: ObjectRef,
  signal?: AbortSignal,
): Promise<KubeObject | undefined> {
  const path = await pathOf(session, ref);
  if (path === undefined) return undefined;
  const answer = await session.transport.send({
    method: "GET",
    path,
    repeat: "always",
    ...(signal && { signal }),
  });
  if (answer.status === 200) return objectOf(session, answer);
  if (await isAbsent(session, answer)) return undefined;
  throw refusalError(answer, { verb: "get", what: nameOf(ref) });
}

/** The tail of a log; undefined where there is none: the pod is gone, never started, or its node does not answer. */
export async function readLogs(
  session: Session,
  { namespace, pod, container, previous = false, tailLines }: LogQuery,
): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
  const query = { container, previous: String(previous), tailLines: String(tailLines) };
  // A kubelet that cannot be reached is an answer of 500, and will not be there in a second.
  const answer = await session.transport.send({ method: "GET", path, query, plain: true, repeat: "unsent" });
  if (answer.status === 200) return answer.text;
  if (answer.status === 401 || answer.status === 403)
    throw refusalError(answer, { verb: "get", what: `the log of Pod ${namespace}/${pod}` });
  return undefined;
}

/** The object of a successful answer. ESOB-K109 when it is none. */
export function objectOf(session: Session, answer: Answer): KubeObject {
  if (isKubeObject(answer.body)) return answer.body;
  throw notKubernetes(session.transport.server, "it answered with something that is no Kubernetes object");
}

/**
 * Pages through a collection (API concepts, "Retrieving large results sets in chunks"); a page is let go before the next is
 * asked for. When the token has expired (410) the server offers one that goes on with what is there now; where it offers none,
 * the list is read again and what was given already is passed over, by the order of etcd. Returns the resourceVersion to watch from.
 */
export async function* listObjects(
  session: Session,
  query: ListQuery,
): AsyncGenerator<KubeObject, string | undefined> {
  const resource = await session.discovery.resource(query.apiVersion, query.kind);
  if (!resource) return undefined;
  const path = resourcePath(query.apiVersion, resource, { namespace: query.namespace });
  let token: string | undefined;
  let last = "";
  let passOver = "";
  for (let restarts = 0; ;) {
    const answer = await askPage(session, path, query, token);
    if (answer.status === 410 && token !== undefined && restarts < MOST_RESTARTS) {
      token = answer.says?.continueToken;
      if (token === undefined) [passOver, restarts] = [last, restarts + 1];
      continue;
    }
    if (await isAbsent(session, answer)) return undefined;
    if (answer.status !== 200)
      throw refusalError(answer, { verb: "list", what: collectionName(resource.plural, query) });
    for (const item of itemsOf(session, answer, query)) {
      const place = `${item.metadata.namespace ?? ""}/${item.metadata.name}`;
      if (place <= passOver) continue;
      last = place;
      yield item;
    }
    token = textOf(at(answer.body, "metadata", "continue"));
    if (token === undefined) return textOf(at(answer.body, "metadata", "resourceVersion"));
  }
}

function askPage(
  session: Session,
  path: string,
  query: ListQuery,
  token: string | undefined,
): Promise<Answer> {
  const { labelSelector, fieldSelector, pageSize = PAGE_SIZE } = query;
  return session.transport.send({
    method: "GET",
    path,
    query: { limit: String(pageSize), continue: token, labelSelector, fieldSelector },
    repeat: "always",
  });
}

/** Items of a typed list carry neither apiVersion nor kind. */
function itemsOf(session: Session, { body }: Answer, { apiVersion, kind }: ListQuery): KubeObject[] {
  if (!Array.isArray(at(body, "items")))
    throw notKubernetes(session.transport.server, "it answered a list without items");
  return listOf(at(body, "items"))
    .map((item) => ({ ...recordOf(item), apiVersion, kind }))
    .filter(isKubeObject);
}

/** `secrets in namespace shop`, `secrets in all namespaces`. */
function collectionName(plural: string, { namespace }: ListQuery): string {
  return `${plural} in ${namespace === undefined ? "the whole cluster" : `namespace ${namespace}`}`;
}
