import type { User } from "./tokens.ts";

/** A request as it came, with who sends it. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly user: User;
}

/** Where a request goes: `/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE`. */
export interface Address {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** undefined: the path names no resource (apiserver, endpoints/request/requestinfo.go). */
export function addressOf(path: string): Address | undefined {
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const isCore = parts[0] === "api";
  if (!isCore && parts[0] !== "apis") return undefined;
  const [group = "", version = ""] = isCore ? ["", parts[1]] : [parts[1], parts[2]];
  const rest = parts.slice(isCore ? 2 : 3);
  if (rest.length === 0) return undefined;
  const isInside =
    rest[0] === "namespaces" && rest.length > 2 && !["status", "finalize"].includes(rest[2] ?? "");
  const [plural = "", name, subresource] = isInside ? rest.slice(2) : rest;
  const namespace = isInside ? rest[1] : undefined;
  return { group, version, plural, namespace, name, subresource };
}

/** The verb that rights are asked for. */
export function verbOf({ method, query }: Pick<ApiRequest, "method" | "query">, { name }: Address): string {
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return name === undefined ? "deletecollection" : "delete";
    default:
      if (isTrue(query.get("watch"))) return "watch";
      return name === undefined ? "list" : "get";
  }
}

export const isTrue = (value: string | null): boolean => value !== null && !["0", "false"].includes(value);

/** An answer that is a whole; watches write for themselves. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly warnings?: readonly string[];
  readonly contentType?: string;
}

/** The manager that a write is noted under: the parameter, or the program's name (managedfields, prefixFromUserAgent). */
export function managerOf({ query, headers }: Pick<ApiRequest, "query" | "headers">): string {
  const given = query.get("fieldManager");
  const agent = headers["user-agent"];
  return given ?? (typeof agent === "string" ? agent.split("/")[0] : undefined) ?? "unknown";
}

/** Plain text, as the API server answers where no resource is meant. */
export const plain = (status: number, body: string): Answer => ({
  status,
  body,
  contentType: "text/plain; charset=utf-8",
});
export const PAGE_NOT_FOUND = plain(404, "404 page not found\n");
