import http, { type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import https from "node:https";
import { StringDecoder } from "node:string_decoder";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import { jsonOf } from "../data.ts";

/** Who we are on the wire: the agent holds TLS and proxy, the headers hold bearer and impersonation. */
export interface Access {
  readonly agent: http.Agent;
  readonly headers: OutgoingHttpHeaders;
}

const inflate = promisify(gunzip);

/** One request; resolves when the head of the answer is here. */
export function exchange(
  url: string,
  request: {
    method: string;
    headers: OutgoingHttpHeaders;
    body?: string;
    access: Access;
    signal: AbortSignal;
  },
): Promise<IncomingMessage> {
  const { method, body, access, signal } = request;
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const headers = { ...request.headers, ...length, ...access.headers };
  const send = url.startsWith("https:") ? https.request : http.request;
  return new Promise((resolve, reject) => {
    const sent = send(url, { method, headers, agent: access.agent, signal }, resolve);
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The whole body. Throws when the connection is cut in the middle. */
export async function textOfMessage(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (message.headers["content-encoding"] !== "gzip") return bytes.toString("utf8");
  return (await inflate(bytes)).toString("utf8");
}

/** JSON documents, one a line, as a watch sends them. A line that is cut off is left out. */
export async function* linesOf(message: IncomingMessage): AsyncGenerator<unknown> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of message) {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield jsonOf(line);
  }
}
