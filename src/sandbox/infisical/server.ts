/** The network side: an HTTP or HTTPS server on loopback, with its log and its faults. */

import { createHash } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { DroppedConnection } from "./errors.ts";
import type { Fault, Faults } from "./faults.ts";
import { clientIpOf } from "./ip.ts";
import {
  answerCall,
  htmlAnswer,
  jsonAnswer,
  routeNotFound,
  type Answer,
  type IncomingCall,
  type Outcome,
} from "./pipeline.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { RequestLog } from "./request-log.ts";
import type { RouteMatch } from "./router.ts";
import type { World } from "./world.ts";

/** What the network side is made of. */
export interface ServerParts {
  readonly world: World;
  readonly limiter: RateLimiter;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly route: (method: string, path: string) => RouteMatch | undefined;
  /** Unknown `/api` routes: Fastify's JSON, or the web UI of a standalone image. */
  readonly unknownApiRoutes: "json" | "html";
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
}

/** A listening server. */
export interface Listening {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString("utf8");
}

/** Fastify's words for a body that is no JSON. */
const badJson = jsonAnswer(400, {
  statusCode: 400,
  code: "FST_ERR_CTP_INVALID_JSON_BODY",
  error: "Bad Request",
  message: "Body is not valid JSON but content-type is set to 'application/json'",
});

function parseBody(text: string): { readonly ok: boolean; readonly value: unknown } {
  if (text === "") return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false, value: undefined };
  }
}

function withEtag(answer: Answer, method: string, ifNoneMatch: string | undefined): Answer {
  if (method !== "GET" || answer.status !== 200) return answer;
  const etag = `"${createHash("sha1").update(answer.text).digest("base64url")}"`;
  const headers = { ...answer.headers, etag };
  return ifNoneMatch === etag ? { ...answer, status: 304, headers, text: "" } : { ...answer, headers };
}

function send(response: ServerResponse, answer: Answer): void {
  const hasBody = answer.status !== 304;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(hasBody
      ? { "content-type": answer.contentType, "content-length": Buffer.byteLength(answer.text) }
      : {}),
  });
  response.end(hasBody ? answer.text : undefined);
}

/** Announces the whole body, sends half of it and hangs up. */
function sendTruncated(response: ServerResponse, answer: Answer): void {
  const half = answer.text.slice(0, Math.floor(answer.text.length / 2));
  response.writeHead(answer.status, {
    ...answer.headers,
    "content-type": answer.contentType,
    "content-length": Buffer.byteLength(answer.text),
  });
  response.write(half, () => response.socket?.destroy());
}

function rateLimitAnswer(seconds: number): Answer {
  const message = `Rate limit exceeded. Please try again in ${seconds} seconds`;
  return jsonAnswer(
    429,
    { statusCode: 429, message, error: "RateLimitExceeded" },
    { "retry-after": String(seconds) },
  );
}

const somethingWentWrong = jsonAnswer(500, {
  statusCode: 500,
  message: "Something went wrong",
  error: "InternalServerError",
});

/** Does what the fault says; returns the status that went out, 0 for none. */
async function applyFault(
  response: ServerResponse,
  fault: Fault,
  answer: () => Promise<Answer>,
): Promise<number> {
  const substitute = (sent: Answer) => {
    send(response, sent);
    return sent.status;
  };
  if (fault.phase === "after" && fault.kind !== "truncated" && fault.kind !== "slow") await answer();
  switch (fault.kind) {
    case "500":
      return substitute(somethingWentWrong);
    case "429":
      return substitute(rateLimitAnswer(fault.retryAfter ?? 1));
    case "html":
      return substitute(htmlAnswer(fault.status ?? 502));
    case "json":
      return substitute(jsonAnswer(fault.status, fault.body));
    case "reset":
      response.socket?.destroy();
      return 0;
    case "silence":
      return 0;
    case "slow":
      await delay(fault.delayMs);
      return substitute(await answer());
    case "truncated": {
      const whole = await answer();
      sendTruncated(response, whole);
      return whole.status;
    }
  }
}

async function handle(parts: ServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { world, log, faults } = parts;
  const [path = "/", query = ""] = (request.url ?? "/").split("?");
  const method = request.method ?? "GET";
  const bodyText = await readText(request);
  const parsed = parseBody(bodyText);
  const match = parts.route(method, path);
  let actor: Outcome["actor"];

  const compute = async (): Promise<Answer> => {
    if (match === undefined) {
      const isApi = path.startsWith("/api/") && parts.unknownApiRoutes === "json";
      return isApi ? routeNotFound(method, request.url ?? path) : htmlAnswer(200);
    }
    if (!parsed.ok) return badJson;
    const call: IncomingCall = {
      method,
      path,
      query,
      authorization: request.headers.authorization,
      clientIp: clientIpOf(request.headers, request.socket.remoteAddress ?? ""),
      body: parsed.value,
    };
    const outcome = await answerCall(world, parts.limiter, call, match);
    actor = outcome.actor;
    return withEtag(outcome.answer, method, request.headers["if-none-match"]);
  };

  let status = 0;
  try {
    const fault = faults.take({ method, path, query });
    if (fault === undefined) {
      const answer = await compute();
      status = answer.status;
      send(response, answer);
    } else status = await applyFault(response, fault, compute);
  } catch (error) {
    if (!(error instanceof DroppedConnection)) {
      status = 500;
      send(response, somethingWentWrong);
    } else response.socket?.destroy();
  } finally {
    log.add(
      { method, path: request.url ?? path, headers: request.headers, bodyText, body: parsed.value },
      {
        status,
        identityId: actor?.identity.id,
        isWrite: method !== "GET" && match !== undefined && match.route.isRead !== true,
      },
    );
  }
}

/** Starts listening on a free port of 127.0.0.1. */
export async function listen(parts: ServerParts): Promise<Listening> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    handle(parts, request, response).catch(() => response.socket?.destroy());
  };
  const server =
    parts.tls === undefined ? createHttpServer(onRequest) : createHttpsServer(parts.tls, onRequest);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${parts.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
