import { createServer } from "node:https";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import type { Api } from "./api.ts";
import { userOf } from "./authentication.ts";
import { badRequest, StatusError } from "./errors.ts";
import { handle } from "./handle.ts";
import { fromProtobuf, PROTOBUF } from "./protobuf.ts";
import type { Answer } from "./request.ts";

/** So long an API server keeps an idle connection (its `IdleTimeout`): Node's 5 s close it just as a client that polls writes to it. */
const IDLE_MS = 90_000;

interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** HTTPS on a free port of loopback, with client certificates where a client has one. */
export async function listen(
  api: Api,
  tls: { readonly key: string; readonly cert: string; readonly ca: string },
  port = 0,
): Promise<Listening> {
  const server = createServer(
    { ...tls, requestCert: true, rejectUnauthorized: false, keepAliveTimeout: IDLE_MS },
    (request, response) => {
      respond(api, request, response).catch(() => response.destroy());
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(api: Api, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = "/", query = ""] = (message.url ?? "/").split("?");
  const sent = await buffer(message);
  const answer = answered(() => {
    const user = userOf(api, message);
    const { method = "GET" } = message;
    const isProtobuf = message.headers["content-type"] === PROTOBUF;
    const body = isProtobuf && sent.length > 0 ? JSON.stringify(fromProtobuf(sent)) : sent.toString("utf8");
    const headers = isProtobuf ? { ...message.headers, "content-type": "application/json" } : message.headers;
    return handle(api, { method, path, query: new URLSearchParams(query), headers, body, user }, response);
  });
  if (answer) send(message, response, answer);
}

function answered(work: () => Answer | undefined): Answer | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof URIError) return { status: 400, body: badRequest(error.message).body };
    if (error instanceof StatusError) return { status: error.code, body: error.body };
    const message = error instanceof Error ? error.message : String(error);
    const internal = new StatusError(500, "InternalError", `Internal error occurred: ${message}`, {
      causes: [{ message }],
    });
    return { status: 500, body: internal.body };
  }
}

function send(
  message: IncomingMessage,
  response: ServerResponse,
  { status, body, warnings = [], contentType = "application/json" }: Answer,
): void {
  const whole = Buffer.from(typeof body === "string" ? body : `${JSON.stringify(body)}\n`);
  const packed = whole.length > 131_072 && /gzip/.test(String(message.headers["accept-encoding"] ?? ""));
  const bytes = packed ? gzipSync(whole, { level: 1 }) : whole;
  const told = warnings.map((warning) => `299 - ${JSON.stringify(warning)}`);
  const headers: OutgoingHttpHeaders = {
    "content-type": contentType,
    "content-length": bytes.length,
    "cache-control": "no-cache, private",
    ...(packed && { "content-encoding": "gzip" }),
    ...(told.length > 0 && { Warning: told }),
  };
  response.writeHead(status, headers);
  response.end(bytes);
}
