/** The table of routes and how a request finds its row. */

import type { Generation } from "./generations.ts";
import type { Bucket } from "./rate-limit.ts";
import type { Actor } from "./tokens.ts";
import type { Schema } from "./validation.ts";
import type { World } from "./world.ts";

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

/** What a handler gets. */
export interface Context {
  readonly world: World;
  readonly params: Readonly<Record<string, string>>;
  /** The caller; a route without auth has none and must not ask. */
  readonly actor: Actor;
  readonly clientIp: string;
  /** Reads the body, or answers a validation failure. */
  readonly body: <T>(schema: Schema<T>) => T;
  /** Reads the query string, or answers a validation failure. */
  readonly query: <T>(schema: Schema<T>) => T;
  /** The gap between look-up and write in which a second caller fits (10.6); nothing unless a test opens it. */
  readonly raceWindow: () => Promise<void>;
}

/** Answers with a JSON body, or throws an ApiError. */
export type Handler = (context: Context) => unknown;

/** One route. */
export interface Route {
  readonly method: Method;
  /** `/api/v1/projects/:projectId`. */
  readonly path: string;
  /** Where it exists; default both. */
  readonly only?: Generation;
  /** Who may call: an identity, a user only (then an identity is refused), or anybody. */
  readonly auth: "identity" | "user" | "none";
  readonly bucket?: Bucket;
  /** Not GET and yet no change of what is kept: logins, token calls, searches. */
  readonly isRead?: boolean;
  readonly handler: Handler;
}

/** A route that fits a request. */
export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

function paramsOf(pattern: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const given = path[index] ?? "";
    if (part.startsWith(":")) {
      if (given === "") return undefined;
      params[part.slice(1)] = given;
    } else if (part !== given) return undefined;
  }
  return params;
}

const wildcards = (route: Route) => route.path.split("/").filter((part) => part.startsWith(":")).length;

function decodedParts(path: string): string[] {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    return path.split("/");
  }
}

/** Makes the look-up for one generation; of two routes that fit, the one with fewer parameters wins. */
export function createRouter(
  routes: readonly Route[],
  generation: Generation,
): (method: string, path: string) => RouteMatch | undefined {
  const present = routes
    .filter((route) => route.only === undefined || route.only === generation)
    .toSorted((a, b) => wildcards(a) - wildcards(b))
    .map((route) => ({ route, pattern: route.path.split("/") }));
  return (method, path) => {
    const parts = decodedParts(path);
    for (const { route, pattern } of present) {
      const params = route.method === method ? paramsOf(pattern, parts) : undefined;
      if (params !== undefined) return { route, params };
    }
    return undefined;
  };
}
