import { isAbsolute, join } from "node:path";

import { BootstrapError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { Run, RunResult } from "../system/system.ts";
import type { KubeconfigCluster, KubeconfigUser } from "./kubeconfig.ts";
import { at, isRecord, jsonOf, listOf, textOf, textsOf } from "../data.ts";

/** What a credential plugin gave: a bearer token, a client certificate, or both. */
export interface PluginCredential {
  readonly token: Secret | undefined;
  readonly certPem: string | undefined;
  readonly keyPem: Secret | undefined;
  readonly expiresAt: Date | undefined;
}

interface Plugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly hint: string | undefined;
}

/** Plugins may open a browser and wait for a person, but not forever. */
const TIMEOUT_MS = 120_000;

/**
 * Runs the credential plugin of a kubeconfig user (kubernetes.io/docs/reference/access-authn-authz/authentication,
 * client-go credential plugins). Ours and not client-node's: that one (1.4.0) sends no `KUBERNETES_EXEC_INFO`, does not
 * resolve relative commands, never times out, and hands the operator's Infisical credentials on. ESOB-K108.
 */
export async function runPlugin(
  user: KubeconfigUser,
  cluster: KubeconfigCluster,
  run: Run,
  signal: AbortSignal | undefined,
): Promise<PluginCredential> {
  const plugin = pluginOf(user);
  if (at(user.exec, "interactiveMode") === "Always") throw interactive(plugin);
  const result = await run(plugin.command, plugin.args, {
    env: { ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(user, plugin, cluster)) },
    timeoutMs: TIMEOUT_MS,
    ...(signal && { signal }),
  });
  if (result.exitCode !== 0) throw failed(plugin, whyFailed(result), result.exitCode === 127);
  return credentialOf(plugin, result.stdout);
}

function pluginOf({ exec, folder, name }: KubeconfigUser): Plugin {
  const command = textOf(exec?.["command"]);
  if (command === undefined)
    throw new BootstrapError("ESOB-L103", {
      message: `The kubeconfig cannot be used: user ${name} has a credential plugin without a command.`,
    });
  const pairs = listOf(exec?.["env"]).map((entry) => [textOf(at(entry, "name")), textOf(at(entry, "value"))]);
  return {
    // As client-go: a command with a separator is relative to its kubeconfig, any other is found on PATH.
    command: folder && /[\\/]/.test(command) && !isAbsolute(command) ? join(folder, command) : command,
    args: textsOf(exec?.["args"]),
    env: Object.fromEntries(pairs.filter(([key]) => key !== undefined)),
    apiVersion: textOf(exec?.["apiVersion"]) ?? "client.authentication.k8s.io/v1",
    hint: textOf(exec?.["installHint"]),
  };
}

function execInfo(user: KubeconfigUser, { apiVersion }: Plugin, cluster: KubeconfigCluster): object {
  const asked = at(user.exec, "provideClusterInfo") === true;
  const spec = { interactive: false, ...(asked ? { cluster: clusterInfo(cluster) } : {}) };
  return { apiVersion, kind: "ExecCredential", spec };
}

function clusterInfo({
  server,
  tlsServerName,
  skipTLSVerify,
  caData,
  proxyUrl,
  execConfig,
}: KubeconfigCluster) {
  return {
    server,
    "tls-server-name": tlsServerName,
    "insecure-skip-tls-verify": skipTLSVerify,
    "certificate-authority-data": caData,
    "proxy-url": proxyUrl,
    config: execConfig,
  };
}

function credentialOf(plugin: Plugin, stdout: string): PluginCredential {
  const answer = jsonOf(stdout);
  const status = at(answer, "status");
  if (at(answer, "kind") !== "ExecCredential" || !isRecord(status))
    throw failed(plugin, "it printed something that is not an ExecCredential", false);
  const [token, key] = [textOf(status["token"]), textOf(status["clientKeyData"])];
  const certPem = textOf(status["clientCertificateData"]);
  if (token === undefined && certPem === undefined) throw failed(plugin, "it gave no credential", false);
  const expiry = Date.parse(textOf(status["expirationTimestamp"]) ?? "");
  return {
    token: token === undefined ? undefined : new Secret(token),
    certPem,
    keyPem: key === undefined ? undefined : new Secret(key),
    expiresAt: Number.isNaN(expiry) ? undefined : new Date(expiry),
  };
}

/** The plugin's last words; stdout is never told, for it is the credential. */
function whyFailed({ exitCode, stderr }: RunResult): string {
  if (exitCode === 127) return "it is not installed, or not on PATH";
  if (exitCode === 124) return `it did not finish within ${TIMEOUT_MS / 1000} s`;
  const last = stderr.trim().split("\n").at(-1)?.trim().slice(0, 300);
  return last ? `exit code ${exitCode}: ${last}` : `exit code ${exitCode}`;
}

function failed(plugin: Plugin, reason: string, missing: boolean): BootstrapError {
  const hint = plugin.hint?.replace(/\s+/g, " ").trim();
  return new BootstrapError("ESOB-K108", {
    message: `The credential plugin "${plugin.command}" of the kubeconfig failed.`,
    reason,
    fix: missing
      ? { summary: hint ?? `Install ${plugin.command}.`, command: `${plugin.command} --help` }
      : {
          summary: "Log in again with the plugin's own command, then see that kubectl works.",
          command: "kubectl version",
        },
  });
}

function interactive(plugin: Plugin): BootstrapError {
  return new BootstrapError("ESOB-K108", {
    message: `The credential plugin "${plugin.command}" of the kubeconfig wants to ask on the terminal.`,
    reason: "its interactiveMode is Always, and the terminal is ours while we run",
    fix: {
      summary: "Use a credential that needs no questions, as a ServiceAccount's token.",
      command: "kubectl create token NAME",
    },
  });
}
