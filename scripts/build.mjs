// Builds dist/: one CommonJS file per chunk, everything bundled, so that the package has no dependencies.
// Why CommonJS and why two passes: docs/adr/0002-bundle-format.md.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { thirdPartyLicenses } from "./licenses.mjs";
import { bundledPackages } from "./packages.mjs";
import { sbom } from "./sbom.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = "node20.17";

/** Commander can hand a command over to another program. Ours never do, and loading what that takes costs 2 ms of every start. */
const noChildProcess = {
  name: "commander-without-child-process",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: "child_process", namespace: "unused" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** Of the Kubernetes client we use one class; its package.json does not say that the other 600 modules may be left out. */
const shakenClient = {
  name: "kubernetes-client-without-side-effects",
  setup({ onResolve, resolve }) {
    onResolve(
      { filter: /^(@kubernetes\/client-node$|\.)/ },
      async ({ path, importer, resolveDir, kind, pluginData }) => {
        if (pluginData === shakenClient) return undefined;
        if (path.startsWith(".") && !/[\\/]client-node[\\/]dist[\\/]/.test(importer)) return undefined;
        const found = await resolve(path, { importer, resolveDir, kind, pluginData: shakenClient });
        return { ...found, sideEffects: false };
      },
    );
  },
};

/** esbuild splits only ES modules: pass one bundles and splits, and keeps every dynamic import a chunk of its own. */
async function split() {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return build({
    absWorkingDir: ROOT,
    entryPoints: ["src/main.ts"],
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    // flat: templates.ts looks for ../templates from wherever it ends up
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: TARGET,
    define: { __VERSION__: JSON.stringify(version) },
    legalComments: "none", // dist/THIRD-PARTY-LICENSES.txt has the full texts
    metafile: true,
    write: false,
    plugins: [noChildProcess, shakenClient],
    logLevel: "warning",
  });
}

/** Pass two: each chunk to CommonJS. Names stay readable, so that the stack of a bug report says something. */
async function toCommonJs(chunk) {
  const here = chunk.includes("import.meta.url")
    ? { banner: 'const $here = require("node:url").pathToFileURL(__filename).href;' }
    : {};
  const { code } = await transform(chunk, {
    format: "cjs",
    platform: "node",
    target: TARGET,
    minifySyntax: true,
    minifyWhitespace: true,
    define: { "import.meta.url": "$here" },
    supported: { "dynamic-import": false },
    ...here,
  });
  return code;
}

/** The files of dist/ by name, and esbuild's record of what went into each. */
export async function bundle() {
  const { outputFiles, metafile } = await split();
  const files = new Map();
  for (const { path, text } of outputFiles) files.set(path.split(/[\\/]/).at(-1), await toCommonJs(text));
  const packages = bundledPackages(ROOT, Object.keys(metafile.inputs));
  files.set("THIRD-PARTY-LICENSES.txt", thirdPartyLicenses(packages));
  files.set("sbom.cdx.json", sbom(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")), packages));
  return { files, metafile };
}

/**
 * File by file, main.cjs when its chunks are there, what is stale last; a file that is the same is left alone. So whoever runs
 * dist/ meanwhile (a test run during `npm pack`) finds whole files, and all of them when nothing has changed.
 */
function replaceDist(files) {
  const dist = join(ROOT, "dist");
  mkdirSync(dist, { recursive: true });
  const known = new Set(readdirSync(dist));
  const inOrder = [...files].toSorted(([a], [b]) => Number(a === "main.cjs") - Number(b === "main.cjs"));
  for (const [name, text] of inOrder) {
    if (known.delete(name) && readFileSync(join(dist, name), "utf8") === text) continue;
    const fresh = join(dist, `.${name}.${process.pid}`);
    writeFileSync(fresh, text);
    renameSync(fresh, join(dist, name));
  }
  for (const stale of known) rmSync(join(dist, stale), { recursive: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) replaceDist((await bundle()).files);
