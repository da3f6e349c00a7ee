import http from "node:http";
import https from "node:https";

import { KubeConfig } from "@kubernetes/client-node";

import type { Run } from "../system/system.ts";
import { createRun } from "../system/run.ts";
import { missingRights, missingRightsOf, requestToken, reviewToken } from "./access.ts";
import type { Cluster, ClusterInfo } from "./cluster.ts";
import { type ChosenContext, chooseContext } from "./contexts.ts";
import { createDiscovery } from "./discovery.ts";
import type { Access } from "./exchange.ts";
import { type KubeconfigOptions, type KubeconfigUser, loadKubeconfig, unusable } from "./kubeconfig.ts";
import { createLogin } from "./login.ts";
import { at, textOf } from "../data.ts";
import { followObjects } from "./follow.ts";
import { PlainTunnelAgent, proxyFromEnv, TunnelAgent } from "./proxy.ts";
import { getObject, listObjects, readLogs } from "./reads.ts";
import { createVersion, type Session } from "./session.ts";
import { createTransport, type Credentials, type Transport } from "./transport.ts";
import { waitUntil } from "./watch.ts";
import { createWrites } from "./writes.ts";

export { type ContextInfo, listContexts } from "./contexts.ts";

/** Which cluster, as whom, and how patiently. */
export interface CreateClusterOptions extends KubeconfigOptions {
  /** Default: the kubeconfig's current context. */
  readonly context?: string;
  /** Time limit of one request; default 30 s. */
  readonly timeoutMs?: number;
  /** Called once for each changing request that succeeded; never for dry runs, reviews and token requests. */
  readonly onWrite?: () => void;
  /** Ends everything; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** Runs credential plugins. */
  readonly run?: Run;
  /** Pause between looks where watching fails (1 s), and before the second try of a request (100 ms). */
  readonly pollMs?: number;
  readonly retryMs?: number;
}

/** The adapter of the port `Cluster`. Contacts nothing yet; throws ESOB-L101, L102, L103. */
export async function createCluster(options: CreateClusterOptions): Promise<Cluster> {
  const chosen = chooseContext(loadKubeconfig(options), options.context);
  const { signal, timeoutMs = 30_000, retryMs = 100 } = options;
  const proxy = chosen.cluster.proxyUrl ?? proxyFromEnv(chosen.cluster.server, options.env);
  const connect = (user: KubeconfigUser) => connectAs(chosen, user, proxy);
  const open = (credentials: Credentials): Transport =>
    createTransport({ server: chosen.cluster.server, credentials, timeoutMs, retryMs, signal });
  const login = createLogin(chosen, connect, options.run ?? createRun(options.env), signal);
  const transport = open(login);
  const session: Session = {
    transport,
    discovery: createDiscovery(transport),
    version: createVersion(transport),
    wrote: options.onWrite ?? (() => undefined),
    pollMs: options.pollMs ?? 1000,
  };
  return {
    info: await infoOf(chosen),
    version: session.version,
    get: (ref) => getObject(session, ref),
    list: (query) => listObjects(session, query),
    namespacedKinds: () => session.discovery.namespacedKinds(),
    serves: (apiVersion, kind) => session.discovery.serves(apiVersion, kind),
    ...createWrites(session),
    waitUntil: (ref, done, wait) => waitUntil(session, ref, done, wait),
    follow: (query, signal, hear) => followObjects(session, query, signal, hear),
    missingRights: (queries) => missingRights(session, queries),
    missingRightsOf: (account, queries) => missingRightsOf(session, account, queries),
    logs: (query) => readLogs(session, query),
    serverTime: async () =>
      (await transport.send({ method: "GET", path: "/version", repeat: "always" })).date,
    async credentialEnd() {
      await login.current();
      const end = login.end();
      return end === undefined ? undefined : new Date(end);
    },
    requestToken: (request) => requestToken(session, request),
    reviewToken: async ({ token, bearer, audiences }) => {
      // A fresh connection: an open one, or our client certificate, would speak for us instead of the reviewer.
      const access = await connect({ name: "reviewer", token: bearer.reveal() });
      try {
        return await reviewToken(open(only(access)), token, audiences);
      } finally {
        access.agent.destroy();
      }
    },
  };
}

function only(access: Access): Credentials {
  return {
    current: async () => access,
    renew: async () => false,
    hint: () => undefined,
    end: () => undefined,
  };
}

async function infoOf(chosen: ChosenContext): Promise<ClusterInfo> {
  const { context, cluster } = chosen;
  const { ca } = await optionsOf(chosen, { name: "nobody" });
  return {
    context: context.name,
    server: cluster.server,
    ca: Buffer.isBuffer(ca) ? ca.toString("utf8") : undefined,
    namespace: context.namespace ?? "default",
  };
}

/** Agent and headers of one user: connections are kept, and go through the proxy where there is one. */
async function connectAs(
  chosen: ChosenContext,
  user: KubeconfigUser,
  proxy: string | undefined,
): Promise<Access> {
  const isSocks = proxy?.startsWith("socks") === true;
  const options = await optionsOf(chosen, user, isSocks ? proxy : undefined);
  const basic = options.auth && `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const authorization = textOf(at(options.headers, "Authorization")) ?? basic;
  return {
    agent: isSocks && options.agent instanceof http.Agent ? options.agent : agentFor(chosen, options, proxy),
    headers: { ...(authorization && { authorization }), ...user.impersonate },
  };
}

/** Ours, because client-node's agents keep no connections, and dozens of reads would pay for a TLS handshake each. */
function agentFor(
  chosen: ChosenContext,
  options: https.RequestOptions,
  proxy: string | undefined,
): http.Agent {
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  const tls = Object.entries({ ca, cert, key, rejectUnauthorized, servername }).filter(
    ([, value]) => value !== undefined,
  );
  // Idle connections are closed before a NAT on the way forgets them.
  const keeping = { keepAlive: true, maxSockets: 32, timeout: 55_000 };
  if (chosen.cluster.server.startsWith("http:"))
    return proxy === undefined ? new http.Agent(keeping) : new PlainTunnelAgent(proxy, keeping);
  const secure: https.AgentOptions = { ...keeping, ...Object.fromEntries(tls) };
  return proxy === undefined ? new https.Agent(secure) : new TunnelAgent(proxy, secure);
}

/**
 * TLS files, bearer, basic auth and the old auth providers (oidc, gcp, azure) by client-node's KubeConfig. What it does not do
 * in 1.4.0 is done around it: HTTPS_PROXY, `tokenFile`, `as-groups`, merged files with the same names, http servers without
 * insecure-skip-tls-verify, and the CA of a context without a user.
 */
async function optionsOf(
  { cluster, source }: ChosenContext,
  user: KubeconfigUser,
  socks?: string,
): Promise<https.RequestOptions> {
  const { server, caData, caFile, tlsServerName } = cluster;
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [
      {
        name: "cluster",
        server,
        caData,
        caFile,
        tlsServerName,
        proxyUrl: socks,
        skipTLSVerify: cluster.skipTLSVerify || server.startsWith("http:"),
      },
    ],
    users: [{ ...user, name: "user", exec: undefined }],
    contexts: [{ name: "context", cluster: "cluster", user: "user" }],
    currentContext: "context",
  });
  const options: https.RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw unusable(source, whyNot(error), error);
  }
  return options;
}

function whyNot(error: unknown): string {
  const path = textOf(at(error, "path"));
  return path === undefined
    ? "its credential cannot be made (auth-provider)"
    : `the file ${path} that it names cannot be read`;
}
