import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LICENSE_FILE = /^(licen[cs]e|notice|copying)([.-].*)?$/i;
const RULE = `\n${"-".repeat(80)}\n\n`;

/** The licences of the packages that are in the bundle. */
export function thirdPartyLicenses(packages) {
  return `eso-bootstrap contains code of these packages.\n${RULE}${packages.map(section).join(RULE)}`;
}

function section({ path, name, version, license, holder }) {
  const texts = readdirSync(path)
    .filter((file) => LICENSE_FILE.test(file) && existsSync(join(path, file)))
    .map((file) => readFileSync(join(path, file), "utf8").trim());
  const heading = `${name} ${version} (${license ?? "see below"})`;
  return `${[heading, ...(texts.length > 0 ? texts : [`Copyright ${holder ?? `the authors of ${name}`}`])].join("\n\n")}\n`;
}
