import { Agent, request } from "node:https";

/** Asks the API server as admin. Throws on a status of 400 or more, with the server's own message. */
export type Api = <T = unknown>(method: string, path: string, body?: object) => Promise<T>;

/** An answer of 400 or more. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What identifies the caller and the server. */
export interface ApiAccess {
  apiServer: string;
  caPem: string;
  certPem?: string;
  keyPem?: string;
  token?: string;
}

/** A client and the way to close its connections. */
export interface ApiClient {
  readonly api: Api;
  readonly close: () => void;
}

/** A few lines of JSON over TLS, because starting kubectl for every poll costs more than the answer. */
export function createApi({ apiServer, caPem, certPem, keyPem, token }: ApiAccess): ApiClient {
  const agent = new Agent({ ca: caPem, cert: certPem, key: keyPem, keepAlive: true });
  const headers = {
    accept: "application/json",
    "content-type": "application/json",
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const api: Api = (method, path, body) =>
    new Promise((resolve, reject) => {
      const asked = request(`${apiServer}${path}`, { method, agent, headers, timeout: 10_000 }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const status = answer.statusCode ?? 0;
          if (status >= 400)
            return reject(new ApiError(status, `${method} ${path}: ${status} ${messageOf(text)}`));
          resolve(parsed(text) as never);
        });
      });
      asked.on("error", (error: NodeJS.ErrnoException) => {
        // The server closed a kept connection while we wrote to it: the request was not heard, and Node leaves the second try to us.
        if (asked.reusedSocket && error.code === "ECONNRESET")
          api(method, path, body).then(resolve as never, reject);
        else reject(error);
      });
      asked.on("timeout", () => asked.destroy(new Error(`${method} ${path}: no answer in 10 s`)));
      asked.end(body ? JSON.stringify(body) : undefined);
    });
  return { api, close: () => agent.destroy() };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function messageOf(text: string): string {
  const body = parsed(text) as { message?: string } | string;
  return typeof body === "string" ? body : (body.message ?? text);
}
