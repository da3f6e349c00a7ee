import { Secret } from "../secret.ts";
import type { AccessQuery, Account, IssuedToken, TokenRequestOptions, TokenVerdict } from "./cluster.ts";
import { refusalError, wordsOf } from "./errors.ts";
import { notKubernetes } from "./network-errors.ts";
import { at, textOf, textsOf } from "../data.ts";
import type { Session } from "./session.ts";
import type { Transport } from "./transport.ts";

const PARALLEL = 10;

/** SelfSubjectAccessReview (authorization.k8s.io/v1) for each different query; the ones that are not allowed, in order. */
export function missingRights(session: Session, queries: readonly AccessQuery[]): Promise<AccessQuery[]> {
  return unallowed(queries, (query) => isAllowed(session, "SelfSubjectAccessReview", query));
}

/** SubjectAccessReview for a ServiceAccount: the groups are those that its tokens carry. */
export function missingRightsOf(
  session: Session,
  { namespace, name }: Account,
  queries: readonly AccessQuery[],
): Promise<AccessQuery[]> {
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
  const subject = { user: `system:serviceaccount:${namespace}:${name}`, groups };
  return unallowed(queries, (query) => isAllowed(session, "SubjectAccessReview", query, subject));
}

async function unallowed(
  queries: readonly AccessQuery[],
  allowed: (query: AccessQuery) => Promise<boolean>,
): Promise<AccessQuery[]> {
  const distinct = distinctRights(queries);
  const missing = new Set<AccessQuery>();
  const open = [...distinct];
  const work = async (): Promise<void> => {
    for (let next = open.shift(); next; next = open.shift()) if (!(await allowed(next))) missing.add(next);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return distinct.filter((query) => missing.has(query));
}

/** Each right once, in order. */
export function distinctRights(queries: readonly AccessQuery[]): AccessQuery[] {
  return [...new Map(queries.map((query) => [rightKey(query), query])).values()];
}

function rightKey({ verb, group, resource, subresource, namespace, name }: AccessQuery): string {
  return JSON.stringify([verb, group, resource, subresource, namespace, name]);
}

async function isAllowed(
  session: Session,
  kind: "SelfSubjectAccessReview" | "SubjectAccessReview",
  query: AccessQuery,
  subject: { readonly user?: string; readonly groups?: readonly string[] } = {},
): Promise<boolean> {
  const answer = await session.transport.send({
    method: "POST",
    path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind,
      spec: { ...subject, resourceAttributes: query },
    },
    repeat: "always",
  });
  const allowed = at(answer.body, "status", "allowed");
  if (answer.status < 300 && typeof allowed === "boolean") return allowed;
  if (answer.status < 300)
    throw notKubernetes(session.transport.server, "it answered an access review without a verdict");
  throw refusalError(answer, { verb: "review", what: `the right to ${query.verb} ${query.resource}` });
}

/** TokenRequest (authentication.k8s.io/v1), a subresource of ServiceAccount. */
export async function requestToken(session: Session, options: TokenRequestOptions): Promise<IssuedToken> {
  const { namespace, serviceAccount, audiences, expirationSeconds, boundSecret } = options;
  const boundObjectRef = boundSecret && { apiVersion: "v1", kind: "Secret", ...boundSecret };
  const answer = await session.transport.send({
    method: "POST",
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(serviceAccount)}/token`,
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences, expirationSeconds, boundObjectRef },
    },
    repeat: "always",
  });
  const token = textOf(at(answer.body, "status", "token"));
  const expiry = Date.parse(textOf(at(answer.body, "status", "expirationTimestamp")) ?? "");
  if (token !== undefined && !Number.isNaN(expiry))
    return { token: new Secret(token), expiresAt: new Date(expiry) };
  if (answer.status < 300)
    throw notKubernetes(session.transport.server, "it answered a token request without a token");
  const what = `ServiceAccount ${namespace}/${serviceAccount}`;
  throw refusalError(answer, { verb: "create a token for", what, write: true });
}

/** TokenReview (authentication.k8s.io/v1) over a connection that knows nothing but the reviewer's bearer. */
export async function reviewToken(
  asReviewer: Transport,
  token: Secret,
  audiences: readonly string[] | undefined,
): Promise<TokenVerdict> {
  const answer = await asReviewer.send({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token: token.reveal(), ...(audiences?.length ? { audiences } : {}) },
    },
    repeat: "always",
  });
  if (answer.status === 401 || answer.status === 403)
    return { verdict: "refused", status: answer.status, error: wordsOf(answer) };
  if (answer.status >= 300) throw refusalError(answer, { verb: "review", what: "a token" });
  const status = at(answer.body, "status");
  const username = textOf(at(status, "user", "username"));
  if (at(status, "authenticated") === true && username !== undefined)
    return { verdict: "genuine", username, audiences: textsOf(at(status, "audiences")) };
  // An API server leaves `authenticated` out when it is false; without a status it is none.
  if (typeof status !== "object")
    throw notKubernetes(asReviewer.server, "it answered a token review without a verdict");
  return { verdict: "not-genuine", error: textOf(at(status, "error")) ?? "the token is not genuine" };
}
