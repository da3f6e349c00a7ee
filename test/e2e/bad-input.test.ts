import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { isInfisicalWrite, isKubernetesWrite } from "../helpers/proxy.ts";
import type { CliResult } from "../helpers/run-cli.ts";
import { until } from "./stack/poll.ts";
import { settings, startWorld, type World } from "./world.ts";

/** The issue's section "Bad input", as far as it needs live systems: the built CLI, a real API server, a simulated Infisical. */

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.infisical.createProject("Web Site", "web-site-x7k2");
  world.infisical.addMember("web-site-x7k2", world.infisical.operator.identityId, "admin");
});

afterAll(async () => {
  await world?.stop();
});

beforeEach(async () => {
  await world.config(settings(world));
  for (const proxy of Object.values(world.proxies)) proxy.clear();
});

afterEach(() => expectNoWrites());

function expectNoWrites(): void {
  expect(writes()).toEqual([]);
}

function writes(): string[] {
  const { kubernetes, infisical } = world.proxies;
  return [...kubernetes.seen.filter(isKubernetesWrite), ...infisical.seen.filter(isInfisicalWrite)].map(
    ({ method, path }) => `${method} ${path}`,
  );
}

const ARGS = ["init", "-f", "eso-bootstrap.yaml", "--yes"];

/** Fails with this code, says it on a screen of at most 80 columns with a way out, and as JSON. */
async function expectFailure(
  exit: number,
  code: string,
  { args = ARGS, env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {},
): Promise<CliResult> {
  const result = await world.cli(args, { env });
  expect(result.code, result.stdout + result.stderr).toBe(exit);
  expect(result.stderr).toContain(code);
  expect(result.stderr).toMatch(/^\s+Fix /m);
  expect(result.stderr).toContain(`eso-bootstrap explain ${code}`);
  expect(result.stderr).not.toMatch(/^\s+at .*:\d+/m);
  if (process.env["SHOW_SCREENS"])
    console.error(`--- ${expect.getState().currentTestName}\n${result.stderr}`);
  return result;
}

describe("no way into the cluster", () => {
  it("no kubeconfig", async () => {
    await expectFailure(5, "ESOB-L101", { env: { KUBECONFIG: join(world.dir, "none") } });
  });

  it("no such context: those that exist are listed", async () => {
    const { stderr } = await expectFailure(2, "ESOB-L102", { args: [...ARGS, "--context", "prod"] });
    expect(stderr).toMatch(/\be2e\b/);
  });

  it("an expired client certificate", async () => {
    const kubeconfig = world.stack.clientCert({ commonName: "late", expired: true });
    const { stderr } = await expectFailure(5, "ESOB-K102", { env: { KUBECONFIG: kubeconfig } });
    expect(stderr).toContain("expired");
  });

  it("an API server that is down", async () => {
    const kubeconfig = join(world.dir, "down.kubeconfig");
    const cluster = { name: "down", cluster: { server: "https://127.0.0.1:1" } };
    const context = { name: "down", context: { cluster: "down", user: "down" } };
    const users = [{ name: "down", user: { token: "none" } }];
    const file = { clusters: [cluster], contexts: [context], users, "current-context": "down" };
    await writeFile(kubeconfig, stringify({ apiVersion: "v1", kind: "Config", ...file }));
    await expectFailure(5, "ESOB-K101", { env: { KUBECONFIG: kubeconfig } });
  });

  it("too few rights: all are named at once, before the first write", async () => {
    const { stack } = world;
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    await stack.api("POST", `${rbac}/clusterroles`, {
      metadata: { name: "reads-all" },
      rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] }],
    });
    await stack.api("POST", `${rbac}/clusterrolebindings`, {
      metadata: { name: "reads-all" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reads-all" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "reader" }],
    });
    await until("the binding", async () =>
      (await stack.kubectl(["auth", "can-i", "list", "secrets", "--as=reader"])).startsWith("yes"),
    );
    const { stderr } = await expectFailure(5, "ESOB-K104", {
      env: { KUBECONFIG: stack.clientCert({ commonName: "reader" }) },
    });
    for (const right of ["namespaces", "clusterrolebindings", "serviceaccounts", "secretstores", "leases"])
      expect(stderr).toContain(right);
    expect(await stack.kubectl(["get", "namespaces", "-o", "name"])).not.toContain("external-secrets");
    expect(world.infisical.log.writes).toEqual([]);
  });
});

describe("no way into Infisical", () => {
  it("a wrong client secret, and the lock-out after the third", async () => {
    const env = { INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "wrong" };
    await expectFailure(5, "ESOB-I105", { env });
    await world.cli(ARGS, { env });
    await world.cli(ARGS, { env });
    await expectFailure(5, "ESOB-I106");
    world.infisical.advance(400);
  });

  it("no credential at all", async () => {
    const env = { INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "", INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "" };
    await expectFailure(5, "ESOB-I104", { env });
  });

  it("an Infisical that is down, and one that is something else", async () => {
    await world.config(settings(world, { infisical: { host: "http://127.0.0.1:1" } }));
    await expectFailure(5, "ESOB-I101");
    await world.config(settings(world, { infisical: { host: world.stack.apiServer } }));
    await expectFailure(5, "ESOB-I102");
  });

  it("too few rights: all are named before the first write", async () => {
    const { infisical } = world;
    const viewer = infisical.createIdentity({ name: "viewer", orgRole: "no-access" });
    const { clientId, clientSecret } = infisical.attachUniversalAuth(viewer.id);
    infisical.addMember("shop", viewer.id, "viewer");
    const env = {
      INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: clientId,
      INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: clientSecret,
    };
    const { stderr } = await expectFailure(5, "ESOB-I109", { env });
    for (const right of ["create identity", "create role"]) expect(stderr).toContain(right);
  });
});

describe("what is not there", () => {
  const place = (infisical: object, store: object = {}) =>
    world.config(
      settings(world, {
        infisical,
        stores: [{ name: "infisical", namespace: "shop", environment: "prod", path: "/shop", ...store }],
      }),
    );

  it("a project that does not exist: those that do are listed", async () => {
    await place({ project: "shopp" });
    const { stderr } = await expectFailure(1, "ESOB-I201");
    expect(stderr).toContain("shop, web-site-x7k2");
  });

  it("a project's name instead of its slug: the slug is shown", async () => {
    await place({ project: "Web Site" });
    const { stderr } = await expectFailure(1, "ESOB-I204");
    expect(stderr).toContain("web-site-x7k2");
  });

  it("an environment that does not exist, and its name instead of its slug", async () => {
    await place({}, { environment: "live" });
    expect((await expectFailure(1, "ESOB-I202")).stderr).toContain("dev, staging, prod");
    await place({}, { environment: "Production" });
    expect((await expectFailure(1, "ESOB-I204")).stderr).toContain("prod");
  });

  it("a folder that does not exist: those that do are listed", async () => {
    await place({}, { path: "/shopp" });
    expect((await expectFailure(1, "ESOB-I203")).stderr).toContain("/shop");
  });
});

describe("helm", () => {
  const shim = async (name: string, script: string) => {
    const dir = join(world.dir, name);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, "helm"), `#!/bin/sh\n${script}\n`);
    await chmod(join(dir, "helm"), 0o755);
    return dir;
  };

  it("is missing", async () => {
    await expectFailure(5, "ESOB-H101", { env: { PATH: join(world.dir, "nowhere") } });
  });

  it("is older than 3.14", async () => {
    const dir = await shim("old", 'echo "v3.12.3+g3a31588"');
    const { stderr } = await expectFailure(5, "ESOB-H102", {
      env: { PATH: `${dir}:${dirname(process.execPath)}` },
    });
    expect(stderr).toContain("3.12.3");
  });
});

describe("a file that is no configuration: nothing is contacted", () => {
  const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    .concat(
      Array.from("bcdefghij").map((name, at) => `${name}: &${name} [${`*${"abcdefghij"[at]},`.repeat(9)}x]`),
    )
    .join("\n");
  const unknown = "apiVersion: eso-bootstrap/v1\ninfisical:\n  projct: shop\nstores: []\n";
  const files: [title: string, content: string | Buffer, says: RegExp][] = [
    ["empty", "", /ESOB-C10[13]/],
    ["binary", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0xff, 0xfe, 0]), /ESOB-(C101|L105)/],
    ["10 MB", `# ${"x".repeat(10 * 1024 * 1024)}`, /ESOB-(C101|L105)/],
    ["a YAML bomb", bomb, /ESOB-C101/],
    ["an unknown key", unknown, /project/],
    ["no YAML", "stores: [\n", /ESOB-C101/],
  ];

  it.each(files)("%s", async (_title, content, says) => {
    await writeFile(join(world.dir, "eso-bootstrap.yaml"), content);
    const witness = join(world.dir, "plugin-ran");
    const env = { KUBECONFIG: await withPlugin(witness) };
    for (const command of ["init", "apply", "plan"]) {
      const yes = command === "plan" ? [] : ["--yes"];
      const result = await world.cli([command, "-f", "eso-bootstrap.yaml", ...yes], { env });
      expect(result.code, result.stderr).toBe(2);
      expect(result.stderr).toMatch(says);
      expect(result.stderr).toContain("Nothing was changed.");
      if (process.env["SHOW_SCREENS"]) console.error(result.stderr.slice(0, 1500));
    }
    expect(world.proxies.kubernetes.seen).toEqual([]);
    expect(world.proxies.infisical.seen).toEqual([]);
    expect(await readdir(world.dir)).not.toContain("plugin-ran");
  });

  /** The credential comes from a plugin that leaves a trace. */
  async function withPlugin(witness: string): Promise<string> {
    const path = join(world.dir, "plugin.kubeconfig");
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "sh",
      args: ["-c", `touch ${witness}`],
      interactiveMode: "Never",
    };
    const cluster = { name: "e2e", cluster: { server: world.proxies.kubernetes.url } };
    const context = { name: "e2e", context: { cluster: "e2e", user: "plugin" } };
    const users = [{ name: "plugin", user: { exec } }];
    const file = { clusters: [cluster], contexts: [context], users, "current-context": "e2e" };
    await writeFile(path, stringify({ apiVersion: "v1", kind: "Config", ...file }));
    return path;
  }
});
