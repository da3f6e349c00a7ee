import { at, listOf, recordOf, textOf, textsOf } from "../../data.ts";
import type { Api } from "./api.ts";
import { badRequest, cause, invalid, notFound } from "./errors.ts";
import type { Json } from "./json.ts";
import { type Attributes, authorize, rulesOf } from "./rbac.ts";
import { type Binding, ISSUER, type User } from "./tokens.ts";

type Review = (api: Api, body: Json, user: User, namespace: string | undefined) => Json;

/** Kinds that are asked and not kept: the status that each answers with. */
export const REVIEWS: Readonly<Record<string, Review>> = {
  TokenReview: (api, { spec }) => {
    const token = textOf(at(spec, "token"));
    if (token === undefined) throw badRequest("token is required for TokenReview in authentication");
    const audiences = textsOf(at(spec, "audiences"));
    const verdict = api.tokens.check(token, audiences.length > 0 ? audiences : undefined);
    if ("error" in verdict) return { user: {}, error: verdict.error };
    const { username, uid, groups, extra } = verdict.user;
    const user = { username, ...(uid && { uid }), groups, ...(extra && { extra }) };
    return { authenticated: true, user, audiences: verdict.audiences };
  },
  SelfSubjectReview: (_api, _body, user) => ({ userInfo: userInfo(user) }),
  SelfSubjectAccessReview: (api, { spec }, user) => verdictOf(api, user, spec),
  SubjectAccessReview: (api, { spec }) => verdictOf(api, subjectOf(spec), spec),
  LocalSubjectAccessReview: (api, { spec }, _user, namespace) => {
    if (at(spec, "resourceAttributes", "namespace") !== namespace)
      throw invalid("LocalSubjectAccessReview", "authorization.k8s.io", "", [
        cause.invalid(
          "spec.resourceAttributes.namespace",
          at(spec, "resourceAttributes", "namespace") ?? "",
          `must match metadata.namespace`,
        ),
      ]);
    return verdictOf(api, subjectOf(spec), spec);
  },
  SelfSubjectRulesReview: (api, { spec }, user) => {
    const namespace = textOf(at(spec, "namespace"));
    if (namespace === undefined) throw badRequest("no namespace on request");
    const rules = rulesOf(api.store, user, namespace);
    const resourceRules = rules
      .filter((rule) => listOf(rule["resources"]).length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(listOf(resourceNames).length > 0 && { resourceNames }),
      }));
    const nonResourceRules = rules
      .filter((rule) => listOf(rule["nonResourceURLs"]).length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }));
    return { resourceRules, nonResourceRules, incomplete: false };
  },
};

const userInfo = ({ username, uid, groups, extra }: User) => ({
  username,
  ...(uid && { uid }),
  groups,
  ...(extra && { extra }),
});

function subjectOf(spec: unknown): User {
  const username = textOf(at(spec, "user")) ?? "";
  const groups = textsOf(at(spec, "groups"));
  if (username === "" && groups.length === 0)
    throw invalid("SubjectAccessReview", "authorization.k8s.io", "", [
      cause.invalid("spec.user", "", "at least one of user or group must be specified"),
    ]);
  return { username, groups };
}

function verdictOf(api: Api, user: User, spec: unknown): Json {
  const resource = at(spec, "resourceAttributes");
  const path = at(spec, "nonResourceAttributes");
  if (resource === undefined && path === undefined)
    throw invalid("SelfSubjectAccessReview", "authorization.k8s.io", "", [
      cause.invalid(
        "spec.resourceAttributes",
        null,
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
      ),
    ]);
  const wanted: Attributes =
    path === undefined
      ? (recordOf(resource) as unknown as Attributes)
      : { verb: textOf(at(path, "verb")) ?? "", path: textOf(at(path, "path")) ?? "" };
  const why = authorize(api.store, user, clean(wanted));
  return why === undefined ? { allowed: false } : { allowed: true, ...(why && { reason: why }) };
}

/** Empty texts mean "not said". */
function clean(wanted: Attributes): Attributes {
  return {
    ...wanted,
    namespace: wanted.namespace || undefined,
    subresource: wanted.subresource || undefined,
    name: wanted.name || undefined,
  };
}

const LEAST_SECONDS = 600;

/** POST …/serviceaccounts/NAME/token. */
export function requestToken(api: Api, namespace: string, name: string, body: Json): Json {
  const account = api.get("serviceaccounts", namespace, name);
  if (!account) throw notFound({ plural: "serviceaccounts", name });
  const { spec } = body;
  const given = textsOf(at(spec, "audiences"));
  const audiences = given.length > 0 ? given : [ISSUER];
  const expirationSeconds = Number(at(spec, "expirationSeconds") ?? 3600);
  const refuse = (detail: string) =>
    invalid("TokenRequest", "authentication.k8s.io", "", [
      cause.invalid("spec.expirationSeconds", expirationSeconds, detail),
    ]);
  if (expirationSeconds < LEAST_SECONDS) throw refuse("may not specify a duration less than 10 minutes");
  if (expirationSeconds > 2 ** 32) throw refuse("may not specify a duration larger than 2^32 seconds");
  const bound = bindingOf(api, namespace, at(spec, "boundObjectRef"));
  const token = api.tokens.issue({
    namespace,
    name,
    uid: account.metadata.uid ?? "",
    audiences,
    lifetime: expirationSeconds,
    bound,
    id: api.newId(),
  });
  const expirationTimestamp = `${new Date((Math.floor(api.now() / 1000) + expirationSeconds) * 1000).toISOString().slice(0, 19)}Z`;
  const boundObjectRef = recordOf(at(spec, "boundObjectRef"));
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, creationTimestamp: api.timestamp() },
    spec: { audiences, expirationSeconds, boundObjectRef: bound ? boundObjectRef : null },
    status: { token, expirationTimestamp },
  };
}

function bindingOf(api: Api, namespace: string, ref: unknown): Binding | undefined {
  const [kind, name] = [textOf(at(ref, "kind")), textOf(at(ref, "name"))];
  if (kind === undefined || name === undefined) return undefined;
  if (kind !== "Secret" && kind !== "Pod" && kind !== "Node")
    throw badRequest(`cannot bind token for serviceaccount "${namespace}" to object ${kind}`);
  const plural = `${kind.toLowerCase()}s`;
  const found = api.get(plural, kind === "Node" ? undefined : namespace, name);
  if (!found) throw notFound({ plural, name });
  const wanted = textOf(at(ref, "uid"));
  if (wanted !== undefined && wanted !== found.metadata.uid)
    throw new Error(
      `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  return { kind, name, uid: found.metadata.uid ?? "" };
}
