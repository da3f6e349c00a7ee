import { readFileSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";

import { parseDocument } from "yaml";

import { BootstrapError } from "../errors.ts";
import { at, isRecord, listOf, recordOf, textOf, textsOf } from "../data.ts";

/** The shape of a kubeconfig that we use; kubernetes.io/docs/reference/config-api/kubeconfig.v1. Paths are absolute. */
export interface KubeconfigCluster {
  readonly name: string;
  readonly server: string;
  readonly caData: string | undefined;
  readonly caFile: string | undefined;
  readonly skipTLSVerify: boolean;
  readonly tlsServerName: string | undefined;
  readonly proxyUrl: string | undefined;
  /** `extensions[name=client.authentication.k8s.io/exec]`: handed to credential plugins that ask for the cluster. */
  readonly execConfig: unknown;
}

export interface KubeconfigUser {
  readonly name: string;
  readonly certData?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyData?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** `as`, `as-uid`, `as-groups`, `as-user-extra` as the headers they become. */
  readonly impersonate?: Readonly<Record<string, string | string[]>> | undefined;
  readonly exec?: Readonly<Record<string, unknown>> | undefined;
  /** Folder of the file it came from: relative plugin commands start there. */
  readonly folder?: string | undefined;
  readonly authProvider?: Readonly<Record<string, unknown>> | undefined;
}

export interface KubeconfigContext {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace: string | undefined;
}

export interface Kubeconfig {
  readonly clusters: readonly KubeconfigCluster[];
  readonly users: readonly KubeconfigUser[];
  readonly contexts: readonly KubeconfigContext[];
  readonly currentContext: string | undefined;
  /** Where it was read, for messages. */
  readonly source: string;
}

export interface KubeconfigOptions {
  /** `--kubeconfig`. */
  readonly kubeconfig?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a pod finds its ServiceAccount. */
  readonly serviceAccountDir?: string;
}

const SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Reads the kubeconfig as kubectl does: `--kubeconfig`, else the files of `KUBECONFIG` (missing ones are passed over, the first
 * to say something wins), else `~/.kube/config`, else the pod's ServiceAccount. ESOB-L101 (none), L103 (cannot be used).
 */
export function loadKubeconfig(options: KubeconfigOptions): Kubeconfig {
  const { env, kubeconfig } = options;
  if (kubeconfig !== undefined) return required([kubeconfig], `--kubeconfig ${kubeconfig}`);
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) return required(listed, `KUBECONFIG=${listed.join(delimiter)}`);
  const home = env["HOME"] ?? env["USERPROFILE"];
  const usual = home === undefined ? undefined : merged([join(home, ".kube", "config")]);
  const found = usual ?? inCluster(env, options.serviceAccountDir ?? SERVICE_ACCOUNT_DIR);
  if (found) return found;
  throw new BootstrapError("ESOB-L101", {
    message: "There is no kubeconfig: KUBECONFIG is not set, and there is no ~/.kube/config.",
    reason: "without one, nobody says which cluster is meant",
  });
}

function required(paths: readonly string[], asked: string): Kubeconfig {
  const found = merged(paths);
  if (found) return found;
  throw new BootstrapError("ESOB-L101", {
    message: `There is no kubeconfig where ${asked} says.`,
    reason: "no such file",
  });
}

function merged(paths: readonly string[]): Kubeconfig | undefined {
  const found = paths.map((path) => readKubeconfig(resolve(path))).filter((config) => config !== undefined);
  if (found.length === 0) return undefined;
  return {
    clusters: firstByName(found.flatMap(({ clusters }) => clusters)),
    users: firstByName(found.flatMap(({ users }) => users)),
    contexts: firstByName(found.flatMap(({ contexts }) => contexts)),
    currentContext: found.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    source: found.map(({ source }) => source).join(", "),
  };
}

function firstByName<Entry extends { readonly name: string }>(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ name }, index) => entries.findIndex((entry) => entry.name === name) === index);
}

function readKubeconfig(path: string): Kubeconfig | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  // Pretty errors quote the line, which may hold a token: only the place is told.
  const document = parseDocument(text, { prettyErrors: false, logLevel: "silent" });
  const [mistake] = document.errors;
  if (mistake) throw unusable(path, `not YAML (${mistake.code}, line ${lineAt(text, mistake.pos[0])})`);
  const content: unknown = document.toJS();
  if (content !== null && !isRecord(content)) throw unusable(path, "not a kubeconfig");
  const from = dirname(path);
  return {
    clusters: named(content, "clusters", "cluster").map(([name, entry]) =>
      clusterOf(path, from, name, entry),
    ),
    users: named(content, "users", "user").map(([name, entry]) => userOf(from, name, entry)),
    contexts: named(content, "contexts", "context").map(([name, entry]) => contextOf(name, entry)),
    currentContext: textOf(at(content, "current-context")),
    source: path,
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = textOf(at(error, "code"));
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unusable(
      path,
      code === "EACCES" ? "it may not be read" : `it cannot be read (${code ?? "unknown"})`,
    );
  }
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

function named(content: unknown, list: string, field: string): [string, Record<string, unknown>][] {
  return listOf(at(content, list)).flatMap((entry): [string, Record<string, unknown>][] => {
    const name = textOf(at(entry, "name"));
    return name === undefined ? [] : [[name, recordOf(at(entry, field))]];
  });
}

/** Embedded data wins over a file, as in client-go. */
function either(
  entry: Record<string, unknown>,
  from: string,
  file: string,
): [string | undefined, string | undefined] {
  const data = textOf(entry[`${file}-data`]);
  return [data, data === undefined ? absolute(from, textOf(entry[file])) : undefined];
}

function absolute(from: string, path: string | undefined): string | undefined {
  return path === undefined || isAbsolute(path) ? path : join(from, path);
}

function clusterOf(
  path: string,
  from: string,
  name: string,
  entry: Record<string, unknown>,
): KubeconfigCluster {
  const [caData, caFile] = either(entry, from, "certificate-authority");
  const extension = listOf(entry["extensions"]).find(
    (candidate) => at(candidate, "name") === "client.authentication.k8s.io/exec",
  );
  return {
    name,
    server: serverOf(path, name, textOf(entry["server"])),
    caData,
    caFile,
    skipTLSVerify: entry["insecure-skip-tls-verify"] === true,
    tlsServerName: textOf(entry["tls-server-name"]),
    proxyUrl: textOf(entry["proxy-url"]),
    execConfig: at(extension, "extension"),
  };
}

/** client-go takes a server without a scheme for http. */
function serverOf(path: string, name: string, server: string | undefined): string {
  const url = server?.includes("://") === false ? `http://${server}` : (server ?? "");
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw unusable(
      path,
      server === undefined ? `cluster ${name} has no server` : `server of cluster ${name} is no URL`,
    );
  return url.replace(/\/+$/, "");
}

function userOf(from: string, name: string, entry: Record<string, unknown>): KubeconfigUser {
  const [certData, certFile] = either(entry, from, "client-certificate");
  const [keyData, keyFile] = either(entry, from, "client-key");
  return {
    name,
    certData,
    certFile,
    keyData,
    keyFile,
    folder: from,
    token: textOf(entry["token"]),
    tokenFile: absolute(from, textOf(entry["tokenFile"])),
    username: textOf(entry["username"]),
    password: textOf(entry["password"]),
    impersonate: impersonation(entry),
    exec: isRecord(entry["exec"]) ? entry["exec"] : undefined,
    authProvider: isRecord(entry["auth-provider"]) ? entry["auth-provider"] : undefined,
  };
}

function impersonation(entry: Record<string, unknown>): Record<string, string | string[]> | undefined {
  const user = textOf(entry["as"]);
  if (user === undefined) return undefined;
  const groups = textsOf(entry["as-groups"]);
  const uid = textOf(entry["as-uid"]);
  const extra = Object.entries(recordOf(entry["as-user-extra"]));
  return {
    "impersonate-user": user,
    ...(uid === undefined ? {} : { "impersonate-uid": uid }),
    ...(groups.length === 0 ? {} : { "impersonate-group": groups }),
    ...Object.fromEntries(
      extra.map(([key, value]) => [`impersonate-extra-${encodeURIComponent(key)}`, textsOf(value)]),
    ),
  };
}

function contextOf(name: string, entry: Record<string, unknown>): KubeconfigContext {
  const user = textOf(entry["user"]) ?? "";
  return { name, cluster: textOf(entry["cluster"]) ?? "", user, namespace: textOf(entry["namespace"]) };
}

/** The pod's own ServiceAccount: kubernetes.io/docs/tasks/run-application/access-api-from-pod. */
function inCluster(env: KubeconfigOptions["env"], dir: string): Kubeconfig | undefined {
  const [host, port] = [env["KUBERNETES_SERVICE_HOST"], env["KUBERNETES_SERVICE_PORT"]];
  const tokenFile = join(dir, "token");
  if (!host || !port || readText(tokenFile) === undefined) return undefined;
  const name = "in-cluster";
  const address = host.includes(":") ? `[${host}]` : host;
  return {
    clusters: [
      {
        name,
        server: `https://${address}:${port}`,
        caFile: join(dir, "ca.crt"),
        caData: undefined,
        skipTLSVerify: false,
        tlsServerName: undefined,
        proxyUrl: undefined,
        execConfig: undefined,
      },
    ],
    users: [{ name, tokenFile }],
    contexts: [{ name, cluster: name, user: name, namespace: readText(join(dir, "namespace"))?.trim() }],
    currentContext: name,
    source: dir,
  };
}

/** ESOB-L103 for a kubeconfig, or a file it names. */
export function unusable(path: string, reason: string, cause?: unknown): BootstrapError {
  return new BootstrapError("ESOB-L103", {
    message: `The kubeconfig ${path} cannot be used: ${reason}.`,
    fix: { summary: "Correct the file.", command: `kubectl config view --kubeconfig ${path}` },
    ...(cause === undefined ? {} : { cause }),
  });
}
