import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LICENSE_FILE = /^(licen[cs]e|notice|copying)([.-].*)?$/i;
const RULE = `\n${"-".repeat(80)}\n\n`;

/** The licences of every package that a file of the bundle came from; `inputs` are the keys of esbuild's metafile. */
export function thirdPartyLicenses(root, inputs) {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== undefined));
  const sections = [...folders]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((folder) => section(join(root, folder)));
  return `eso-bootstrap contains code of these packages.\n${RULE}${sections.join(RULE)}`;
}

/** `node_modules/a/node_modules/@s/b/dist/x.js` → `node_modules/a/node_modules/@s/b`. */
function packageFolder(input) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

function section(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file) && existsSync(join(folder, file)))
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  const holder = typeof author === "string" ? author : author?.name;
  const heading = `${name} ${version} (${license ?? "see below"})`;
  return `${[heading, ...(texts.length > 0 ? texts : [`Copyright ${holder ?? `the authors of ${name}`}`])].join("\n\n")}\n`;
}
