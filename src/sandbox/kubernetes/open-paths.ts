import type { Api } from "./api.ts";
import { aggregated, allGroups, groupList, groupOf, resourceList, VERSION } from "./discovery.ts";
import { forbiddenPath, noSuchResource } from "./errors.ts";
import { apiVersionOf, type Kind } from "./kinds.ts";
import { documentFor, openApiIndex } from "./openapi.ts";
import { authorize, refusalWords } from "./rbac.ts";
import { type Answer, type ApiRequest, PAGE_NOT_FOUND, plain } from "./request.ts";

/** Paths that name no resource: discovery, version, health, OpenAPI. */
export function open(api: Api, request: ApiRequest): Answer {
  const { path, method, user } = request;
  const verb = method.toLowerCase();
  if (authorize(api.store, user, { verb, path }) === undefined)
    throw forbiddenPath(refusalWords(user, { verb, path }));
  const kinds = api.kinds.all();
  const parts = path.split("/").filter(Boolean);
  const ok = (body: unknown): Answer => ({ status: 200, body });
  if (["/healthz", "/livez", "/readyz"].includes(path)) return plain(200, "ok");
  if (parts[0] === "version") return ok(VERSION);
  if (parts[0] === "openapi") return openApi(api, parts);
  if (path === "/openid/v1/jwks")
    return ok({
      keys: [
        {
          ...api.tokens.publicKey.export({ format: "jwk" }),
          use: "sig",
          kid: api.tokens.keyId,
          alg: "RS256",
        },
      ],
    });
  const isAggregated = /as=APIGroupDiscoveryList/.test(String(request.headers["accept"] ?? ""));
  const discovery = (groups: readonly string[]): Answer => ({
    status: 200,
    body: aggregated(kinds, groups),
    contentType: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  });
  if (parts[0] === "api" && parts.length === 1)
    return isAggregated
      ? discovery([""])
      : ok({
          kind: "APIVersions",
          versions: ["v1"],
          serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1" }],
        });
  if (parts[0] === "apis" && parts.length === 1)
    return isAggregated ? discovery(allGroups(kinds)) : ok(groupList(kinds));
  if (parts[0] === "apis" && parts.length === 2) {
    const group = groupOf(kinds, parts[1] ?? "");
    return group ? ok(group) : PAGE_NOT_FOUND;
  }
  if (parts[0] === "api" || parts[0] === "apis") return versionList(kinds, parts);
  return path === "/"
    ? ok({ paths: ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"] })
    : PAGE_NOT_FOUND;
}

function versionList(kinds: readonly Kind[], parts: readonly string[]): Answer {
  const groupVersion = parts.slice(1).join("/");
  const found = kinds.filter((kind) => apiVersionOf(kind) === groupVersion);
  if (found.length > 0) return { status: 200, body: resourceList(found, groupVersion) };
  if (parts[0] === "apis" && kinds.some((kind) => kind.group === parts[1] && !kind.crd))
    throw noSuchResource();
  return PAGE_NOT_FOUND;
}

function openApi(api: Api, parts: readonly string[]): Answer {
  const kinds = api.kinds.all();
  if (parts[1] !== "v3") return PAGE_NOT_FOUND;
  const document = parts.length === 2 ? openApiIndex(kinds) : documentFor(kinds, parts.slice(2).join("/"));
  return document ? { status: 200, body: document } : PAGE_NOT_FOUND;
}
