import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const ROOT = join(import.meta.dirname, "../..");

/** What esbuild tells of one file of dist/, as far as it is used here (esbuild.github.io/api, "Metafile"). */
interface Output {
  readonly entryPoint?: string;
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
}

interface Bundle {
  readonly files: ReadonlyMap<string, string>;
  readonly metafile: { readonly outputs: Readonly<Record<string, Output>> };
}

/** A file of dist/. */
export interface Chunk {
  readonly name: string;
  readonly bytes: number;
  /** What a reader calls it: the module that it was made for, or the largest in it. */
  readonly title: string;
  /** Our modules as `src/cli.ts`, packages by name. */
  readonly holds: ReadonlySet<string>;
  /** Chunks that cannot be loaded without it, and those that load it when they need it. */
  readonly importedBy: readonly string[];
  readonly awaitedBy: readonly string[];
}

/** The chunks that `npm run build` makes of the sources as they are, by name. */
export async function readChunks(): Promise<ReadonlyMap<string, Chunk>> {
  const script = pathToFileURL(join(ROOT, "scripts/build.mjs")).href;
  const { bundle } = (await import(script)) as { bundle: () => Promise<Bundle> };
  const { files, metafile } = await bundle();
  const outputs = Object.entries(metafile.outputs).map(([path, output]) => [fileOf(path), output] as const);
  const importers = (name: string, isAwaited: boolean) =>
    outputs.flatMap(([from, { imports }]) =>
      imports.some(({ path, kind }) => fileOf(path) === name && (kind === "dynamic-import") === isAwaited)
        ? [from]
        : [],
    );
  return new Map(
    outputs.map(([name, output]) => [
      name,
      {
        name,
        bytes: Buffer.byteLength(files.get(name) ?? ""),
        title: output.entryPoint ?? largestOf(output),
        holds: new Set(Object.keys(output.inputs).map(moduleOf)),
        importedBy: importers(name, false),
        awaitedBy: importers(name, true),
      },
    ]),
  );
}

const fileOf = (path: string) => path.split("/").at(-1) ?? path;

/** `node_modules/@scope/name/x.js` → `@scope/name`. */
const moduleOf = (path: string) =>
  /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ?? path;

function largestOf({ inputs }: Output): string {
  const [largest] = Object.entries(inputs).toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
  return largest?.[0] ?? "what chunks share";
}

/** Importers that are named. */
const MOST = 4;

/** Each chunk, the largest first: its size, and who pulls it in. */
export function chunkReport(chunks: ReadonlyMap<string, Chunk>): string {
  const titles = (names: readonly string[]) => {
    const all = [...new Set(names.map((name) => chunks.get(name)?.title ?? name))];
    const more = all.length > MOST ? [`${all.length - MOST} more`] : [];
    return [...all.slice(0, MOST), ...more].join(", ");
  };
  const lines = [...chunks.values()]
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(({ name, bytes, title, importedBy, awaitedBy }) => {
      const needed = importedBy.length > 0 ? [`needed by ${titles(importedBy)}`] : [];
      const awaited = awaitedBy.length > 0 ? [`loaded when asked for by ${titles(awaitedBy)}`] : [];
      const size = (bytes / 1024).toFixed(1).padStart(7);
      return `${size} kB  ${name.padEnd(34)} ${title}\n${[...needed, ...awaited].map((text) => `            ${text}\n`).join("")}`;
    });
  return lines.join("");
}
