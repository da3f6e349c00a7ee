import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createApi } from "./api.ts";
import { autoEso } from "./auto-eso.ts";
import { esoHelmValues, startEso } from "./eso.ts";
import { existingCluster } from "./existing.ts";
import { until } from "./poll.ts";
import { type Stack, startStack } from "./stack.ts";

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

interface WithStatus {
  status?: { conditions?: Condition[] };
}

const storePath = "/apis/external-secrets.io/v1/namespaces/default/secretstores";

async function install(stack: Stack, namespace = "external-secrets", more: object = {}): Promise<void> {
  const values = { ...esoHelmValues, crds: { annotations: { "helm.sh/resource-policy": "keep" } }, ...more };
  const where = ["external-secrets", stack.chart.tgz, "-n", namespace, "--create-namespace"];
  await stack.helm(["upgrade", "--install", ...where, "--wait", "-f", "-"], JSON.stringify(values));
}

/** A store that logs in at `hostAPI`: only a live controller can write into its status how that went. */
async function makeStore(stack: Stack, name: string, hostAPI: string, tokenPath?: string): Promise<void> {
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    stringData: { identityId: "nobody", tokenPath: tokenPath ?? "" },
  };
  await stack.api("POST", "/api/v1/namespaces/default/secrets", secret);
  await stack.api("POST", storePath, {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name },
    spec: {
      provider: {
        infisical: {
          hostAPI,
          auth: {
            kubernetesAuthCredentials: {
              identityId: { name, key: "identityId" },
              ...(tokenPath ? { serviceAccountTokenPath: { name, key: "tokenPath" } } : {}),
            },
          },
          secretsScope: { projectSlug: "none", environmentSlug: "dev", secretsPath: "/" },
        },
      },
    },
  });
}

function condition(stack: Stack, store: string): Promise<Condition> {
  return until(`a condition on the store ${store}`, async () => {
    const { status } = await stack.api<WithStatus>("GET", `${storePath}/${store}`);
    return status?.conditions?.[0];
  });
}

interface Refusing {
  url: string;
  jwts: string[];
  close(): void;
}

/** Refuses every login and remembers the tokens that came. A dead port would do, but ESO retries that for 13 s. */
async function refusingInfisical(): Promise<Refusing> {
  const jwts: string[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      jwts.push((body as { jwt: string }).jwt);
      response
        .writeHead(401, { "content-type": "application/json" })
        .end('{"message":"refused by the test"}');
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, jwts, close: () => server.close() };
}

/** What a ServiceAccount token says about itself. */
function claims(jwt: string | undefined): unknown {
  return JSON.parse(Buffer.from(jwt?.split(".")[1] ?? "", "base64url").toString());
}

const gone = (pid: number) => !existsSync(`/proc/${pid}`);
const commandLine = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");

// An existing cluster is not ours to stop, and already runs its own ESO.
describe.skipIf(existingCluster())("the real stack", () => {
  let stack: Stack;
  let other: Stack;

  beforeAll(async () => {
    [stack, other] = await Promise.all([startStack(), startStack({ name: "other" })]);
  });
  afterAll(async () => {
    await Promise.all([stack?.stop(), other?.stop()]);
  });

  it("runs two clusters at once that do not trust each other", async () => {
    expect(stack.apiServer).not.toBe(other.apiServer);
    expect((await stack.kubectl(["config", "current-context"])).trim()).toBe("e2e");
    expect((await other.kubectl(["config", "current-context"])).trim()).toBe("other");
    const wrongCa = createApi({ apiServer: stack.apiServer, caPem: other.caPem });
    await expect(wrongCa.api("GET", "/readyz")).rejects.toThrow(/certificate/);
    wrongCa.close();
  });

  it("fills a ServiceAccount token Secret, and a TokenReview from outside accepts the token", async () => {
    await stack.kubectl(["create", "serviceaccount", "reviewer"]);
    const role = ["clusterrolebinding", "reviewer", "--clusterrole=system:auth-delegator"];
    await stack.kubectl(["create", ...role, "--serviceaccount=default:reviewer"]);
    const path = "/api/v1/namespaces/default/secrets";
    await stack.api("POST", path, {
      metadata: { name: "reviewer", annotations: { "kubernetes.io/service-account.name": "reviewer" } },
      type: "kubernetes.io/service-account-token",
    });
    const encoded = await until("the token", async () => {
      const secret = await stack.api<{ data?: { token?: string } }>("GET", `${path}/reviewer`);
      return secret.data?.token;
    });
    const token = Buffer.from(encoded, "base64").toString();
    const reviewed = (await stack.kubectl(["create", "token", "default"])).trim();

    const outside = createApi({ apiServer: stack.apiServer, caPem: stack.caPem, token });
    const review = await outside.api<{ status: object }>(
      "POST",
      "/apis/authentication.k8s.io/v1/tokenreviews",
      { spec: { token: reviewed } },
    );
    outside.close();
    expect(review.status).toMatchObject({
      authenticated: true,
      user: { username: "system:serviceaccount:default:default" },
      audiences: [stack.serviceAccountIssuer],
    });
  });

  it("makes other users, and ones whose certificate has expired", async () => {
    const who = (kubeconfig: string) =>
      stack.kubectl(["--kubeconfig", kubeconfig, "auth", "whoami", "-o", "yaml"]);
    const alice = await who(stack.clientCert({ commonName: "alice", organizations: ["dev", "ops"] }));
    expect(alice).toMatch(/username: alice/);
    expect(alice).toMatch(/- dev\n\s+- ops/);
    await expect(who(stack.clientCert({ commonName: "alice", expired: true }))).rejects.toThrow(
      /logged in|Unauthorized/,
    );
  });

  it("installs the chart with Helm, CRDs with the keep annotation included", async () => {
    await install(stack);
    const listed = await stack.helm(["list", "-A", "-o", "json"]);
    expect(JSON.parse(listed)).toMatchObject([{ chart: "external-secrets-0.20.4", status: "deployed" }]);
    const crd = await stack.api(
      "GET",
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/secretstores.external-secrets.io",
    );
    expect(crd).toMatchObject({
      metadata: {
        annotations: { "helm.sh/resource-policy": "keep", "meta.helm.sh/release-name": "external-secrets" },
        labels: { "external-secrets.io/component": "controller" },
      },
    });
    expect(await stack.kubectl(["get", "deploy", "-A", "-o", "wide"])).toMatch(/external-secrets\s+1\/1/);
  });

  it("runs the real ESO, which says that it cannot reach a dead Infisical", async () => {
    const eso = await startEso(stack);
    await makeStore(stack, "dead", "http://127.0.0.1:9");
    const found = await condition(stack, "dead");
    expect(found).toMatchObject({ type: "Ready", status: "False", reason: "InvalidProviderConfig" });
    expect(await stack.kubectl(["get", "events"])).toMatch(/127\.0\.0\.1:9.*connection refused/);
    expect(await (await fetch(eso.metricsUrl)).text()).toContain("secretstore_reconcile_duration");
    const { pid } = eso;
    await eso.restart();
    expect(gone(pid)).toBe(true);
    await eso.stop();
    expect(eso.alive()).toBe(false);
  });

  it("starts ESO for a Deployment that Helm makes, with its account, arguments and tokens", async () => {
    const infisical = await refusingInfisical();
    const auto = autoEso(other);
    await install(other, "secrets-system", {
      fullnameOverride: "eso",
      extraVolumes: [
        {
          name: "own",
          projected: { sources: [{ serviceAccountToken: { path: "token", audience: "infisical" } }] },
        },
      ],
      extraVolumeMounts: [{ name: "own", mountPath: "/var/run/secrets/infisical" }],
    });
    const eso = await auto.ready("secrets-system/eso");
    const account = { sub: "system:serviceaccount:secrets-system:eso" };

    await makeStore(other, "usual", infisical.url);
    expect(await condition(other, "usual")).toMatchObject({
      status: "False",
      reason: "InvalidProviderConfig",
    });
    expect(claims(infisical.jwts.at(-1))).toMatchObject({ ...account, aud: [other.serviceAccountIssuer] });

    await makeStore(other, "audience", infisical.url, "/var/run/secrets/infisical/token");
    await condition(other, "audience");
    expect(infisical.jwts.map(claims)).toContainEqual(
      expect.objectContaining({ ...account, aud: ["infisical"] }),
    );

    await other.kubectl(["scale", "deployment/eso", "-n", "secrets-system", "--replicas=0"]);
    await until("the controller to end", () => !eso.alive());
    await other.kubectl(["scale", "deployment/eso", "-n", "secrets-system", "--replicas=1"]);
    await install(other, "secrets-system", { fullnameOverride: "eso", controllerClass: "mine" });
    const again = await auto.ready();
    expect(commandLine(again.pid)).toContain("--controller-class=mine");
    infisical.close();
  });

  it("has outages: the API server goes and comes back with its data", async () => {
    await stack.stopApiServer();
    await expect(stack.api("GET", "/readyz")).rejects.toThrow(/ECONNREFUSED/);
    await stack.startApiServer();
    expect(await stack.kubectl(["get", "secretstore", "dead"])).toContain("InvalidProviderConfig");
  });

  it("leaves no process and no folder behind", async () => {
    const pids = other.pids();
    expect(pids.length).toBeGreaterThanOrEqual(6);
    await other.stop();
    expect(pids.filter((pid) => !gone(pid))).toEqual([]);
    expect(existsSync(other.dir)).toBe(false);
  });
});
