import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { parse } from "yaml";
import { jsonOf } from "../../src/data.ts";

/** An answer of an API server; `body` is text where it is no JSON. */
export interface RawAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly warnings: string | undefined;
}

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly "certificate-authority-data": string };
  }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string | undefined>> }[];
}

/** One request to an API server as the first user of a kubeconfig (its text), or of one that makes kubeconfigs. */
export function request(
  target: string | { kubeconfig(): string },
  method: string,
  path: string,
  body?: unknown,
  contentType = "application/json",
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  const config = parse(typeof target === "string" ? target : target.kubeconfig()) as Kubeconfig;
  const cluster = config.clusters[0]?.cluster;
  const user = config.users[0]?.user ?? {};
  const decode = (value: string | undefined) =>
    value === undefined ? undefined : Buffer.from(value, "base64").toString();
  const sent = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const options = {
    method,
    agent: false as const,
    ca: decode(cluster?.["certificate-authority-data"]),
    cert: decode(user["client-certificate-data"]),
    key: decode(user["client-key-data"]),
    headers: {
      accept: "application/json",
      ...(sent !== undefined && {
        "content-type": contentType,
        "content-length": String(Buffer.byteLength(sent)),
      }),
      ...(user["token"] !== undefined && { authorization: `Bearer ${user["token"]}` }),
      ...headers,
    },
  };
  return new Promise((resolve, reject) => {
    const call = httpsRequest(`${cluster?.server}${path}`, options, (response) => {
      text(response).then((whole) => {
        const { warning } = response.headers;
        resolve({ status: response.statusCode ?? 0, body: jsonOf(whole) ?? whole, warnings: warning });
      }, reject);
    });
    call.on("error", reject);
    call.end(sent);
  });
}
