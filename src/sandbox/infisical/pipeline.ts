/**
 * From a request to an answer, in the order of the real server (recorded): bearer token, kind of caller, rate limit,
 * then the handler, which reads body and query itself.
 */

import { ApiError, forbidden, renderError, serverError, unauthorized } from "./errors.ts";
import type { Allowance, RateLimiter } from "./rate-limit.ts";
import type { Context, RouteMatch } from "./router.ts";
import { authenticate, type Actor } from "./tokens.ts";
import { parse, type Schema } from "./validation.ts";
import type { World } from "./world.ts";

/** A request, read to its end. */
export interface IncomingCall {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly authorization: string | undefined;
  readonly clientIp: string;
  /** Parsed JSON; undefined for an empty body. */
  readonly body: unknown;
}

/** An answer to send. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly text: string;
}

/** An answer and who was answered. */
export interface Outcome {
  readonly answer: Answer;
  readonly actor: Actor | undefined;
}

const json = "application/json; charset=utf-8";

export const jsonAnswer = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({ status, headers, contentType: json, text: JSON.stringify(body) });

/** The web UI, which standalone servers show for everything that is no API route. */
export const htmlAnswer = (status: number): Answer => ({
  status,
  headers: {},
  contentType: "text/html; charset=utf-8",
  text: '<!DOCTYPE html><html><head><title>Infisical</title></head><body><div id="root"></div></body></html>',
});

/** Fastify's own answer to an unknown route (recorded; no `reqId` in any era). */
export const routeNotFound = (method: string, path: string): Answer =>
  jsonAnswer(404, {
    message: `Route ${method}:${path} not found`,
    error: "Not Found",
    statusCode: 404,
  });

function queryRecord(query: string): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const search = new URLSearchParams(query);
  for (const key of new Set(search.keys())) {
    const all = search.getAll(key);
    values[key] = all.length === 1 ? all[0] : all;
  }
  return values;
}

function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^Bearer (.+)$/iu.exec(authorization)?.[1];
}

/** The caller of a protected route. A service token or a wrong kind of caller is a 403 that names the route. */
function actorOf(world: World, call: IncomingCall, { route }: RouteMatch): Actor | undefined {
  if (route.auth === "none") return undefined;
  const bearer = bearerOf(call.authorization);
  if (bearer === undefined) throw unauthorized("Token missing");
  const refusal = forbidden(undefined, `Forbidden access to ${call.path}`);
  if (bearer.startsWith("st.")) throw refusal;
  const actor = authenticate(world, bearer, call.clientIp);
  if (route.auth === "user") throw refusal;
  return actor;
}

/** A limited call: 429 with a text, or the 500 without one of E0 (10.5). */
function rateLimited(world: World, allowance: Allowance): ApiError {
  if (world.era.rateLimitStatus === 500) return serverError();
  const text = `Rate limit exceeded. Please try again in ${allowance.retryAfter} seconds`;
  return new ApiError(429, "RateLimitExceeded", text);
}

function contextOf(
  world: World,
  call: IncomingCall,
  { params }: RouteMatch,
  actor: Actor | undefined,
): Context {
  const read = <T>(schema: Schema<T>, value: unknown): T => {
    const result = parse(schema, value);
    if (result.ok) return result.value;
    throw new ApiError(world.era.validationStatus, "ValidationFailure", result.issues);
  };
  return {
    world,
    params,
    clientIp: call.clientIp,
    get actor(): Actor {
      if (actor === undefined) throw serverError();
      return actor;
    },
    body: (schema) => read(schema, call.body ?? {}),
    query: (schema) => read(schema, queryRecord(call.query)),
    raceWindow: world.settings.raceWindow,
  };
}

function errorAnswer(world: World, error: unknown, headers: Readonly<Record<string, string>>): Answer {
  if (!(error instanceof ApiError)) throw error;
  const body = renderError(error, world.era, `req-${world.state.random.hex(14)}`);
  return jsonAnswer(error.status, body, headers);
}

/** Runs the route. Throws only what is no answer at all (a dropped connection, a bug). */
export async function answerCall(
  world: World,
  limiter: RateLimiter,
  call: IncomingCall,
  match: RouteMatch,
): Promise<Outcome> {
  const { route } = match;
  let actor: Actor | undefined;
  let headers: Readonly<Record<string, string>> = {};
  try {
    actor = actorOf(world, call, match);
    const allowance =
      route.bucket === undefined
        ? undefined
        : limiter.count(call.clientIp, `${route.method} ${route.path}`, route.bucket);
    headers = allowance?.headers ?? {};
    if (allowance?.allowed === false) throw rateLimited(world, allowance);
    const body = await route.handler(contextOf(world, call, match, actor));
    return { answer: jsonAnswer(200, body, headers), actor };
  } catch (error) {
    return { answer: errorAnswer(world, error, headers), actor };
  }
}
