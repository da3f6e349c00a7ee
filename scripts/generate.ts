import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { configSchema } from "../src/inputs/schema.ts";
import { OUTPUT_SCHEMA_FILES } from "../src/ui/schemas.ts";
import { cliPage } from "./cli.ts";
import { configurationPage } from "./configuration.ts";
import { performancePage, readme } from "./performance.ts";
import { PICTURES } from "./pictures/index.ts";
import { memoryPlot, timePlot } from "./plots.ts";
import { troubleshooting } from "./troubleshooting.ts";

/** A file that follows from the code. A test holds each to its content; `npm run generate` writes them all, and the pictures. */
export interface Generated {
  readonly path: string;
  readonly content: () => string | Promise<string>;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

export const GENERATED: readonly Generated[] = [
  { path: "schemas/eso-bootstrap.schema.json", content: () => json(configSchema()) },
  ...OUTPUT_SCHEMA_FILES,
  { path: "docs/troubleshooting.md", content: troubleshooting },
  { path: "docs/configuration.md", content: configurationPage },
  { path: "docs/cli.md", content: cliPage },
  { path: "docs/performance.md", content: performancePage },
  { path: "README.md", content: readme },
  { path: "docs/performance-time.svg", content: timePlot },
  { path: "docs/performance-memory.svg", content: memoryPlot },
];

const here = fileURLToPath(import.meta.url);

if (process.argv[1] === here) {
  for (const { path, content } of [...GENERATED, ...PICTURES]) {
    const target = join(dirname(here), "..", path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, await content());
    process.stdout.write(`${path}\n`);
  }
}
