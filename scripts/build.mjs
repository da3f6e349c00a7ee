import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

/**
 * Bundles src/main.ts into dist/: split where a module is loaded lazily, everything included. esbuild splits only ESM, and
 * CommonJS starts faster (ADR 0002), so each chunk is turned into CommonJS afterwards.
 */
const root = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const { version } = JSON.parse(readFileSync(root("package.json"), "utf8"));

const { outputFiles } = await build({
  entryPoints: [root("src/main.ts")],
  outdir: root("dist"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.17",
  minify: true,
  keepNames: true,
  legalComments: "none",
  // Flat: `templates.ts` finds ../templates from wherever it lands.
  chunkNames: "[name]-[hash]",
  define: { __VERSION__: JSON.stringify(version), "import.meta.url": "__moduleUrl" },
  write: false,
  logLevel: "warning",
});

const MODULE_URL = 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;';

rmSync(root("dist"), { recursive: true, force: true });
mkdirSync(root("dist"));
for (const { path, text } of outputFiles) {
  const { code } = await transform(text, {
    format: "cjs",
    platform: "node",
    target: "node20.17",
    supported: { "dynamic-import": false },
    minify: true,
    keepNames: false,
    ...(text.includes("__moduleUrl") && { banner: MODULE_URL }),
  });
  const name = basename(path).replace(/\.js$/, ".cjs");
  writeFileSync(root(`dist/${name}`), code.replaceAll(/(["'`])(\.\/[\w.-]+)\.js\1/g, "$1$2.cjs$1"));
}
