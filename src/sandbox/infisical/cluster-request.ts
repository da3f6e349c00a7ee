/** The one way the server talks to a cluster: a plain HTTPS request with the stored CA (infisical-api.md 4.2). */

import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/** A request to the API server of a cluster. */
export interface ClusterRequest {
  readonly method: "GET" | "POST";
  /** Host and path put together verbatim, as the server does. */
  readonly url: string;
  readonly bearer?: string;
  readonly body?: unknown;
  readonly caCert: string;
  readonly verifyTls: boolean;
  readonly timeoutMs: number;
}

/** Any answer, whatever its status. */
export interface ClusterResponse {
  readonly status: number;
  readonly statusText: string;
  /** The JSON object of the body, if it is one. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** The answer did not come in time. */
export class ClusterTimeout extends Error {
  override readonly name = "ClusterTimeout";
}

const maxBytes = 65_536;

function asRecord(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Sends it; network, TLS and DNS failures reject with Node's own error. Redirects are not followed. */
export function sendToCluster(wanted: ClusterRequest): Promise<ClusterResponse> {
  return new Promise((resolve, reject) => {
    const url = new URL(wanted.url);
    const isTls = url.protocol === "https:";
    if (!isTls && url.protocol !== "http:") throw new Error(`Unsupported protocol ${url.protocol}`);
    const text = wanted.body === undefined ? undefined : JSON.stringify(wanted.body);
    const request = (isTls ? httpsRequest : httpRequest)(
      url,
      {
        method: wanted.method,
        agent: false,
        headers: {
          accept: "application/json",
          ...(text === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
          ...(wanted.bearer === undefined ? {} : { authorization: `Bearer ${wanted.bearer}` }),
        },
        ...(isTls ? { rejectUnauthorized: wanted.verifyTls } : {}),
        ...(isTls && wanted.caCert !== "" ? { ca: wanted.caCert } : {}),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > maxBytes) request.destroy(new Error(`maxContentLength size of ${maxBytes} exceeded`));
        });
        response.on("error", reject);
        response.on("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            statusText: response.statusMessage ?? "",
            json: asRecord(Buffer.concat(chunks).toString("utf8")),
          });
        });
      },
    );
    const timer = setTimeout(() => request.destroy(new ClusterTimeout("canceled")), wanted.timeoutMs);
    request.on("close", () => clearTimeout(timer));
    request.on("error", reject);
    request.end(text);
  });
}
