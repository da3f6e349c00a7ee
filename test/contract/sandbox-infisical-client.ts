/** A client for tests of the simulated Infisical: any method, any path, the answer as it came. */

import type { InfisicalServer } from "../../src/sandbox/infisical/index.ts";

/** An answer, parsed where it is JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body, loosely typed: a test looks into whatever it expects. */
  readonly body: Json;
}

/** JSON as tests walk through it. */
type Json = { readonly [key: string]: Json } & readonly Json[] & string;

/** Sends one request; `token` becomes the bearer. */
export type Send = (method: string, path: string, body?: unknown, token?: string) => Promise<Reply>;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A client of `server`, showing the operator's token unless told otherwise ("" for none). */
export function clientOf(server: InfisicalServer): Send {
  const operator = server.tokenFor(server.operator.identityId);
  return async (method, path, body, token = operator) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) as Json };
  };
}
