import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startKubernetes, type KubernetesServer } from "../../src/sandbox/kubernetes/index.ts";

const ROOT = join(import.meta.dirname, "../..");

let folder: string;
let kubernetes: KubernetesServer;
/** Takes every connection, and never says a word. */
let silent: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "eso-completion-"));
  symlinkSync(join(ROOT, "bin/eso-bootstrap.js"), join(folder, "eso-bootstrap"));
  kubernetes = await startKubernetes({ name: "admin@here" });
  kubernetes.seed({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  writeFileSync(join(folder, "kubeconfig"), kubernetes.kubeconfig());
  silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  writeFileSync(
    join(folder, "silent"),
    kubernetes.kubeconfig().replace(kubernetes.url, `https://127.0.0.1:${port}`),
  );
}, 60_000);
afterAll(async () => {
  await kubernetes.stop();
  silent.close();
  rmSync(folder, { recursive: true });
});

const environment = (kubeconfig = "kubeconfig") => ({
  PATH: [folder, process.env["PATH"]].join(delimiter),
  HOME: folder,
  KUBECONFIG: join(folder, kubeconfig),
});

/** One Tab: COMP_WORDS as bash would break the line, and what it is left with. */
const TAB = `
source <(eso-bootstrap completion bash)
COMP_LINE=$1 COMP_POINT=\${#1}
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_eso_bootstrap
printf '%s\\n' "\${COMPREPLY[@]}"
`;

function tab(line: string, kubeconfig?: string): Promise<string[]> {
  // At white space, and around runs of the other characters of COMP_WORDBREAKS.
  const words = line.split(/ +/).flatMap((word) => word.split(/([=:@]+)/).filter((part) => part !== ""));
  const isNew = line.endsWith(" ");
  return new Promise((resolve, reject) =>
    execFile(
      "bash",
      ["-c", TAB, "bash", line, ...words, ...(isNew ? [""] : [])],
      { env: environment(kubeconfig), cwd: folder },
      (error, stdout, stderr) => {
        if (error || stderr !== "") reject(error ?? new Error(stderr));
        else resolve(stdout.split("\n").filter((name) => name !== ""));
      },
    ),
  );
}

describe("completion in bash", () => {
  it.each([
    ["eso-bootstrap pl", ["plan"]],
    ["eso-bootstrap reviewer rot", ["rotate"]],
    ["eso-bootstrap plan --store-k", ["--store-kind"]],
    ["eso-bootstrap plan --store-kind Cl", ["ClusterSecretStore"]],
    ["eso-bootstrap plan --output=", ["human", "json"]],
    ["eso-bootstrap plan --output=j", ["json"]],
    ["eso-bootstrap plan --context ", ["admin@here"]],
    ["eso-bootstrap plan --context admin@h", ["here"]],
    ["eso-bootstrap plan -n sh", ["shop"]],
    ["eso-bootstrap plan --allowed-namespaces default,sh", ["default,shop"]],
    ["eso-bootstrap demo --break reviewer-b", ["reviewer-binding"]],
    ["eso-bootstrap aply ", []],
    ["eso-bootstrap plan --file ", []],
  ])("%s", async (line, expected) => {
    expect(await tab(line)).toEqual(expected);
  });

  it("a cluster that takes the connection and is silent is not waited for", async () => {
    expect(await tab("eso-bootstrap plan -n ", "silent")).toEqual([]);
    expect(await tab("eso-bootstrap plan --context ", "silent")).toEqual(["admin@here"]);
  });
});

describe.each(["bash", "zsh", "fish"])("the script for %s", (shell) => {
  const isHere = spawnSync(shell, ["--version"]).status === 0;

  it.runIf(isHere)(isHere ? "is legal there" : `not tried: this machine has no ${shell}`, () => {
    const { stdout } = spawnSync(process.execPath, [join(ROOT, "bin/eso-bootstrap.js"), "completion", shell]);
    const { status, stderr } = spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" });
    expect([stdout.length > 500, status, stderr]).toEqual([true, 0, ""]);
  });
});
