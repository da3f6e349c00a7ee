import { setMaxListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { stringify } from "yaml";
import { runCli } from "../../src/cli.ts";
import { createDeps, type Deps } from "../../src/deps.ts";
import { BootstrapError } from "../../src/errors.ts";
import type { Files } from "../../src/system/system.ts";
import type { Cluster } from "../../src/kubernetes/cluster.ts";
import { furnishShop } from "../../src/sandbox/demo/shop.ts";
import { createStandInHelm, startSandbox, type Sandbox } from "../../src/sandbox/index.ts";
import { createScreen } from "../unit/ui/screen.ts";

type Env = Record<string, string | undefined>;

/** A simulated cluster with ESO and a simulated Infisical, and somebody who runs the command line against both, in this process. */
export interface Shop {
  readonly sandbox: Sandbox;
  /** As administrator, past the command line. */
  readonly cluster: Cluster;
  /** Writes eso-bootstrap.yaml: the shop, and more of it. */
  file(more?: Record<string, unknown>): Promise<void>;
  text(): Promise<string>;
  /** Nobody can write the file any more, as where it is mounted into a pod. */
  lock(locked: boolean): void;
  /** No output ever holds a token. */
  run(argv: readonly string[], env?: Env): Promise<Ran>;
  /** With `-o json`. */
  json(argv: readonly string[], env?: Env): Promise<Ran & { document: Record<string, unknown> }>;
  close(): Promise<void>;
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What a person reads, on one line. */
  readonly said: string;
}

/** Nobody can be asked for one: only the cluster is left. */
export const NO_CREDENTIAL: Env = {
  INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: undefined,
  INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: undefined,
};

export async function openShop(): Promise<Shop> {
  const sandbox = await startSandbox({ infisical: { plan: { rbac: true } } });
  furnishShop(sandbox, () => "shop-value");
  const folder = mkdtempSync(join(tmpdir(), "shop-test-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, sandbox.kubeconfig, { mode: 0o600 });
  const { signal } = new AbortController();
  setMaxListeners(0, signal); // every request under way listens, as main.ts says
  const env = {
    HOME: folder,
    KUBECONFIG: kubeconfig,
    INFISICAL_API_URL: sandbox.infisical.url,
    ...sandbox.env,
  };
  const base = createDeps({ process: Object.assign({ ...process }, { env, cwd: () => folder }), signal });
  const openHelm: Deps["openHelm"] = async ({ onWrite, ...options }) =>
    createStandInHelm(await base.openCluster(options), { ...(onWrite && { onWrite }) });
  let isLocked = false;
  const filesOf = async (deps: Deps): Promise<Files> => {
    const files = await deps.files();
    const write: Files["write"] = (path, text) =>
      isLocked
        ? Promise.reject(new BootstrapError("ESOB-L104", { message: `${path} cannot be written.` }))
        : files.write(path, text);
    return { ...files, write };
  };
  const run: Shop["run"] = async (argv, more = {}) => {
    const { terminal, stdout, stderr } = createScreen();
    const theirs = createDeps({
      process: Object.assign({ ...process }, { env: { ...env, ...more }, cwd: () => folder }),
      signal,
    });
    const code = await runCli(argv, {
      ...theirs,
      interactive: false,
      terminal: () => terminal,
      openHelm,
      files: () => filesOf(theirs),
    });
    expect(stdout() + stderr()).not.toMatch(/eyJ[\w-]+\./);
    return { code, stdout: stdout(), stderr: stderr(), said: stderr().replace(/\s+/g, " ") };
  };
  return {
    sandbox,
    cluster: await base.openCluster({}),
    async file(more = {}) {
      const settings = {
        apiVersion: "eso-bootstrap/v1",
        cluster: { name: "demo" },
        infisical: { host: sandbox.infisical.url, project: "shop" },
        stores: [{ name: "infisical", namespace: "shop", environment: "prod", path: "/shop" }],
        secrets: [{ name: "shop-db", namespace: "shop", store: "infisical", keys: ["DB_HOST"] }],
        ...more,
      };
      await writeFile(join(folder, "eso-bootstrap.yaml"), stringify(settings));
    },
    text: () => readFile(join(folder, "eso-bootstrap.yaml"), "utf8"),
    lock: (locked) => void (isLocked = locked),
    run,
    async json(argv, more) {
      const ran = await run([...argv, "-o", "json"], more);
      return { ...ran, document: JSON.parse(ran.stdout) as Record<string, unknown> };
    },
    async close() {
      await sandbox.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
