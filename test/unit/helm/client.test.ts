import { describe, expect, it } from "vitest";
import { createHelm, type HelmOptions } from "../../../src/helm/client.ts";
import { createFakeRun, type Answer } from "../../fakes/run.ts";

const VERSION = { stdout: "v4.1.4+g05fa379\n" };
const INSTALL = {
  release: "external-secrets",
  namespace: "eso",
  chart: "external-secrets",
  repo: "https://charts.example",
  version: "2.9.0",
  values: { installCRDs: true },
  timeoutMs: 90_500,
};

function helmThat(answer: Answer, options: Partial<HelmOptions> = {}) {
  const { run, calls } = createFakeRun(
    (line, call) => answer(line, call) ?? (line === "helm version --short" ? VERSION : undefined),
  );
  const helm = createHelm({ run, ...options });
  const lines = () => calls.map(({ program, args }) => [program, ...args].join(" "));
  return { helm, calls, lines };
}

describe("version", () => {
  it.each([
    ["v3.14.0+g3fc9f4b", "3.14.0"],
    ["v3.19.2\n", "3.19.2"],
    ["v4.1.4+g05fa379", "4.1.4"],
    ["v4.0.0-rc.1", "4.0.0"],
  ])("reads %j", async (stdout, version) => {
    const { helm } = helmThat(() => ({ stdout }));
    expect(await helm.version()).toBe(version);
  });

  it("refuses a helm older than 3.14, whatever was asked", async () => {
    const { helm } = helmThat((line) =>
      line.startsWith("helm version")
        ? { stdout: "v3.9.4+gdbc6d8e" }
        : { exitCode: 1, stderr: "Error: unknown flag: --template" },
    );
    await expect(helm.release("eso", "eso")).rejects.toMatchObject({ code: "ESOB-H102", exitCode: 5 });
    await expect(helm.upgradeInstall(INSTALL)).rejects.toMatchObject({ code: "ESOB-H102" });
  });

  it("says where to get helm when there is none", async () => {
    const { helm } = helmThat(() => ({ exitCode: 127 }));
    await expect(helm.version()).rejects.toMatchObject({ code: "ESOB-H101", exitCode: 5 });
  });

  it("is asked for once", async () => {
    const { helm, lines } = helmThat(() => VERSION);
    await Promise.all([helm.version(), helm.version()]);
    expect(lines()).toEqual(["helm version --short"]);
  });
});

describe("release", () => {
  const facts = ["3", "pending-upgrade", "external-secrets", "2.9.0", "2026-11-23T20:45:11Z"];
  const answering =
    (manager: string, values: string): Answer =>
    (line) => {
      if (line.startsWith("helm get all")) return { stdout: [...facts, manager].join("\t") };
      return line.startsWith("helm get values") ? { stdout: values } : undefined;
    };

  it("is told in our words, in any status", async () => {
    const { helm } = helmThat(answering("eso-bootstrap", '{"installCRDs":true}'));
    expect(await helm.release("external-secrets", "eso")).toEqual({
      name: "external-secrets",
      namespace: "eso",
      revision: 3,
      status: "pending-upgrade",
      chart: "external-secrets",
      chartVersion: "2.9.0",
      updated: new Date("2026-11-23T20:45:11Z"),
      ours: true,
      values: { installCRDs: true },
    });
  });

  it("is foreign without our label, and has no values where nobody gave any", async () => {
    const { helm } = helmThat(answering("", "null\n"));
    expect(await helm.release("external-secrets", "eso")).toMatchObject({ ours: false, values: {} });
  });

  it("is undefined when there is none", async () => {
    const absent = { exitCode: 1, stderr: "Error: release: not found\n" };
    const { helm } = helmThat((line) => (line.startsWith("helm get") ? absent : undefined));
    expect(await helm.release("external-secrets", "eso")).toBeUndefined();
  });

  it("is never taken for absent when helm could not look", async () => {
    const stderr = 'Error: query: failed: secrets is forbidden: User "me" cannot list resource "secrets"';
    const { helm } = helmThat((line) => (line.startsWith("helm get") ? { exitCode: 1, stderr } : undefined));
    await expect(helm.release("external-secrets", "eso")).rejects.toMatchObject({ code: "ESOB-K104" });
  });

  it("is read from the cluster that was chosen", async () => {
    const { helm, lines } = helmThat(answering("", "null"), { kubeconfig: "/k/config", context: "prod" });
    await helm.release("external-secrets", "eso");
    const reads = lines().filter((line) => line.startsWith("helm get"));
    expect(reads).toHaveLength(2);
    for (const line of reads) expect(line).toMatch(/--kubeconfig \/k\/config --kube-context prod$/);
  });
});

describe("upgradeInstall", () => {
  it("sends the values on stdin and our mark as a label, and does not wait", async () => {
    const { helm, calls } = helmThat((line) => (line.startsWith("helm upgrade") ? {} : undefined));
    await helm.upgradeInstall(INSTALL);
    const call = calls.at(-1);
    expect(call?.args.join(" ")).toBe(
      "upgrade --install external-secrets external-secrets --repo https://charts.example --version 2.9.0" +
        " --namespace=eso --timeout=91s --labels=app.kubernetes.io/managed-by=eso-bootstrap --values=- --reset-values",
    );
    expect(call?.input).toBe('{"installCRDs":true}');
    expect(call?.timeoutMs).toBeGreaterThan(INSTALL.timeoutMs);
  });

  it.each(["./external-secrets", "/charts/eso.tgz", "eso-2.9.0.tgz", "charts/eso"])(
    "takes the local chart %s without repository and version",
    async (chart) => {
      const { helm, lines } = helmThat((line) => (line.startsWith("helm upgrade") ? {} : undefined));
      await helm.upgradeInstall({ ...INSTALL, chart });
      expect(lines().at(-1)).not.toMatch(/--repo|--version/);
    },
  );

  it("tells of each helm that writes, and of none that only reads", async () => {
    let writes = 0;
    const { helm } = helmThat(() => ({ stdout: VERSION.stdout }), { onWrite: () => (writes += 1) });
    await helm.version();
    expect(writes).toBe(0);
    await helm.upgradeInstall(INSTALL);
    await helm.uninstall("external-secrets", "eso");
    expect(writes).toBe(2);
  });

  it("shows helm's last lines when it fails", async () => {
    const stderr =
      "WARNING: Kubernetes configuration file is group-readable.\nError: UPGRADE FAILED: a\n- b\n";
    const { helm } = helmThat((line) =>
      line.startsWith("helm upgrade") ? { exitCode: 1, stderr } : undefined,
    );
    await expect(helm.upgradeInstall(INSTALL)).rejects.toMatchObject({
      code: "ESOB-H103",
      message: "helm failed to install external-secrets.",
      reason: "- b",
      facts: { "helm said": "Error: UPGRADE FAILED: a\n- b" },
    });
  });

  it("ends with 124 when helm takes too long", async () => {
    const { helm } = helmThat((line) => (line.startsWith("helm upgrade") ? { exitCode: 124 } : undefined));
    await expect(helm.upgradeInstall(INSTALL)).rejects.toMatchObject({ code: "ESOB-C206", exitCode: 124 });
  });
});

it("uninstalling what is not there is done", async () => {
  const stderr = "Error: uninstall: Release not loaded: eso: release: not found";
  const { helm, lines } = helmThat((line) =>
    line.startsWith("helm uninstall") ? { exitCode: 1, stderr } : undefined,
  );
  await expect(helm.uninstall("eso", "ns")).resolves.toBeUndefined();
  expect(lines().at(-1)).toBe("helm uninstall eso --namespace=ns");
});

describe("localChartVersion", () => {
  it("is undefined for a remote chart, without asking helm", async () => {
    const { helm, lines } = helmThat(() => undefined);
    expect(await helm.localChartVersion("external-secrets")).toBeUndefined();
    expect(
      await helm.localChartVersion("oci://ghcr.io/external-secrets/charts/external-secrets"),
    ).toBeUndefined();
    expect(lines()).toEqual([]);
  });

  it("is read from Chart.yaml", async () => {
    const stdout = 'apiVersion: v2\nappVersion: v9\nname: external-secrets\nversion: "0.20.4"\n';
    const { helm } = helmThat((line) => (line === "helm show chart ./eso" ? { stdout } : undefined));
    expect(await helm.localChartVersion("./eso")).toBe("0.20.4");
  });

  it("says so when there is no chart", async () => {
    const { helm } = helmThat(() => ({ exitCode: 1, stderr: 'Error: path "./eso" not found' }));
    await expect(helm.localChartVersion("./eso")).rejects.toMatchObject({ code: "ESOB-H105" });
  });
});
