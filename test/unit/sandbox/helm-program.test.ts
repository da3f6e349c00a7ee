import { expect, test } from "vitest";
import { createHelm } from "../../../src/helm/client.ts";
import { runHelm } from "../../../src/sandbox/demo/helm-program.ts";
import { FakeCluster } from "../../fakes/cluster.ts";

const INSTALL = {
  release: "external-secrets",
  namespace: "external-secrets",
  chart: "external-secrets",
  repo: "https://charts.example",
  version: "2.9.0",
  values: { installCRDs: true },
  timeoutMs: 1000,
};

/** The adapter of the real helm, before the program that stands in for it. */
function machine() {
  const cluster = new FakeCluster().seed({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: INSTALL.namespace },
  });
  const helm = (argv: readonly string[], stdin = "", server = cluster.info.server) =>
    runHelm(server, argv, { openCluster: async () => cluster, readStdin: async () => stdin });
  const adapter = createHelm({
    run: async (_program, args, { input } = {}) => {
      const { code, ...said } = await helm(args, input);
      return { exitCode: code, ...said };
    },
  });
  return { cluster, helm, adapter };
}

test("the adapter installs, reads, upgrades and removes a release by it", async () => {
  const { adapter, cluster } = machine();
  expect(await adapter.version()).toBe("4.1.4");
  expect(await adapter.release("external-secrets", "external-secrets")).toBeUndefined();
  await adapter.upgradeInstall(INSTALL);
  const known = { name: "external-secrets", namespace: "external-secrets", chart: "external-secrets" };
  const first = { ...known, revision: 1, status: "deployed", chartVersion: "2.9.0", ours: true };
  expect(await adapter.release("external-secrets", "external-secrets")).toMatchObject({
    ...first,
    values: { installCRDs: true },
  });
  await adapter.upgradeInstall({ ...INSTALL, version: "2.10.0", values: {} });
  expect(await adapter.release("external-secrets", "external-secrets")).toMatchObject({
    ...first,
    revision: 2,
    chartVersion: "2.10.0",
    values: {},
  });
  expect(await adapter.localChartVersion("./external-secrets.tgz")).toBe("2.9.0");
  await adapter.uninstall("external-secrets", "external-secrets");
  expect(await adapter.release("external-secrets", "external-secrets")).toBeUndefined();
  const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: "external-secrets" };
  expect(await cluster.get({ ...deployment, name: "external-secrets" })).toBeUndefined();
});

test("a person who looks around sees the release, and that it is no helm", async () => {
  const { adapter, helm } = machine();
  await adapter.upgradeInstall(INSTALL);
  expect((await helm(["version"])).stdout).toContain("no helm: a stand-in of eso-bootstrap demo");
  expect((await helm(["list", "-A"])).stdout).toMatch(
    /^NAME .*\nexternal-secrets {2}external-secrets {2}1 .* deployed {2}external-secrets-2\.9\.0\n$/,
  );
  expect(await helm(["list", "-n", "shop"])).toMatchObject({
    code: 0,
    stdout: expect.not.stringMatching(/2\.9/),
  });
  expect(await helm(["get", "all", "nothing"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "Error: release: not found\n",
  });
  expect(await helm(["template", "x"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no helm"),
  });
  expect(await helm(["list", "--no-such-flag"])).toMatchObject({ code: 1, stdout: "" });
});

test("it leaves every cluster alone but the demo's", async () => {
  const { helm, cluster } = machine();
  const upgrade = ["upgrade", "--install", "external-secrets", "external-secrets", "--values=-"];
  const { code, stderr } = await helm(upgrade, "{}", "https://127.0.0.1:1");
  expect([code, stderr]).toEqual([1, expect.stringContaining("the demo's cluster alone")]);
  const crd = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" };
  expect(await cluster.get({ ...crd, name: "externalsecrets.external-secrets.io" })).toBeUndefined();
});
