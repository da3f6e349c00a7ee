import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { runCli } from "../../src/cli.ts";
import { createDeps } from "../../src/deps.ts";
import { at, jsonOf } from "../../src/data.ts";
import { createCluster } from "../../src/kubernetes/client.ts";
import type { Cluster } from "../../src/kubernetes/cluster.ts";
import { createStandInHelm, startSandbox, type Sandbox } from "../../src/sandbox/index.ts";
import { createScreen } from "../unit/ui/screen.ts";

/** The true `init`, with the true adapters but helm, from an empty sandbox. */
let sandbox: Sandbox;
let dir: string;
let cluster: Cluster;

beforeAll(async () => {
  sandbox = await startSandbox();
  const { infisical, kubernetes } = sandbox;
  infisical.createProject("shop", "shop");
  infisical.addMember("shop", infisical.operator.identityId, "admin");
  infisical.setSecret("shop", "prod", "/shop", "DB_HOST", "db.internal");
  infisical.setSecret("shop", "prod", "/shop", "DB_PASSWORD", "canary-value-7f31");
  dir = await mkdtemp(join(tmpdir(), "eso-bootstrap-init-"));
  await writeFile(join(dir, "kubeconfig"), sandbox.kubeconfig);
  const config = {
    apiVersion: "eso-bootstrap/v1",
    cluster: { name: "sandbox", apiServer: kubernetes.url },
    infisical: {
      host: infisical.url,
      hostFromCluster: infisical.url,
      organization: infisical.organization.id,
      project: "shop",
    },
    stores: [{ name: "infisical", namespace: "shop", environment: "prod", path: "/shop" }],
    secrets: [
      {
        name: "shop-db",
        namespace: "shop",
        store: "infisical",
        refreshInterval: "1h",
        keys: ["DB_HOST", "DB_PASSWORD"],
      },
    ],
  };
  await writeFile(join(dir, "eso-bootstrap.yaml"), stringify(config));
  cluster = await createCluster({ kubeconfig: join(dir, "kubeconfig"), env: {} });
});

afterAll(async () => {
  await sandbox.stop();
  await rm(dir, { recursive: true });
});

async function tool(...argv: string[]): Promise<{ code: number; json: unknown; stderr: string }> {
  const { terminal, stdout, stderr } = createScreen();
  const { signal } = new AbortController();
  const env = { ...sandbox.env, KUBECONFIG: join(dir, "kubeconfig"), HOME: dir, CI: "1" };
  const process_ = {
    ...process,
    env,
    cwd: () => dir,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
  };
  const deps = createDeps({ process: process_, signal });
  const code = await runCli([...argv, "-f", join(dir, "eso-bootstrap.yaml"), "-o", "json"], {
    ...deps,
    terminal: () => terminal,
    openHelm: async ({ onWrite }) => createStandInHelm(cluster, { ...(onWrite && { onWrite }) }),
  });
  return { code, json: jsonOf(stdout()), stderr: stderr() };
}

test("init goes from nothing to a synced secret, and a second run writes nothing", async () => {
  const first = await tool("init", "--yes");
  expect(first, JSON.stringify(first.json)).toMatchObject({ code: 0 });
  const secret = await cluster.get({ apiVersion: "v1", kind: "Secret", namespace: "shop", name: "shop-db" });
  expect(at(secret, "data", "DB_PASSWORD")).toBe(Buffer.from("canary-value-7f31").toString("base64"));
  const external = await cluster.get({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    namespace: "shop",
    name: "shop-db",
  });
  expect(external).toMatchObject({
    status: {
      conditions: [{ type: "Ready", status: "True", reason: "SecretSynced", message: "secret synced" }],
    },
  });

  const second = await tool("init", "--yes");
  expect(second, JSON.stringify(second.json)).toMatchObject({ code: 0, json: { writes: 0 } });
});
