import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import {
  startInfisical,
  type InfisicalOptions,
  type InfisicalServer,
} from "../../src/sandbox/infisical/index.ts";
import { runCli, type CliResult } from "../helpers/run-cli.ts";
import { startProxy, type Proxy } from "../helpers/proxy.ts";
import { autoEso, type AutoEso } from "./stack/auto-eso.ts";
import { esoHelmValues } from "./stack/eso.ts";
import { writeKubeconfig } from "./stack/kubeconfig.ts";
import { createAuthority } from "../../src/sandbox/kubernetes/certificates.ts";
import { sandboxEso } from "./stack/sandbox.ts";
import { startStack, type Stack } from "./stack/stack.ts";

/** A person's machine, a real cluster with a real ESO, and a simulated Infisical, all on loopback. */
export interface World {
  readonly stack: Stack;
  readonly infisical: InfisicalServer;
  readonly eso: AutoEso;
  /** The person's folder. */
  readonly dir: string;
  /** The environment that the tool is run in. */
  readonly env: Record<string, string>;
  /** Proxies between the tool and the two systems; ESO and Infisical themselves do not go through them. */
  readonly proxies: { readonly kubernetes: Proxy; readonly infisical: Proxy };
  cli(
    args: readonly string[],
    options?: {
      env?: Record<string, string>;
      /** Default: the person's folder. */
      cwd?: string;
      input?: string;
      onStart?: Parameters<typeof runCli>[0]["onStart"];
      onStderr?: (text: string) => void;
      group?: boolean;
    },
  ): Promise<CliResult>;
  /** Writes eso-bootstrap.yaml. */
  config(settings: object): Promise<void>;
  file(name: string): Promise<string>;
  /** The decoded data of a Secret. */
  secret(namespace: string, name: string): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly generation?: "2024-10" | "2026";
  readonly infisical?: Partial<InfisicalOptions>;
  /** PEM of a CA that the person's machine and ESO's pods trust, as they trust the public ones. */
  readonly knownCa?: string;
}

/** Starts a clean world: nothing in the cluster, a project `shop` with four secrets in dev and prod at /shop. */
export async function startWorld({
  generation = "2026",
  infisical: options = {},
  knownCa = "",
}: WorldOptions = {}): Promise<World> {
  const [stack, infisical] = await Promise.all([startStack(), startInfisical({ generation, ...options })]);
  seedShop(infisical);
  const dir = await mkdtemp(join(tmpdir(), "eso-bootstrap-e2e-"));
  const roots = join(dir, "known-ca.crt");
  if (knownCa) await writeFile(roots, knownCa);
  const eso = sandboxEso(stack) ?? autoEso(stack, knownCa ? { env: { SSL_CERT_FILE: roots } } : {});
  // helm and kubectl send no token over plain HTTP.
  const authority = createAuthority("e2e proxy");
  const certificate = authority.issue({ commonName: "proxy", hosts: ["127.0.0.1"] });
  const tls = { key: certificate.keyPem, cert: certificate.certPem };
  const kubernetes = await startProxy({ url: stack.apiServer, ca: stack.caPem, tls });
  const towards = await startProxy({ url: infisical.url });
  const env = {
    ...stack.env,
    PATH: stack.env["PATH"] ?? "",
    HOME: dir,
    XDG_STATE_HOME: join(dir, ".state"),
    ...(knownCa && { NODE_EXTRA_CA_CERTS: roots }),
    KUBECONFIG: await proxiedKubeconfig(stack, kubernetes, authority.caPem),
    INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: infisical.operator.clientId,
    INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: infisical.operator.clientSecret,
  };
  return {
    stack,
    infisical,
    eso,
    dir,
    env,
    proxies: { kubernetes, infisical: towards },
    cli: (args, more = {}) =>
      runCli({
        args,
        cwd: more.cwd ?? dir,
        env: { ...env, ...more.env },
        ...(more.input !== undefined && { input: more.input }),
        ...(more.onStart && { onStart: more.onStart }),
        ...(more.onStderr && { onStderr: more.onStderr }),
        ...(more.group && { group: true }),
      }),
    config: (settings) => writeFile(join(dir, "eso-bootstrap.yaml"), stringify(settings)),
    file: (name) => readFile(join(dir, name), "utf8"),
    secret: async (namespace, name) => {
      const { data = {} } = await stack.api<{ data?: Record<string, string> }>(
        "GET",
        `/api/v1/namespaces/${namespace}/secrets/${name}`,
      );
      return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
      );
    },
    stop: async () => {
      await Promise.all([kubernetes.stop(), towards.stop()]);
      await stack.stop();
      await infisical.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export const SHOP_VALUES = {
  DB_HOST: "db.internal",
  DB_PASSWORD: "canary-value-7f31",
  DB_USER: "shop",
  DB_PORT: "5432",
};

/** A project `shop` with secrets in dev and prod. */
export function seedShop(infisical: InfisicalServer): void {
  infisical.createProject("shop", "shop");
  infisical.addMember("shop", infisical.operator.identityId, "admin");
  for (const environment of ["dev", "prod"])
    for (const path of ["/shop", "/cart"])
      for (const [name, value] of Object.entries(SHOP_VALUES))
        infisical.setSecret("shop", environment, path, name, value);
}

/** An administrator with a bearer token, through the proxy: a client certificate would not pass it. */
async function proxiedKubeconfig(stack: Stack, proxy: Proxy, caPem: string): Promise<string> {
  await stack.kubectl(["create", "serviceaccount", "admin", "-n", "kube-system"]);
  await stack.kubectl([
    "create",
    "clusterrolebinding",
    "e2e-admin",
    "--clusterrole=cluster-admin",
    "--serviceaccount=kube-system:admin",
  ]);
  const token = (
    await stack.kubectl(["create", "token", "admin", "-n", "kube-system", "--duration=8h"])
  ).trim();
  return writeKubeconfig(join(stack.dir, "proxied.kubeconfig"), {
    context: "e2e",
    user: "admin",
    apiServer: proxy.url,
    caPem,
    token,
  });
}

/** The settings of most tests: the stack's own chart, addresses of loopback, one store and one secret. */
export function settings(
  world: Pick<World, "stack" | "proxies" | "infisical">,
  changes: { [part: string]: object } = {},
): Record<string, unknown> {
  const { stack, proxies, infisical } = world;
  const part = (name: string, base: object) => ({ [name]: { ...base, ...changes[name] } });
  return {
    apiVersion: "eso-bootstrap/v1",
    ...part("cluster", { name: "e2e", apiServer: stack.apiServer }),
    ...part("infisical", {
      host: proxies.infisical.url,
      hostFromCluster: infisical.url,
      organization: infisical.organization.id,
      project: "shop",
    }),
    ...part("eso", { chart: stack.chart.tgz, values: esoHelmValues }),
    ...part("reviewer", {}),
    stores: changes["stores"] ?? [
      { name: "infisical", namespace: "shop", environment: "prod", path: "/shop" },
    ],
    secrets: changes["secrets"] ?? [
      {
        name: "shop-db",
        namespace: "shop",
        store: "infisical",
        refreshInterval: "5s",
        keys: ["DB_HOST", "DB_PASSWORD", "DB_USER"],
      },
    ],
  };
}
