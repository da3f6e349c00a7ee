/** The API server of a cluster as Kubernetes Auth sees it: `/version` and TokenReviews over HTTPS, with a test CA. */

import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { makeCertificate, makeLoopbackChain } from "./sandbox-infisical-certificates.ts";

/** A request the API server saw. */
interface ClusterCall {
  readonly method: string;
  readonly path: string;
  readonly bearer: string;
  readonly body: unknown;
}

type Respond = (response: ServerResponse) => void;

/** A running fake API server. */
export interface FakeCluster {
  readonly url: string;
  readonly port: number;
  readonly caCert: string;
  readonly calls: readonly ClusterCall[];
  /** Answers every request this way from now on; undefined: normally again. */
  answerWith(respond: Respond | undefined): void;
  stop(): Promise<void>;
}

/** The audience of tokens that ask for none. */
export const apiAudience = "https://kubernetes.default.svc.cluster.local";

const reviewPath = "/apis/authentication.k8s.io/v1/tokenreviews";

export function json(status: number, body: unknown): Respond {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
}

export function plain(status: number, body: string): Respond {
  return (response) => {
    response.writeHead(status, { "content-type": "text/plain" });
    response.end(body);
  };
}

const failure = (code: number, message: string) =>
  json(code, { kind: "Status", apiVersion: "v1", status: "Failure", message, code });

/** `sa:<namespace>:<name>[:<audience>]` is a good token of a service account. */
function statusOf(token: string, audiences: readonly string[]): object {
  const [kind, namespace, name, audience = apiAudience] = token.split(/:(?!\/\/)/u);
  if (token === "expired") return { error: "[invalid bearer token, service account token has expired]" };
  if (token === "user") {
    return { authenticated: true, user: { username: "jane@example.com" }, audiences };
  }
  if (kind !== "sa") return { error: "invalid bearer token" };
  if (!audiences.includes(audience)) {
    const target = JSON.stringify(audiences);
    return {
      error: `[invalid bearer token, token audiences ["${audience}"] is invalid for the target audiences ${target}]`,
    };
  }
  const username = `system:serviceaccount:${namespace}:${name}`;
  return { authenticated: true, user: { username }, audiences: [audience] };
}

interface Review {
  readonly spec: { readonly token: string; readonly audiences?: readonly string[] };
}

/** `reviewer` may review; `unbound` may not; a service account named `bound` reviews itself; nobody else. */
function review(bearer: string, body: unknown): Respond {
  if (bearer === "unbound") {
    return failure(
      403,
      'tokenreviews.authentication.k8s.io is forbidden: User "system:serviceaccount:infisical:auth" cannot create resource "tokenreviews" in API group "authentication.k8s.io" at the cluster scope',
    );
  }
  if (bearer !== "reviewer" && !/^sa:[^:]+:bound/u.test(bearer)) return failure(401, "Unauthorized");
  const { spec } = body as Review;
  if (spec.token === "") return failure(400, "token is required for TokenReview in authentication");
  const status = statusOf(spec.token, spec.audiences ?? [apiAudience]);
  return json(201, { kind: "TokenReview", apiVersion: "authentication.k8s.io/v1", status });
}

function bodyOf(raw: string): unknown {
  return raw === "" ? undefined : (JSON.parse(raw) as unknown);
}

/** Starts it on a free port with a certificate for these hosts; a self-signed one has no CA. */
export async function startFakeCluster(
  options: {
    readonly hosts?: readonly string[];
    readonly selfSigned?: boolean;
    readonly expired?: boolean;
  } = {},
): Promise<FakeCluster> {
  const hosts = options.hosts ?? ["127.0.0.1"];
  const own = makeCertificate({ name: "self-signed", hosts });
  const chain =
    options.selfSigned === true ? { ca: own, server: own } : makeLoopbackChain(hosts, options.expired);
  const calls: ClusterCall[] = [];
  let special: Respond | undefined;

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = bodyOf(await text(request));
    const bearer = (request.headers.authorization ?? "").replace(/^Bearer /u, "");
    const path = request.url ?? "";
    calls.push({ method: request.method ?? "", path, bearer, body });
    if (special !== undefined) special(response);
    else if (path === "/version") json(200, { major: "1", minor: "36" })(response);
    else if (path === reviewPath) review(bearer, body)(response);
    else plain(404, "404 page not found")(response);
  };

  const server: Server = createServer(
    { key: chain.server.key, cert: chain.server.cert },
    (request, response) => {
      handle(request, response).catch(() => response.destroy());
    },
  );
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    caCert: chain.ca.cert,
    calls,
    answerWith: (respond) => {
      special = respond;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
