import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, jsonOf, recordsAt } from "../../src/data.ts";
import { createCluster } from "../../src/kubernetes/client.ts";
import type { Cluster, KubeObject } from "../../src/kubernetes/cluster.ts";
import { createStandInHelm, startSandbox, type Sandbox } from "../../src/sandbox/index.ts";

const ESO = "external-secrets.io/v1";
const store: KubeObject = {
  apiVersion: ESO,
  kind: "SecretStore",
  metadata: { name: "infisical", namespace: "shop" },
  spec: {
    provider: {
      infisical: {
        auth: {
          universalAuthCredentials: {
            clientId: { name: "login", key: "clientId" },
            clientSecret: { name: "login", key: "clientSecret" },
          },
        },
        secretsScope: { projectSlug: "shop", environmentSlug: "prod", secretsPath: "/shop" },
      },
    },
  },
};
const external = (name: string, data: readonly object[], more: object = {}): KubeObject => ({
  apiVersion: ESO,
  kind: "ExternalSecret",
  metadata: { name, namespace: "shop" },
  spec: { secretStoreRef: { name: "infisical", kind: "SecretStore" }, refreshInterval: "1h", data, ...more },
});
const host = (key: string) => ({ secretKey: key, remoteRef: { key } });

describe("the simulated ESO says what the real one says", () => {
  let sandbox: Sandbox;
  let cluster: Cluster;
  let dir: string;
  beforeAll(async () => {
    sandbox = await startSandbox();
    const { infisical } = sandbox;
    infisical.createProject("shop", "shop");
    infisical.addMember("shop", infisical.operator.identityId, "admin");
    infisical.setSecret("shop", "prod", "/shop", "DB_HOST", "db.internal");
    dir = await mkdtemp(join(tmpdir(), "eso-bootstrap-eso-"));
    await writeFile(join(dir, "config"), sandbox.kubeconfig);
    cluster = await createCluster({ kubeconfig: join(dir, "config"), env: {} });
    const eso = { apiVersion: "v1", kind: "Namespace", metadata: { name: "external-secrets" } };
    for (const namespace of [eso, { ...eso, metadata: { name: "shop" } }]) await cluster.apply(namespace);
    const release = { release: "external-secrets", namespace: "external-secrets", chart: "external-secrets" };
    await createStandInHelm(cluster).upgradeInstall({ ...release, values: {}, timeoutMs: 1000 });
    await cluster.apply(external("db", [host("DB_HOST")]));
    const spec = at(store, "spec", "provider", "infisical");
    Object.assign(spec as object, { hostAPI: infisical.url });
    await cluster.apply(store);
  });
  afterAll(async () => {
    await sandbox.stop();
    await rm(dir, { recursive: true });
  });

  const ready = (kind: string, name: string, wanted: object) =>
    expect
      .poll(
        async () =>
          recordsAt(
            (await cluster.get({ apiVersion: ESO, kind, namespace: "shop", name }))?.["status"],
            "conditions",
          )[0],
        { timeout: 5000, interval: 20 },
      )
      .toMatchObject({ type: "Ready", ...wanted });
  const events = async (name: string): Promise<string[]> => {
    const found: string[] = [];
    const query = {
      apiVersion: "v1",
      kind: "Event",
      namespace: "shop",
      fieldSelector: `involvedObject.name=${name}`,
    };
    for await (const event of cluster.list(query))
      found.push(`${String(event["reason"])}: ${String(event["message"])}`);
    return found;
  };
  const poke = (kind: string, name: string) =>
    cluster.patch({ apiVersion: ESO, kind, namespace: "shop", name }, [
      { op: "add", path: "/metadata/annotations", value: { "force-sync": String(Math.random()) } },
    ]);

  test("a store without its Secret, and the gate that holds its ExternalSecrets back", async () => {
    await ready("SecretStore", "infisical", {
      status: "False",
      reason: "InvalidProviderConfig",
      message: "unable to create client",
    });
    expect(await events("infisical")).toContain(
      'InvalidProviderConfig: failed to get secret data clientId cannot get Kubernetes secret "login" from namespace "shop": secrets "login" not found',
    );
    await poke("ExternalSecret", "db");
    await ready("ExternalSecret", "db", {
      status: "False",
      reason: "SecretSyncedError",
      message: "could not get secret data from provider",
    });
    await expect
      .poll(() => events("db"))
      .toContain(
        'UpdateFailed: error processing spec.data[0] (key: DB_HOST), err: SecretStore "infisical" is not ready',
      );
  });

  test("both recover when they are poked after the cause is gone", async () => {
    const { clientId, clientSecret } = sandbox.infisical.operator;
    await cluster.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "login", namespace: "shop" },
      stringData: { clientId, clientSecret },
    });
    await poke("SecretStore", "infisical");
    await ready("SecretStore", "infisical", { status: "True", reason: "Valid", message: "store validated" });
    await poke("ExternalSecret", "db");
    await ready("ExternalSecret", "db", { status: "True", reason: "SecretSynced", message: "secret synced" });
    const secret = await cluster.get({ apiVersion: "v1", kind: "Secret", namespace: "shop", name: "db" });
    expect(secret).toMatchObject({
      data: { DB_HOST: Buffer.from("db.internal").toString("base64") },
      metadata: {
        labels: { "reconcile.external-secrets.io/managed": "true" },
        ownerReferences: [{ kind: "ExternalSecret", name: "db" }],
      },
    });
  });

  test("its pod has printed that, in lines of JSON", async () => {
    const pods: string[] = [];
    for await (const { metadata } of cluster.list({
      apiVersion: "v1",
      kind: "Pod",
      namespace: "external-secrets",
    }))
      pods.push(metadata.name);
    const where = { namespace: "external-secrets", pod: pods[0] ?? "", container: "external-secrets" };
    const text = await cluster.logs({ ...where, tailLines: 1000 });
    const lines = (text ?? "")
      .trim()
      .split("\n")
      .map((line) => jsonOf(line));
    expect(lines[0]).toMatchObject({ level: "info", ts: expect.any(Number), msg: "starting manager" });
    const place = { name: "infisical", namespace: "shop" };
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "error",
        logger: "controllers.SecretStore",
        msg: "unable to validate store",
        secretstore: place,
        error: expect.stringMatching(/^could not get provider client: failed to get secret data clientId/),
      }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: "Reconciler error", controller: "secretstore", SecretStore: place }),
    );
    expect(lines.at(-1)).toMatchObject({
      level: "info",
      msg: "reconciled secret",
      ExternalSecret: { name: "db" },
    });
    const last = await cluster.logs({ ...where, tailLines: 1 });
    expect(
      last
        ?.trim()
        .split("\n")
        .map((line) => jsonOf(line)),
    ).toEqual(lines.slice(-1));
  });

  test("a key that Infisical does not have", async () => {
    await cluster.apply(external("lost", [host("NOPE")]));
    await ready("ExternalSecret", "lost", { status: "False", reason: "SecretSyncedError" });
    await expect
      .poll(() => events("lost"))
      .toContain("UpdateFailed: error processing spec.data[0] (key: NOPE), err: Secret does not exist");
  });

  test("a Secret that somebody changed or deleted comes back, and goes with its owner", async () => {
    const ref = { apiVersion: "v1", kind: "Secret", namespace: "shop", name: "db" };
    const uid = (await cluster.get(ref))?.metadata.uid ?? "";
    await cluster.delete(ref, { uid });
    await expect.poll(async () => (await cluster.get(ref))?.metadata.uid).not.toBe(uid);
    await expect.poll(async () => cluster.get(ref)).toBeDefined();
    await cluster.patch(ref, [{ op: "replace", path: "/data/DB_HOST", value: "b3RoZXI=" }]);
    await expect
      .poll(async () => at(await cluster.get(ref), "data", "DB_HOST"))
      .toBe(Buffer.from("db.internal").toString("base64"));
    const owner = { apiVersion: ESO, kind: "ExternalSecret", namespace: "shop", name: "db" };
    await cluster.delete(owner, { uid: (await cluster.get(owner))?.metadata.uid ?? "" });
    await expect.poll(async () => cluster.get(ref)).toBeUndefined();
  });

  test("scaled to nothing it does nothing, and a finalizer holds what it should have let go", async () => {
    const deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      namespace: "external-secrets",
      name: "external-secrets",
    };
    await cluster.patch(deployment, [{ op: "replace", path: "/spec/replicas", value: 0 }]);
    await expect
      .poll(async () => at(await cluster.get(deployment), "status", "availableReplicas"))
      .toBeUndefined();
    await cluster.apply(external("idle", [host("DB_HOST")]));
    const lost = { apiVersion: ESO, kind: "ExternalSecret", namespace: "shop", name: "lost" };
    await cluster.delete(lost, { uid: (await cluster.get(lost))?.metadata.uid ?? "" });
    expect((await cluster.get(lost))?.metadata.deletionTimestamp).toBeDefined();
    expect(await cluster.get({ ...lost, name: "idle" })).not.toHaveProperty("status");
    await cluster.patch(deployment, [{ op: "replace", path: "/spec/replicas", value: 1 }]);
    await ready("ExternalSecret", "idle", { status: "True", reason: "SecretSynced" });
    await expect.poll(async () => cluster.get(lost)).toBeUndefined();
  });
});
