import { esoHelmValues } from "../test/e2e/stack/eso.ts";
import { until } from "../test/e2e/stack/poll.ts";
import type { Stack } from "../test/e2e/stack/stack.ts";

/** How big the world is. */
export interface Many {
  readonly secrets: number;
  readonly namespaces: number;
  /** Also the target Secrets and the identity Secrets, as `doctor` wants to see them. */
  readonly withSecrets?: boolean;
  /** None is broken. */
  readonly healthy?: boolean;
}

const AT_ONCE = 48;
const ESO = "/apis/external-secrets.io/v1";
const KEYS = ["DB_HOST", "DB_PASSWORD", "DB_USER"];
/** Every so many-th ExternalSecret is broken, as in a real cluster. */
const BROKEN_EVERY = 100;

/**
 * Fills a real API server with ExternalSecrets and a store in each namespace, with the status that ESO would have written
 * (eso.md 3.2). ESO is installed, its controller never runs: nothing moves while something is measured.
 */
export async function fillMany(
  stack: Stack,
  { secrets, namespaces, withSecrets = false, healthy = false }: Many,
): Promise<void> {
  const values = JSON.stringify(esoHelmValues);
  const install = ["upgrade", "--install", "external-secrets", stack.chart.tgz, "--values=-"];
  await stack.helm([...install, "--namespace=external-secrets", "--create-namespace"], values);
  for (const kind of ["secretstores", "externalsecrets"])
    await until(`${kind} to be served`, () => stack.api("GET", `${ESO}/${kind}?limit=1`), {
      timeoutMs: 60_000,
    });
  const names = Array.from({ length: namespaces }, (_, index) => `team-${String(index).padStart(3, "0")}`);
  await each(names, (name) => stack.api("POST", "/api/v1/namespaces", { metadata: { name } }));
  await each(names, (namespace) => makeStore(stack, namespace, withSecrets));
  const all = Array.from({ length: secrets }, (_, index) => ({
    isBroken: !healthy && index % BROKEN_EVERY === BROKEN_EVERY - 1,
    namespace: names[index % names.length] ?? "",
    name: `app-${String(Math.floor(index / names.length)).padStart(4, "0")}`,
  }));
  await each(all, (one) => makeSecret(stack, one, withSecrets));
}

/** Runs the work for all, a few dozen at once. */
async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Creates the object, then its status, which a creation would drop. */
async function makeWithStatus(
  stack: Stack,
  collection: string,
  object: object,
  status: object,
): Promise<void> {
  const made = await stack.api<{ metadata: { name: string } }>("POST", collection, object);
  await stack.api("PUT", `${collection}/${made.metadata.name}/status`, { ...made, status });
}

async function makeStore(stack: Stack, namespace: string, withSecrets: boolean): Promise<void> {
  const secretsScope = { projectSlug: "shop", environmentSlug: "prod", secretsPath: `/${namespace}` };
  const kubernetesAuthCredentials = { identityId: { name: "infisical-identity", key: "identityId" } };
  const infisical = {
    hostAPI: "https://app.infisical.com",
    auth: { kubernetesAuthCredentials },
    secretsScope,
  };
  const store = {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name: "infisical", namespace, labels: MARK },
    spec: { provider: { infisical } },
  };
  if (withSecrets)
    await makeOpaque(stack, namespace, "infisical-identity", { identityId: crypto.randomUUID() });
  await makeWithStatus(stack, `${ESO}/namespaces/${namespace}/secretstores`, store, {
    capabilities: "ReadOnly",
    conditions: [condition("True", "Valid", "store validated")],
  });
}

const MARK = { "app.kubernetes.io/managed-by": "eso-bootstrap" };

function condition(status: string, reason: string, message: string) {
  return { type: "Ready", status, reason, message, lastTransitionTime: new Date().toISOString() };
}

async function makeSecret(
  stack: Stack,
  { isBroken, namespace, name }: { isBroken: boolean; namespace: string; name: string },
  withSecrets: boolean,
): Promise<void> {
  const secret = {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: {
      name,
      namespace,
      labels: MARK,
      finalizers: ["externalsecrets.external-secrets.io/externalsecret-cleanup"],
    },
    spec: {
      refreshInterval: "1h0m0s",
      secretStoreRef: { kind: "SecretStore", name: "infisical" },
      target: { name, creationPolicy: "Owner", deletionPolicy: "Retain" },
      data: KEYS.map((key) => ({ secretKey: key, remoteRef: { key } })),
    },
  };
  if (withSecrets && !isBroken)
    await makeOpaque(stack, namespace, name, Object.fromEntries(KEYS.map((key) => [key, `${key}-value`])));
  const trouble = condition("False", "SecretSyncedError", "could not get secret data from provider");
  await makeWithStatus(stack, `${ESO}/namespaces/${namespace}/externalsecrets`, secret, {
    conditions: [isBroken ? trouble : condition("True", "SecretSynced", "secret synced")],
    ...(!isBroken && {
      binding: { name },
      refreshTime: new Date().toISOString(),
      syncedResourceVersion: `1-${crypto.randomUUID().replaceAll("-", "")}`,
    }),
  });
}

async function makeOpaque(
  stack: Stack,
  namespace: string,
  name: string,
  stringData: Record<string, string>,
): Promise<void> {
  const labels = { ...MARK, "reconcile.external-secrets.io/managed": "true" };
  await stack.api("POST", `/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name, labels },
    stringData,
  });
}
