import { at, isRecord, recordOf, textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import type { Controller } from "./controller-pod.ts";
import { Provider, type Scope } from "./infisical.ts";

export interface Client {
  readonly provider: Provider;
  readonly scope: Scope;
}

const isCluster = (store: KubeObject): boolean => store.kind === "ClusterSecretStore";

/** A client as ESO's provider makes one: credentials, CA, login. Its errors are what ESO writes into the event (eso.md 5.2). */
export async function clientOf(
  api: Api,
  controller: Controller,
  store: KubeObject,
  namespace: string,
): Promise<Client> {
  const infisical = at(store["spec"], "provider", "infisical");
  if (!isRecord(infisical)) throw new Error("failed to find registered store backend for type: ");
  const provider = new Provider(textOf(infisical["hostAPI"]) ?? "https://app.infisical.com/api", {
    ca: caOf(api, store, infisical, namespace),
    isModern: controller.isModern,
  });
  const read = secretReader(api, store, namespace);
  const auth = recordOf(infisical["auth"]);
  const {
    universalAuthCredentials: universal,
    kubernetesAuthCredentials: kubernetes,
    tokenAuthCredentials: token,
  } = auth;
  // The order of provider.go: the first one that is set wins (eso.md 1.3).
  if (isRecord(universal))
    await provider.universalLogin(read(universal, "clientId"), read(universal, "clientSecret"));
  else if (isRecord(kubernetes)) await kubernetesLogin(api, controller, provider, kubernetes, read);
  else if (isRecord(token)) provider.useToken(read(token, "accessToken"));
  else throw new Error("authentication method not found");
  return { provider, scope: scopeOf(infisical["secretsScope"]) };
}

type Read = (auth: Readonly<Record<string, unknown>>, field: string) => string;

async function kubernetesLogin(
  api: Api,
  controller: Controller,
  provider: Provider,
  auth: Record<string, unknown>,
  read: Read,
): Promise<void> {
  const identityId = read(auth, "identityId");
  const path = isRecord(auth["serviceAccountTokenPath"]) ? read(auth, "serviceAccountTokenPath") : undefined;
  const jwt = tokenAt(api, controller, path);
  try {
    await provider.login(identityId.trim(), jwt);
  } catch (error) {
    throw new Error(
      `failed to authenticate via kubernetes auth ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

const DEFAULT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** The token that the controller's pod has in its file: its own, or that of a projected volume. */
function tokenAt(api: Api, { namespace, serviceAccount }: Controller, path = DEFAULT_PATH): string {
  const account = api.get("serviceaccounts", namespace, serviceAccount);
  if (!account || (path !== DEFAULT_PATH && !path.startsWith("/var/run/")) || /\s$/.test(path))
    throw new Error(`failed to authenticate via kubernetes auth open ${path}: no such file or directory`);
  return api.tokens.issue({
    namespace,
    name: serviceAccount,
    uid: account.metadata.uid ?? "",
    lifetime: 3607,
    id: api.newId(),
  });
}

/** Reads a key of a Secret by a selector, with the namespace rules of eso.md 1.4. */
function secretReader(api: Api, store: KubeObject, namespace: string): Read {
  return (auth, field) => {
    const selector = recordOf(auth[field]);
    const [name = "", key = ""] = [textOf(selector["name"]), textOf(selector["key"])];
    const where = isCluster(store) ? (textOf(selector["namespace"]) ?? namespace) : namespace;
    const failed = (why: string) => new Error(`failed to get secret data ${field} ${why}`);
    if (where === "")
      throw failed(
        `cannot get Kubernetes secret "${name}" from namespace "": an empty namespace may not be set when a resource name is provided`,
      );
    const secret = api.get("secrets", where, name);
    if (!secret)
      throw failed(
        `cannot get Kubernetes secret "${name}" from namespace "${where}": secrets "${name}" not found`,
      );
    // What is there and empty is read as such.
    const value = at(secret, "data", key);
    if (typeof value !== "string") throw failed(`cannot find secret data for key: "${key}"`);
    return Buffer.from(value, "base64").toString("utf8");
  };
}

function caOf(
  api: Api,
  store: KubeObject,
  infisical: Record<string, unknown>,
  namespace: string,
): string | undefined {
  const bundle = textOf(infisical["caBundle"]);
  if (bundle !== undefined) {
    const once = Buffer.from(bundle, "base64").toString("utf8");
    const pem = once.includes("-----BEGIN") ? once : Buffer.from(once, "base64").toString("utf8");
    if (!pem.includes("-----BEGIN CERTIFICATE"))
      throw new Error(
        "failed to get CA certificate: failed to decode ca bundle: failed to parse the new certificate, not valid pem data",
      );
    return pem;
  }
  const provider = infisical["caProvider"];
  if (!isRecord(provider)) return undefined;
  const [name = "", key = ""] = [textOf(provider["name"]), textOf(provider["key"])];
  const where = isCluster(store) ? (textOf(provider["namespace"]) ?? "") : namespace;
  if (provider["type"] === "ConfigMap") {
    const value = textOf(at(api.get("configmaps", where, name), "data", key));
    if (value === undefined)
      throw new Error(`failed to get CA certificate: failed to get caProvider configMap ${name} -> ${key}`);
    return value;
  }
  const secret = api.get("secrets", where, name);
  const failed = (why: string) =>
    new Error(
      `failed to get CA certificate: failed to get cert from secret: failed to resolve secret key ref: ${why}`,
    );
  if (!secret)
    throw failed(
      `cannot get Kubernetes secret "${name}" from namespace "${where}": secrets "${name}" not found`,
    );
  const value = textOf(at(secret, "data", key));
  if (value === undefined) throw failed(`cannot find secret data for key: "${key}"`);
  return Buffer.from(value, "base64").toString("utf8");
}

const scopeOf = (scope: unknown): Scope => ({
  project: textOf(at(scope, "projectSlug")) ?? "",
  environment: textOf(at(scope, "environmentSlug")) ?? "",
  path: textOf(at(scope, "secretsPath")) ?? "/",
  recursive: at(scope, "recursive") === true,
  expand: at(scope, "expandSecretReferences") !== false,
});
