import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Every package that a file of the bundle came from, by folder; `inputs` are the keys of esbuild's metafile. */
export function bundledPackages(root, inputs) {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== undefined));
  return [...folders]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((folder) => {
      const path = join(root, folder);
      const { name, version, license, author } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
      return { path, name, version, license, holder: typeof author === "string" ? author : author?.name };
    });
}

/** `node_modules/a/node_modules/@s/b/dist/x.js` → `node_modules/a/node_modules/@s/b`. */
function packageFolder(input) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}
